package vecio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// all reads what is left of r.
func all(r Source) (rows [][]float32, ids []int64, err error) {
	for {
		dst := make([]float32, r.Dim())
		id, err := r.Next(dst)
		if err == io.EOF {
			return rows, ids, nil
		}
		if err != nil {
			return rows, ids, err
		}
		rows, ids = append(rows, dst), append(ids, id)
	}
}

// readBytes opens and reads data, as a file of its size and as one of unknown
// size, and returns the outcome of the first; it fails when only one of
// them succeeds, or when they differ in what they read.
func readBytes(t testing.TB, format Format, data []byte) (rows [][]float32, ids []int64, err error) {
	t.Helper()
	read := func(size int64) (rows [][]float32, ids []int64, err error) {
		r, err := NewReader(bytes.NewReader(data), size, "x", &ReadOptions{Format: format})
		if err != nil {
			return nil, nil, err
		}
		if size < 0 && r.Len() != -1 {
			t.Errorf("Len is %d without the size to prove it", r.Len())
		}
		rows, ids, err = all(r)
		if err == nil && r.Len() != -1 && r.Len() != len(rows) {
			t.Errorf("Len is %d, %d rows", r.Len(), len(rows))
		}
		if r.Row() != int64(len(rows)) {
			t.Errorf("Row is %d, %d rows", r.Row(), len(rows))
		}
		return rows, ids, err
	}
	rows, ids, err = read(int64(len(data)))
	rows2, ids2, err2 := read(-1)
	if (err == nil) != (err2 == nil) {
		t.Errorf("size known: %v; unknown: %v", err, err2)
	} else if err == nil && (!slices.EqualFunc(rows, rows2, slices.Equal) || !slices.Equal(ids, ids2)) {
		t.Errorf("size known: %v %v; unknown: %v %v", rows, ids, rows2, ids2)
	}
	return rows, ids, err
}

// bin is the concatenation of values in little-endian order.
func bin(values ...any) []byte {
	var b []byte
	for _, v := range values {
		if s, ok := v.(string); ok {
			b = append(b, s...)
			continue
		}
		var err error
		if b, err = binary.Append(b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return b
}

// npy is an npy file of version 1 around a literal and data.
func npy(literal string, data ...any) []byte {
	return bin("\x93NUMPY\x01\x00", uint16(len(literal)), literal, bin(data...))
}

func npyShape(descr, shape string, data ...any) []byte {
	return npy(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape), data...)
}

func TestErrorText(t *testing.T) {
	for _, tc := range []struct {
		err  FormatError
		want string
	}{
		{FormatError{"base.npy", 17, 0, 3, "NaN"}, "annoy: base.npy: row 17, column 3: NaN"},
		{FormatError{"base.npy", -1, 0, -1, "empty"}, "annoy: base.npy: empty"},
		{FormatError{"b.csv", 17, 19, 3, "NaN"}, "annoy: b.csv: row 17 (line 19), column 3: NaN"},
		{FormatError{"ids.txt", -1, 4, -1, "bad"}, "annoy: ids.txt: line 4: bad"},
	} {
		if got := tc.err.Error(); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

// The line is that of the file, blank lines and names counted.
func TestLineOfError(t *testing.T) {
	for format, data := range map[Format]string{CSV: "x,y\n\n1,2\n\n3,z\n", JSONL: "\n[1,2]\n\n\n[3,z]\n"} {
		_, _, err := readBytes(t, format, []byte(data))
		var f *FormatError
		if !errors.As(err, &f) || f.Line != 5 || f.Row != 1 || f.Column != 1 {
			t.Errorf("%s: %v, want row 1 on line 5, column 1", format, err)
		}
	}
}

func TestTextTolerated(t *testing.T) {
	for _, tc := range []struct {
		name   string
		format Format
		data   string
		ids    []int64
	}{
		{"csv", CSV, "1,-2.5\n3,4e2\n", []int64{0, 1}},
		{"csv names", CSV, "x,y\n1,-2.5\n3,4e2\n", []int64{0, 1}},
		{"csv no last newline, CRLF, BOM", CSV, "\ufeff1,-2.5\r\n3,4e2", []int64{0, 1}},
		{"csv quotes, blanks", CSV, "\"x\",\"y, z\"\n \"1\", -2.5\n\n\"3\",400 \n", []int64{0, 1}},
		{"jsonl arrays", JSONL, "[1,-2.5]\n[ 3 , 4E+2 ]", []int64{0, 1}},
		{"jsonl CRLF, BOM, blank lines", JSONL, "\ufeff[1,-2.5]\r\n\r\n  \n[3,400.0]\n\n", []int64{0, 1}},
		{"jsonl objects", JSONL, "{\"vector\":[1,-2.5]}\n[3,400]\n", []int64{0, 1}},
		{"jsonl ids", JSONL, `{"id": 9223372036854775807, "vector": [1, -2.5]}` + "\n" + `{"vector": [3, 400], "id": 0}`, []int64{math.MaxInt64, 0}},
		{"jsonl other fields", JSONL, `{"a": [1, {"vector": "]}\""}], "id": 5, "t": "{[\"", "vector": [1, -2.5], "z": null}` + "\n" +
			`{"\u0069d": 6, "n": -1e5, "vector": [3, 400], "o": {}}`, []int64{5, 6}},
	} {
		rows, ids, err := readBytes(t, tc.format, []byte(tc.data))
		want := [][]float32{{1, -2.5}, {3, 400}}
		if err != nil || !slices.EqualFunc(rows, want, slices.Equal) || !slices.Equal(ids, tc.ids) {
			t.Errorf("%s: %v %v %v", tc.name, rows, ids, err)
		}
	}
}

// Python 2, double quotes, another order of keys: all were written by NumPy once.
func TestNpyLiterals(t *testing.T) {
	for _, literal := range []string{
		"{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 2L), }   \n",
		`{"shape":(1,2),"descr":"<f4","fortran_order":False}`,
		" { 'fortran_order' : False , 'shape' : ( 1 , 2 , ) , 'descr' : '<f4' }",
	} {
		rows, _, err := readBytes(t, Npy, npy(literal, float32(1), float32(2)))
		if err != nil || len(rows) != 1 || !slices.Equal(rows[0], []float32{1, 2}) {
			t.Errorf("%s: %v %v", literal, rows, err)
		}
	}
}

// What a header claims must not cost memory.
func TestHostileHeadersAllocateLittle(t *testing.T) {
	quote := append([]byte("1,2\n\""), bytes.Repeat([]byte(strings.Repeat("x", 1<<16)+"\n"), 2*MaxLine>>16)...)
	for name, tc := range map[string]struct {
		format Format
		data   []byte
		limit  uint64
	}{
		"npy":    {Npy, npyShape("<f4", "(1152921504606846976, 1048576)"), 4 << 20},
		"npy v2": {Npy, bin("\x93NUMPY\x02\x00", uint32(1<<32-1)), 4 << 20},
		"fbin":   {Fbin, bin(uint32(1<<32-1), uint32(1<<20)), 4 << 20},
		"fvecs":  {Fvecs, bin(int32(1 << 20)), 4 << 20},
		// A line may cost as much as it is allowed to, several times while its
		// buffer grows, and not what the file holds.
		"jsonl line": {JSONL, bytes.Repeat([]byte("["), 2*MaxLine), 8 * MaxLine},
		"csv quote":  {CSV, quote, 8 * MaxLine},
		"csv commas": {CSV, bytes.Repeat([]byte(","), 2*MaxLine), 8 * MaxLine},
	} {
		for _, size := range []int64{int64(len(tc.data)), -1} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := NewReader(bytes.NewReader(tc.data), size, "x", &ReadOptions{Format: tc.format})
			if err == nil {
				// The caller's own row is not counted.
				dst := make([]float32, r.Dim())
				runtime.ReadMemStats(&before)
				for err == nil {
					_, err = r.Next(dst)
				}
			}
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%s: %v", name, err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > tc.limit {
				t.Errorf("%s, size %d: %d bytes allocated, limit %d", name, size, got, tc.limit)
			}
		}
	}
}

// Rows longer than the buffer, and readers that give little at a time.
func TestChunks(t *testing.T) {
	const dim = maxBuffer/4 + 12345
	data := bin(uint32(2), uint32(dim))
	var want [2][]float32
	for r := range want {
		for i := range dim {
			want[r] = append(want[r], float32(r*dim+i))
		}
		data = append(data, bin(want[r])...)
	}
	rows, _, err := readBytes(t, Fbin, data)
	if err != nil || len(rows) != 2 || !slices.Equal(rows[0], want[0]) || !slices.Equal(rows[1], want[1]) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	// A NaN past the first buffer is found at its column.
	nan := slices.Clone(data)
	copy(nan[8+4*(maxBuffer/4+7):], bin(nan32))
	var f *FormatError
	if _, _, err := readBytes(t, Fbin, nan); !errors.As(err, &f) || f.Row != 0 || f.Column != maxBuffer/4+7 {
		t.Errorf("%v, want column %d", err, maxBuffer/4+7)
	}

	for format, data := range map[Format][]byte{
		Npy: npyShape("<f8", "(2, 2)", 1.0, 2.0, 3.0, 4.0), Fvecs: bin(int32(2), []float32{1, 2}, int32(2), []float32{3, 4}),
		JSONL: []byte("[1,2]\n[3,4]"), CSV: []byte("x,y\n1,2\n3,4"),
	} {
		r, err := NewReader(iotest.OneByteReader(bytes.NewReader(data)), int64(len(data)), "x", &ReadOptions{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		rows, _, err := all(r)
		if err != nil || !slices.EqualFunc(rows, [][]float32{{1, 2}, {3, 4}}, slices.Equal) {
			t.Errorf("%s: %v %v", format, rows, err)
		}
		// A failing disk at any byte is that error, not a malformed file.
		broken := errors.New("broken disk")
		for n := range data {
			src := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken))
			r, err := NewReader(src, -1, "x", &ReadOptions{Format: format})
			if err == nil {
				_, _, err = all(r)
			}
			if !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
				t.Errorf("%s broken at byte %d: %v", format, n, err)
			}
		}
	}
}

func TestReaderCalls(t *testing.T) {
	data := bin(int32(2), []float32{1, 2})
	path := filepath.Join(t.TempDir(), "x.dat")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, nil); err == nil || !strings.Contains(err.Error(), "extension") {
		t.Errorf("unknown extension: %v", err)
	}
	if _, err := Open(path, &ReadOptions{Format: "fbim"}); err == nil || !strings.Contains(err.Error(), "fbim") {
		t.Errorf("unknown format: %v", err)
	}
	if _, err := Open(path+".npy", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(t.TempDir(), &ReadOptions{Format: Npy}); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: %v", err)
	}
	r, err := Open(path, &ReadOptions{Format: Fvecs})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(make([]float32, 1)); err == nil || !strings.Contains(err.Error(), "room for 1") {
		t.Errorf("short dst: %v", err)
	}
	dst := []float32{0, 0, 99}
	if id, err := r.Next(dst); err != nil || id != 0 || !slices.Equal(dst, []float32{1, 2, 99}) {
		t.Errorf("%d %v %v", id, dst, err)
	}
	for range 2 {
		if _, err := r.Next(dst); err != io.EOF {
			t.Errorf("after the last: %v", err)
		}
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Next(dst); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// The file ends earlier than its size said when it was opened.
func TestFileShrinksWhileRead(t *testing.T) {
	data := bin(uint32(2), uint32(2), []float32{1, 2, 3})
	r, err := NewReader(bytes.NewReader(data), 24, "x.fbin", nil)
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := all(r)
	var f *FormatError
	if len(rows) != 1 || !errors.As(err, &f) || f.Row != 1 {
		t.Errorf("%v %v", rows, err)
	}
	if _, again := r.Next(make([]float32, 2)); again != err {
		t.Errorf("the error is not final: %v", again)
	}
}

func TestFormatNames(t *testing.T) {
	for _, f := range Formats() {
		for _, path := range []string{"a/b." + string(f), "X." + strings.ToUpper(string(f))} {
			if got, err := FormatOf(path); err != nil || got != f {
				t.Errorf("%s: %v %v", path, got, err)
			}
		}
		if err := (&ReadOptions{Format: f}).Validate(); err != nil {
			t.Error(err)
		}
	}
	if got, err := FormatOf("a.ndjson"); err != nil || got != JSONL {
		t.Errorf("ndjson: %v %v", got, err)
	}
	for path, want := range map[string]string{
		"a.npy.gz": "decompress", "a": "no extension", "a.txt": "not a vector format", "npy": "no extension", "": "no extension",
	} {
		if _, err := FormatOf(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if err := (&ReadOptions{Format: "x"}).Validate(); err == nil {
		t.Error("format x is valid")
	}
}
