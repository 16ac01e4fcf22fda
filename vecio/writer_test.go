package vecio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeFile writes rows and returns the file's path.
func writeFile(t testing.TB, name string, o *WriteOptions, ids []int64, rows ...[]float32) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := Create(path, len(rows[0]), o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i, row := range rows {
		if ids != nil {
			err = w.WriteID(ids[i], row)
		} else {
			err = w.Write(row)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if w.Len() != int64(len(rows)) {
		t.Errorf("Len is %d, %d rows", w.Len(), len(rows))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// sample gives a value that the element type holds exactly.
func sample(e Element, rng *rand.Rand) float32 {
	switch e {
	case Uint8:
		return float32(rng.IntN(256))
	case Int8:
		return float32(rng.IntN(256) - 128)
	case Int32:
		return float32(int32(rng.Uint32()) &^ 0xff) // 24 bits are exact
	case Float16:
		for {
			if h := uint16(rng.Uint32()); h&float16Inf != float16Inf {
				return float16To32(h)
			}
		}
	}
	for {
		if v := math.Float32frombits(rng.Uint32()); finite(v) {
			return v
		}
	}
}

func TestRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, format := range Formats() {
		for _, e := range format.elements() {
			for _, dim := range []int{1, 2, 3, 5, 128, 1001} {
				rows := make([][]float32, 7)
				for i := range rows {
					for range dim {
						rows[i] = append(rows[i], sample(e, rng))
					}
				}
				path := writeFile(t, "x."+string(format), &WriteOptions{Element: e}, nil, rows...)
				r, err := Open(path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.Format() != format || r.Element() != e || r.Dim() != dim || r.Len() != 7 && r.Len() != -1 {
					t.Errorf("%s %v: %s %v, %d × %d", format, e, r.Format(), r.Element(), r.Len(), r.Dim())
				}
				got, ids, err := all(r)
				if err != nil || !slices.EqualFunc(got, rows, slices.Equal) || !slices.Equal(ids, []int64{0, 1, 2, 3, 4, 5, 6}) {
					t.Errorf("%s %v, dim %d, seed %d: other rows come back (%v)", format, e, dim, seed, err)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestRoundTripIDs(t *testing.T) {
	ids := []int64{7, 0, math.MaxInt64}
	path := writeFile(t, "x.jsonl", nil, ids, []float32{1, 2}, []float32{3, 4}, []float32{5, 6})
	r, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if rows, got, err := all(r); err != nil || !slices.Equal(got, ids) || len(rows) != 3 || rows[2][1] != 6 {
		t.Errorf("%v %v %v", rows, got, err)
	}
}

// The bytes, spelled out: what another reader relies on.
func TestWrittenBytes(t *testing.T) {
	rows := [][]float32{{1, 2}, {3, 4}}
	var npyOf = func(descr string, data ...any) []byte {
		literal := "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (2, 2), }"
		return npy(literal+strings.Repeat(" ", 117-len(literal))+"\n", data...)
	}
	for _, tc := range []struct {
		name    string
		element Element
		ids     []int64
		want    []byte
	}{
		{"x.npy", 0, nil, npyOf("<f4", []float32{1, 2, 3, 4})},
		{"x.npy", Float64, nil, npyOf("<f8", []float64{1, 2, 3, 4})},
		{"x.npy", Float16, nil, npyOf("<f2", []uint16{0x3c00, 0x4000, 0x4200, 0x4400})},
		{"x.npy", Uint8, nil, npyOf("|u1", "\x01\x02\x03\x04")},
		{"x.npy", Int8, nil, npyOf("|i1", "\x01\x02\x03\x04")},
		{"x.fvecs", 0, nil, bin(int32(2), []float32{1, 2}, int32(2), []float32{3, 4})},
		{"x.bvecs", 0, nil, bin(int32(2), "\x01\x02", int32(2), "\x03\x04")},
		{"x.ivecs", 0, nil, bin([]int32{2, 1, 2, 2, 3, 4})},
		{"x.fbin", 0, nil, bin(uint32(2), uint32(2), []float32{1, 2, 3, 4})},
		{"x.u8bin", 0, nil, bin(uint32(2), uint32(2), "\x01\x02\x03\x04")},
		{"x.csv", 0, nil, []byte("1,2\n3,4\n")},
		{"x.jsonl", 0, nil, []byte("[1,2]\n[3,4]\n")},
		{"x.jsonl", 0, []int64{8, 9}, []byte("{\"id\":8,\"vector\":[1,2]}\n{\"id\":9,\"vector\":[3,4]}\n")},
	} {
		got, err := os.ReadFile(writeFile(t, tc.name, &WriteOptions{Element: tc.element}, tc.ids, rows...))
		if err != nil || !bytes.Equal(got, tc.want) {
			t.Errorf("%s %v:\n%q, want\n%q (%v)", tc.name, tc.element, got, tc.want, err)
		}
	}
}

// A value that the file cannot hold is refused, and no file appears.
func TestWriteRefuses(t *testing.T) {
	nan := nan32
	for _, tc := range []struct {
		name    string
		element Element
		vec     []float32
		want    string
	}{
		{"x.npy", 0, []float32{1, nan}, "row 1, column 1: NaN"},
		{"x.npy", 0, []float32{1, 2, 3}, "row 1: 3 components, the file's rows have 2"},
		{"x.npy", 0, nil, "row 1: 0 components"},
		{"x.npy", Float64, []float32{-inf32, 1}, "column 0: -Inf"},
		{"x.npy", Float16, []float32{65519, 65520}, "column 1: 65520 is beyond the range of float16"},
		{"x.npy", Float16, []float32{nan, 1}, "column 0: NaN"},
		{"x.npy", Float16, []float32{1, inf32}, "column 1: +Inf is refused"},
		{"x.npy", Uint8, []float32{255, 256}, "column 1: 256 is not an integer from 0 to 255"},
		{"x.npy", Uint8, []float32{-1, 0}, "column 0: -1 is not"},
		{"x.npy", Uint8, []float32{0, 0.5}, "column 1: 0.5 is not"},
		{"x.npy", Uint8, []float32{0, nan}, "column 1: NaN is not"},
		{"x.npy", Int8, []float32{-128, 128}, "column 1: 128 is not"},
		{"x.npy", Int8, []float32{-129, 127}, "column 0: -129 is not"},
		{"x.npy", Int8, []float32{127, -0.25}, "column 1: -0.25 is not"},
		{"x.ivecs", 0, []float32{-0x1p31, 0x1p31}, "column 1: 2.1474836e+09 is not"},
		{"x.ivecs", 0, []float32{1.5, 1}, "column 0: 1.5 is not"},
		{"x.ivecs", 0, []float32{inf32, 1}, "column 0: +Inf is not"},
		{"x.fvecs", 0, []float32{1, nan}, "column 1: NaN"},
		{"x.csv", 0, []float32{1, nan}, "column 1: NaN"},
		{"x.jsonl", 0, []float32{inf32, 1}, "column 0: +Inf"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, tc.name)
		w, err := Create(path, 2, &WriteOptions{Element: tc.element})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write([]float32{1, 2}); err != nil {
			t.Fatal(err)
		}
		err = w.Write(tc.vec)
		if !errors.Is(err, ErrValue) || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "annoy: "+path) {
			t.Errorf("%s %v %v: %v, want %q", tc.name, tc.element, tc.vec, err, tc.want)
		}
		if again := w.Write([]float32{1, 2}); again != err {
			t.Errorf("%s: a good row after it: %v", tc.name, again)
		}
		if again := w.Close(); again != err {
			t.Errorf("%s: Close after it: %v", tc.name, again)
		}
		wantFiles(t, dir)
	}
}

// wantFiles checks what a directory holds, temporary files included.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
}

func TestWriterIDErrors(t *testing.T) {
	vec := []float32{1}
	for _, tc := range []struct {
		name  string
		calls func(w *Writer) error
		want  string
	}{
		{"x.npy", func(w *Writer) error { return w.WriteID(1, vec) }, "npy files hold no ids"},
		{"x.jsonl", func(w *Writer) error { return w.WriteID(-1, vec) }, "id -1 is negative"},
		{"x.jsonl", func(w *Writer) error { w.WriteID(1, vec); return w.Write(vec) }, "no id, the first row has one"},
		{"x.jsonl", func(w *Writer) error { w.Write(vec); return w.WriteID(1, vec) }, "an id, the first row has none"},
	} {
		w, err := Create(filepath.Join(t.TempDir(), tc.name), 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := tc.calls(w); !errors.Is(err, ErrValue) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v, want %q", err, tc.want)
		}
		w.Abort()
	}
}

func TestWriterWithoutRows(t *testing.T) {
	for _, format := range Formats() {
		if format == HDF5 || format == Npz {
			continue // are not written: TestReadOnlyFormats
		}
		dir := t.TempDir()
		name := "x." + string(format)
		w, err := Create(filepath.Join(dir, name), 3, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = w.Close()
		if format != Npy && format != Fbin && format != U8bin {
			if err == nil || !strings.Contains(err.Error(), "without rows") {
				t.Errorf("%s: %v", format, err)
			}
			wantFiles(t, dir)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := Open(filepath.Join(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(make([]float32, 3)); err != io.EOF || r.Len() != 0 || r.Dim() != 3 {
			t.Errorf("%s: %d × %d, %v", format, r.Len(), r.Dim(), err)
		}
		r.Close()
	}
}

// The old file stays until Close, and after Abort.
func TestWriterReplacesAtClose(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.csv")
	content := func() string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"abort", "close"} {
		w, err := Create(path, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write([]float32{5}); err != nil {
			t.Fatal(err)
		}
		if got := content(); got != "old" {
			t.Errorf("before the end: %q", got)
		}
		want := "old"
		if end == "close" {
			want = "5\n"
			err = w.Close()
		} else {
			w.Abort()
		}
		if got := content(); err != nil || got != want {
			t.Errorf("after %s: %q, %v", end, got, err)
		}
		w.Abort()
		if err := w.Write([]float32{5}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Write after %s: %v", end, err)
		}
		if err := w.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Close after %s: %v", end, err)
		}
		wantFiles(t, dir, "x.csv")
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct {
		name string
		dim  int
		o    *WriteOptions
		want string
	}{
		{"x.npy", 0, nil, "want 1 to 1048576"},
		{"x.npy", MaxDim + 1, nil, "want 1 to 1048576"},
		{"x.npy", 1, &WriteOptions{Element: Int64}, "npy files cannot hold int64"},
		{"x.fvecs", 1, &WriteOptions{Element: Float64}, "fvecs files cannot hold float64"},
		{"x.csv", 1, &WriteOptions{Element: 99}, "Element(99)"},
		{"x.foo", 1, nil, "extension"},
		{"x.npy", 1, &WriteOptions{Format: "foo"}, `"foo"`},
	} {
		if w, err := Create(filepath.Join(dir, tc.name), tc.dim, tc.o); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %d %v: %v %v, want %q", tc.name, tc.dim, tc.o, w, err, tc.want)
		}
		wantFiles(t, dir)
	}
	for _, o := range []*WriteOptions{{Format: "x"}, {Element: 99}, {Format: Fbin, Element: Uint8}} {
		if o.Validate() == nil {
			t.Errorf("%v is valid", *o)
		}
	}
	for _, o := range []*WriteOptions{nil, {}, {Element: Int8}, {Format: Npy, Element: Float16}} {
		if err := o.Validate(); err != nil {
			t.Error(err)
		}
	}
}
