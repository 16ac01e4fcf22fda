package vecio

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readNamed(name string, data []byte, o *ReadOptions) ([][]float32, []int64, error) {
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), name, o)
	if err != nil {
		return nil, nil, err
	}
	if r.Len() != -1 {
		return nil, nil, errors.New("its length is known")
	}
	return all(r)
}

func TestGzip(t *testing.T) {
	want := [][]float32{{1, 2}, {3, 4}}
	two := append(gzipped(t, "1,2\n"), gzipped(t, "3,4")...)
	for name, data := range map[string][]byte{
		"x.csv.gz": gzipped(t, "1,2\n3,4\n"), "x.CSV.GZ": two, "x.csv": two, "x.tsv.gz": gzipped(t, "1\t2\n3\t4\n"),
		"x.jsonl.gz": gzipped(t, "[1,2]\n[3,4]\n"), "x.ndjson.gz": gzipped(t, "[1,2]\n[3,4]"),
	} {
		if rows, _, err := readNamed(name, data, nil); err != nil || !slices.EqualFunc(rows, want, slices.Equal) {
			t.Errorf("%s: %v %v", name, rows, err)
		}
	}
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"a.csv.gz":  {[]byte("1,2\n3,4\n"), "its name says that it is gzip-compressed"},
		"b.csv.gz":  {append(slices.Clone(two), "more than that"...), "row 1: its gzip stream is damaged, after 7 bytes of contents"},
		"c.csv.gz":  {gzipped(t, string(two)), "the file is gzip-compressed: unpack it first"},
		"d.csv.gz":  {gzipped(t, ""), "no rows"},
		"e.csv.zst": {[]byte(zstdMagic + "xyz"), "package vecio/zstd reads it"},
		"f.csv.zst": {two, "of gzip"},
	} {
		if tc.want == "of gzip" { // what it is counts
			if _, _, err := readNamed(name, tc.data, nil); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if _, _, err := readNamed(name, tc.data, nil); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// A stream that ends too early, or of which a byte is another, is an error with the row, and not a file of fewer rows.
func TestGzipDamaged(t *testing.T) {
	var text strings.Builder
	for i := range 300 {
		text.WriteString(strings.Repeat("1", i%7+1) + ",2\n")
	}
	whole := gzipped(t, text.String())
	for n := range len(whole) {
		rows, _, err := readNamed("x.csv.gz", whole[:n], nil)
		var f *FormatError
		if !errors.As(err, &f) || n >= 20 && f.Row != int64(len(rows)) || n >= 20 && !strings.Contains(f.Msg, "cut short: its gzip stream ends too early") {
			t.Fatalf("%d of %d bytes: %d rows, %v", n, len(whole), len(rows), err)
		}
	}
	intact, _, err := readNamed("x.csv.gz", whole, nil)
	if err != nil || len(intact) != 300 {
		t.Fatal(len(intact), err)
	}
	for i := range whole { // some bits have no meaning
		bad := slices.Clone(whole)
		bad[i] ^= 0x10
		rows, _, err := readNamed("x.csv.gz", bad, nil)
		if err != nil && !errors.Is(err, ErrFormat) || err == nil && !slices.EqualFunc(rows, intact, slices.Equal) {
			t.Fatalf("byte %d changed: %d rows, %v", i, len(rows), err)
		}
	}
	// A failure of the disk is none of the file's.
	broken := errors.New("broken disk")
	r, err := NewReader(io.MultiReader(bytes.NewReader(whole[:len(whole)-9]), iotest.ErrReader(broken)), -1, "x.csv.gz", nil)
	if err == nil {
		_, _, err = all(r)
	}
	if !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
		t.Errorf("%v, want %v", err, broken)
	}
}

// What is held does not depend on what a stream decompresses to.
func TestGzipAllocatesLittle(t *testing.T) {
	const lines = 1 << 20
	data := gzipped(t, strings.Repeat("1,2,3,4,5,6,7\n", lines))
	before := allocated()
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), "x.csv.gz", nil)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 7)
	for range 1000 {
		if _, err := r.Next(dst); err != nil {
			t.Fatal(err)
		}
	}
	if got := allocated() - before; got > 4<<20 {
		t.Errorf("%d bytes allocated for 1000 rows", got)
	}
	line := gzipped(t, strings.Repeat("1", 3*MaxLine))
	if _, _, err := readNamed("x.jsonl.gz", line, nil); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "the line is longer than") {
		t.Error(err)
	}
}

// The files in testdata were written by NumPy: see testdata/make_npy.py.
func TestNpzOfNumPy(t *testing.T) {
	for _, tc := range []struct {
		file, array, shown string
		len                int
		element            Element
		first              float32
	}{
		{"stored", "", "arr_0", 3, Float32, -0.125}, {"deflated", "", "emb", -1, Float32, -0.125}, {"deflated", "emb.npy", "emb", -1, Float32, -0.125},
		{"two", "emb", "emb", 3, Float32, -0.125}, {"two", "labels of rows", "labels of rows", 3, Uint8, 0},
	} {
		path := "testdata/" + tc.file + ".npz"
		r, err := Open(path, &ReadOptions{Dataset: tc.array})
		if err != nil {
			t.Fatal(err)
		}
		if r.Len() != tc.len || r.Dim() != 5 || r.Element() != tc.element || r.Format() != Npz || r.name != path+"#"+tc.shown {
			t.Errorf("%+v: %d × %d %v %v %s", tc, r.Len(), r.Dim(), r.Element(), r.Format(), r.name)
		}
		rows, _, err := all(r)
		if err != nil || len(rows) != 3 || rows[0][0] != tc.first {
			t.Errorf("%+v: %v %v", tc, rows, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	for array, want := range map[string]string{
		"": `it has several arrays: name one of emb, "labels of rows"`, "x": `no array "x": it has emb, "labels of rows"`,
	} {
		if _, err := Open("testdata/two.npz", &ReadOptions{Dataset: array}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", array, err, want)
		}
	}
	if _, err := NewReader(strings.NewReader("PK"), -1, "x.npz", nil); err == nil || !strings.Contains(err.Error(), "not read in order") {
		t.Error(err)
	}
}

func TestNpzDamaged(t *testing.T) {
	for _, name := range []string{"stored", "deflated"} {
		whole, err := os.ReadFile("testdata/" + name + ".npz")
		if err != nil {
			t.Fatal(err)
		}
		read := func(b []byte) ([][]float32, error) {
			r, err := NewReader(bytes.NewReader(b), int64(len(b)), "x.npz", nil)
			if err != nil {
				return nil, err
			}
			rows, _, err := all(r)
			return rows, err
		}
		want, err := read(whole)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(whole) {
			if rows, err := read(whole[:n]); !errors.Is(err, ErrFormat) {
				t.Fatalf("%s: %d of %d bytes: %v %v", name, n, len(whole), rows, err)
			}
		}
		// A byte of the array, its header included, is covered by the archive's checksum.
		for i := range whole {
			bad := slices.Clone(whole)
			bad[i] ^= 0x10
			rows, err := read(bad)
			if err != nil && !errors.Is(err, ErrFormat) || err == nil && !slices.EqualFunc(rows, want, slices.Equal) {
				t.Fatalf("%s: byte %d changed: %v %v", name, i, rows, err)
			}
		}
	}
	// Sizes are the archive's word: of rows that are not there, none is counted.
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateRaw(&zip.FileHeader{Name: "a.npy", Method: zip.Store, CompressedSize64: 1 << 40, UncompressedSize64: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.Write(npyShape("<f4", "(68719476736, 4)", []float32{1, 2, 3, 4})); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()), "x.npz", nil)
	if err == nil {
		if r.Len() != -1 {
			t.Errorf("%d rows, want a length that is not known", r.Len())
		}
		_, _, err = all(r)
	}
	if !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

func FuzzGzip(f *testing.F) {
	f.Add(gzipped(f, "id,x\na,1\nb,2\n"))
	f.Add([]byte("1,2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(bytes.NewReader(data), -1, "x.csv.gz", nil)
		if err == nil {
			_, _, err = all(r)
		}
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("%v is not a FormatError", err)
		}
	})
}

func FuzzNpz(f *testing.F) {
	for _, name := range []string{"stored", "deflated", "two"} {
		b, err := os.ReadFile("testdata/" + name + ".npz")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		r, err := NewReader(bytes.NewReader(data), int64(len(data)), "x.npz", nil)
		if err == nil {
			dst := make([]float32, r.Dim())
			for err == nil {
				_, err = r.Next(dst)
			}
		}
		if err != io.EOF && !errors.Is(err, ErrFormat) {
			t.Errorf("%v is not a FormatError", err)
		}
		// A directory may name its members in 46 bytes each, for which archive/zip holds some 300.
		if got, limit := allocated()-before, fuzzAllocation(len(data)); got > limit {
			t.Errorf("%d bytes allocated for a file of %d, limit %d", got, len(data), limit)
		}
	})
}
