package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

var _ annoy.KeySource = (*Reader)(nil)

// testPath is a file that pyarrow wrote: see testdata/make_parquet.py. Those of
// the folder in ANNOY_PARQUET stand in for those of testdata: `make h5py` has
// them written anew.
func testPath(name string) string {
	dir := os.Getenv("ANNOY_PARQUET")
	if dir == "" {
		dir = "testdata"
	}
	return filepath.Join(dir, name+".parquet")
}

func all(r *Reader) (rows [][]float32, ids []int64, err error) {
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

func wantRows() (rows [][]float32) {
	for r := range 5 {
		var row []float32
		for c := range 3 {
			row = append(row, float32(r-1)*(float32(c)+0.5)/4)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestFilesOfPyarrow(t *testing.T) {
	for _, tc := range []struct {
		name    string
		o       *Options
		element vecio.Element
	}{
		{"list_float", nil, vecio.Float32}, {"list_double", nil, vecio.Float64}, {"large_list", nil, vecio.Float32},
		{"fixed_list", nil, vecio.Float32}, {"required", nil, vecio.Float32}, {"none", nil, vecio.Float32},
		{"snappy", nil, vecio.Float32}, {"gzip", nil, vecio.Float32}, {"zstd", nil, vecio.Float32},
		{"brotli", nil, vecio.Float32}, {"lz4", nil, vecio.Float32}, {"groups", nil, vecio.Float32},
		{"pages", nil, vecio.Float32}, {"page_v2", nil, vecio.Float32}, {"plain", nil, vecio.Float32},
		{"split", nil, vecio.Float32}, {"two_lists", &Options{Column: "vec"}, vecio.Float32},
		{"groups", &Options{IDColumn: "id"}, vecio.Float32}, {"pages", &Options{Column: "vec", IDColumn: "id"}, vecio.Float32},
		{"int32_id", &Options{IDColumn: "id"}, vecio.Float32},
		{"groups", &Options{SkipColumns: []string{"text", "id"}}, vecio.Float32}, {"two_lists", &Options{SkipColumns: []string{"other"}}, vecio.Float32},
	} {
		r, err := Open(testPath(tc.name), tc.o)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if r.Dim() != 3 || r.Len() != 5 || r.Element() != tc.element || r.Column() != "vec" {
			t.Errorf("%s: %d × %d %v of %s", tc.name, r.Len(), r.Dim(), r.Element(), r.Column())
		}
		if r.HasKeys() || r.Key() != "" {
			t.Errorf("%s: has keys", tc.name)
		}
		wantIDs := []int64{100, 90, 80, 70, 60}
		if tc.o != nil && slices.Contains(tc.o.SkipColumns, "id") {
			wantIDs = []int64{0, 1, 2, 3, 4}
		}
		rows, ids, err := all(r)
		if err != nil || !slices.EqualFunc(rows, wantRows(), slices.Equal) || !slices.Equal(ids, wantIDs) || r.Row() != 5 {
			t.Errorf("%s %+v: %v %v %v", tc.name, tc.o, rows, ids, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	r, err := Open(testPath("no_rows"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if rows, _, err := all(r); len(rows) != 0 || err != nil || r.Len() != 0 || r.Dim() != 0 {
		t.Errorf("no rows: %v %v", rows, err)
	}
}

// Strings are keys, in whatever way the file holds them, and integers are where that is asked for.
func TestKeysOfPyarrow(t *testing.T) {
	keys := []string{"doc-a", "größe", "7", "a\tb", strings.Repeat("x", 300)}
	for _, tc := range []struct {
		name string
		o    *Options
		want []string
	}{
		{"string_id", nil, keys}, {"string_groups", nil, keys}, {"string_plain", nil, keys}, {"string_pages", nil, keys},
		{"string_categories", nil, keys}, {"string_id", &Options{IDColumn: "id"}, keys}, {"string_id", &Options{KeyColumn: "id"}, keys},
		{"groups", &Options{KeyColumn: "id"}, []string{"100", "90", "80", "70", "60"}},
		{"groups", &Options{IDColumn: "text"}, []string{"row 0", "row 1", "row 2", "row 3", "row 4"}},
	} {
		r, err := Open(testPath(tc.name), tc.o)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		defer r.Close()
		if !r.HasKeys() || r.Key() != "" {
			t.Errorf("%s: no keys, or %q before the first row", tc.name, r.Key())
		}
		dst := make([]float32, 3)
		for row, want := range tc.want {
			if id, err := r.Next(dst); err != nil || id != int64(row) || r.Key() != want || dst[2] != wantRows()[row][2] {
				t.Errorf("%s %+v: row %d is %d, %q, %v (%v), want %q", tc.name, tc.o, row, id, r.Key(), dst, err, want)
			}
		}
		if _, err := r.Next(dst); err != io.EOF {
			t.Errorf("%s: %v after the last row", tc.name, err)
		}
	}
}

func TestRefused(t *testing.T) {
	ids := &Options{IDColumn: "id"}
	for _, tc := range []struct {
		name   string
		o      *Options
		row    int64
		column int
		want   string
	}{
		{"bad_null_row", nil, 2, -1, "null or an empty list"},
		{"bad_null_fixed", nil, 2, -1, "null or an empty list"},
		{"bad_null_component", nil, 2, 1, "null is refused"},
		{"bad_null_first", nil, 0, 0, "null is refused"},
		{"bad_empty_row", nil, 3, -1, "null or an empty list"},
		{"bad_short", nil, 4, -1, "2 components, row 0 has 3"},
		{"bad_long", nil, 1, -1, "more than 3 components"},
		{"bad_nan", nil, 3, 1, "NaN is refused"},
		{"bad_inf", nil, 4, 2, "-Inf is refused"},
		{"bad_overflow", nil, 4, 0, "1e+39 is beyond the range of float32"},
		{"bad_null_id", ids, 2, -1, "its id is null"},
		{"bad_negative_id", ids, 3, -1, "id -4 is negative"},
		{"bad_list_of_int", nil, -1, -1, "no column is a list of FLOAT or DOUBLE: it has text, id, vec"},
		{"bad_nested", nil, -1, -1, "no column is a list of FLOAT or DOUBLE"},
		{"two_lists", nil, -1, -1, "several columns are lists of floats: name one of vec, other"},
		{"list_float", &Options{Column: "none"}, -1, -1, `no column "none": it has text, id, vec`},
		{"list_float", &Options{Column: "text"}, -1, -1, `column "text" is not a list of FLOAT or DOUBLE`},
		{"bad_null_key", nil, 2, -1, "its id is null"}, {"bad_empty_key", nil, 4, -1, "its id is empty"},
		{"bad_float_id", nil, -1, -1, `id column "id" is not of INT64, INT32 or strings: name another, or skip it`},
		{"bad_time_id", nil, -1, -1, `id column "id" is not of INT64, INT32 or strings`},
		{"bad_two_ids", nil, -1, -1, "columns id, ID are all called id"},
		{"list_float", &Options{IDColumn: "none"}, -1, -1, `no column "none": it has text, id, vec`},
		{"list_float", &Options{SkipColumns: []string{"none"}}, -1, -1, `no column "none": it has text, id, vec`},
		{"list_float", &Options{SkipColumns: []string{"vec"}}, -1, -1, "no column is a list of FLOAT or DOUBLE"},
		{"list_float", &Options{KeyColumn: "vec"}, -1, -1, `id column "vec" is not of`},
	} {
		r, err := Open(testPath(tc.name), tc.o)
		if err == nil {
			var again error
			_, _, err = all(r)
			if _, again = r.Next(make([]float32, r.Dim())); again != err {
				t.Errorf("%s: the error is not final: %v", tc.name, again)
			}
			r.Close()
		}
		var f *vecio.FormatError
		if !errors.As(err, &f) || !errors.Is(err, vecio.ErrFormat) {
			t.Errorf("%s: %v, want a FormatError", tc.name, err)
			continue
		}
		if !strings.HasPrefix(f.File, testPath(tc.name)) || f.Row != tc.row || f.Column != tc.column || !strings.Contains(f.Msg, tc.want) {
			t.Errorf("%s: %#v, want row %d, column %d, %q", tc.name, f, tc.row, tc.column, tc.want)
		}
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(testPath(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every cut and every changed byte gives an error or rows that a file can
// hold: no panic, no more rows than it says, and no memory on its word.
func TestDamaged(t *testing.T) {
	for _, name := range []string{"groups", "page_v2", "plain", "split", "snappy", "gzip", "zstd", "brotli", "lz4", "string_groups", "string_plain", "string_pages"} {
		data := read(t, name)
		for n := range data {
			_, err := NewReader(bytes.NewReader(data[:n]), int64(n), "x", nil)
			if !errors.Is(err, vecio.ErrFormat) {
				t.Fatalf("%s cut at %d: %v", name, n, err)
			}
		}
		for i := range data {
			bad := bytes.Clone(data)
			bad[i] ^= 0x55
			before := allocated()
			readAny(t, bad, &Options{IDColumn: "id"})
			if got := allocated() - before; got > 8<<20 {
				t.Errorf("%s, byte %d: %d bytes allocated for a file of %d", name, i, got, len(data))
			}
		}
	}
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// readAny reads any bytes and checks what is promised of them.
func readAny(t *testing.T, data []byte, o *Options) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), "x", o)
	if err == nil {
		dst := make([]float32, r.Dim())
		rows := 0
		for {
			if _, err = r.Next(dst); err != nil {
				break
			}
			rows++
			if r.HasKeys() != (r.Key() != "") {
				t.Errorf("row %d: keys %v, and its key is %q", rows, r.HasKeys(), r.Key())
			}
			for c, v := range dst {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Errorf("row %d, component %d is %v", rows, c, v)
				}
			}
		}
		if rows > r.Len() || err == io.EOF && rows != r.Len() {
			t.Errorf("%d rows, Len is %d", rows, r.Len())
		}
	}
	if err != nil && err != io.EOF && !errors.Is(err, vecio.ErrFormat) {
		t.Errorf("%v is not a FormatError", err)
	}
}

func TestCalls(t *testing.T) {
	if _, err := Open(testPath("none")+"x", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("directory: %v", err)
	}
	r, err := Open(testPath("groups"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(make([]float32, 2)); err == nil || !strings.Contains(err.Error(), "room for 2") {
		t.Errorf("short dst: %v", err)
	}
	dst := []float32{0, 0, 0, 99}
	if id, err := r.Next(dst); err != nil || id != 100 || !slices.Equal(dst, append(wantRows()[0], 99)) {
		t.Errorf("%d %v %v", id, dst, err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Next(dst); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}

	// A failing disk is that error, not a malformed file.
	broken := errors.New("broken disk")
	data := read(t, "groups")
	for allowed := 0; ; allowed++ {
		src := &failAfter{bytes.NewReader(data), allowed, broken}
		r, err := NewReader(src, int64(len(data)), "x", nil)
		if err == nil {
			_, _, err = all(r)
		}
		if err == nil {
			if allowed < 3 {
				t.Errorf("only %d reads of a file", allowed)
			}
			break
		}
		if !errors.Is(err, broken) || errors.Is(err, vecio.ErrFormat) {
			t.Fatalf("after %d reads: %v", allowed, err)
		}
	}
}

// failAfter is a ReaderAt that works a number of times.
type failAfter struct {
	io.ReaderAt
	left int
	err  error
}

func (f *failAfter) ReadAt(p []byte, off int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(p, off)
}

// vectors is a row of the files that are written here.
type vectors struct {
	ID  int64     `parquet:"id"`
	Vec []float32 `parquet:"vec"`
}

// Rows of 512 components in pages of some 64 KiB: a list goes over buffers and
// pages, memory does not follow the file.
func TestManyRows(t *testing.T) {
	const rows, dim = 20_000, 512 // 40 MB
	path := filepath.Join(t.TempDir(), "x.parquet")
	at := func(r, c int) float32 { return float32(r) + float32(c)/dim }
	if err := writeVectors(path, rows, dim, at); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, &Options{IDColumn: "id"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	dst := make([]float32, dim)
	var most uint64
	for row := range rows {
		id, err := r.Next(dst)
		if err != nil || id != int64(2*row) {
			t.Fatalf("row %d: id %d, %v", row, id, err)
		}
		for c, v := range dst {
			if v != at(row, c) {
				t.Fatalf("row %d, component %d: %v", row, c, v)
			}
		}
		if row%5000 == 2500 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if _, err := r.Next(dst); err != io.EOF {
		t.Errorf("after the last: %v", err)
	}
	if most > 16<<20 {
		t.Errorf("%d bytes of heap while a file of %d is read", most, rows*dim*4)
	}
}

func FuzzParquet(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.parquet")
	if err != nil || len(paths) < 10 {
		f.Fatal("no files in testdata", err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		readAny(t, data, &Options{Column: "vec", IDColumn: "id"})
	})
}

func ExampleOpen() {
	r, err := Open("testdata/list_float.parquet", &Options{Column: "vec", IDColumn: "id"})
	if err != nil {
		panic(err)
	}
	defer r.Close()
	vec := make([]float32, r.Dim())
	id, err := r.Next(vec)
	fmt.Println(r.Len(), "×", r.Dim(), "first:", id, vec, err)
	// Output: 5 × 3 first: 100 [-0.125 -0.375 -0.625] <nil>
}
