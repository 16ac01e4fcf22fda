package vecio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// hdf5Path is a file that h5py wrote: see testdata/hdf5/make_hdf5.py. Those of
// the folder in ANNOY_HDF5 stand in for those of testdata: `make h5py` has
// them written anew.
func hdf5Path(name string) string {
	dir := os.Getenv("ANNOY_HDF5")
	if dir == "" {
		dir = filepath.Join("testdata", "hdf5")
	}
	return filepath.Join(dir, name)
}

func openHDF5(t *testing.T, name string) *HDF5File {
	t.Helper()
	h, err := OpenHDF5(hdf5Path(name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// hdf5Rows are those of make_hdf5.py.
func hdf5Rows(rows int, at func(r, c int) float32) [][]float32 {
	want := make([][]float32, rows)
	for r := range want {
		want[r] = []float32{at(r, 0), at(r, 1), at(r, 2)}
	}
	return want
}

func hdf5Floats(r, c int) float32 { return float32(r-1) * (float32(c) + 0.5) / 4 }
func hdf5Ints(r, c int) float32   { return float32(10*r + c) }

func TestHDF5OfAnnBenchmarks(t *testing.T) {
	for _, tc := range []struct {
		name       string
		superblock byte
		at         int // of the superblock
		float, int Element
	}{
		{"ann_default", 0, 0, Float32, Int32},
		{"ann_latest", 3, 0, Float32, Int32},
		{"ann_v108", 2, 0, Float32, Int32},
		{"ann_ordered", 0, 0, Float32, Int32},
		{"ann_userblock", 0, 1024, Float32, Int32},
		{"ann_float64_int64", 0, 0, Float64, Int64},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := hdf5Path(tc.name + ".hdf5")
			if b, err := os.ReadFile(path); err != nil || b[tc.at+8] != tc.superblock {
				t.Fatalf("not the file that this test is for: %v, superblock version %d", err, b[tc.at+8])
			}
			h := openHDF5(t, tc.name+".hdf5")
			var got []string
			for _, d := range h.Datasets() {
				if d.Err != nil {
					t.Error(d.Err)
				}
				got = append(got, fmt.Sprintf("%s %v %v", d.Name, d.Shape, d.Element))
			}
			slices.Sort(got)
			want := []string{
				fmt.Sprintf("distances [2 3] %v", tc.float), fmt.Sprintf("neighbors [2 3] %v", tc.int),
				fmt.Sprintf("test [2 3] %v", tc.float), fmt.Sprintf("train [5 3] %v", tc.float),
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
			if metric, ok := h.Attribute("distance"); metric != "euclidean" || !ok {
				t.Errorf("distance is %q, %v", metric, ok)
			}

			r, err := Open(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Format() != HDF5 || r.Element() != tc.float || r.Len() != 5 || r.Dim() != 3 {
				t.Errorf("%v %v %d × %d", r.Format(), r.Element(), r.Len(), r.Dim())
			}
			rows, ids, err := all(r)
			if err != nil || !slices.EqualFunc(rows, hdf5Rows(5, hdf5Floats), slices.Equal) || !slices.Equal(ids, []int64{0, 1, 2, 3, 4}) {
				t.Errorf("train: %v %v %v", rows, ids, err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if r, err = Open(path, &ReadOptions{Dataset: "test"}); err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if rows, _, err := all(r); err != nil || !slices.EqualFunc(rows, hdf5Rows(2, hdf5Floats), slices.Equal) {
				t.Errorf("test: %v %v", rows, err)
			}

			neighbors, shape, err := h.Ints("neighbors")
			if err != nil || !slices.Equal(shape, []int{2, 3}) || !slices.Equal(neighbors, []int32{0, 1, 2, 10, 11, 12}) {
				t.Errorf("neighbors: %v %v %v", neighbors, shape, err)
			}
			distances, shape, err := h.Floats("distances")
			if err != nil || !slices.Equal(shape, []int{2, 3}) || !slices.Equal(distances, []float32{0, 0.125, 0.25, 1, 1.125, 1.25}) {
				t.Errorf("distances: %v %v %v", distances, shape, err)
			}
		})
	}
}

func TestHDF5Types(t *testing.T) {
	h := openHDF5(t, "types.hdf5")
	for name, tc := range map[string]struct {
		element Element
		at      func(r, c int) float32
	}{
		"float16": {Float16, hdf5Floats}, "float32": {Float32, hdf5Floats}, "float64": {Float64, hdf5Floats},
		"compact": {Float32, hdf5Floats}, "uint8": {Uint8, hdf5Ints}, "int32": {Int32, hdf5Ints}, "int64": {Int64, hdf5Ints},
		"int8": {Int8, func(r, c int) float32 { return hdf5Ints(r, c) - 20 }},
	} {
		r, err := h.Reader(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		rows, _, err := all(r)
		if err != nil || r.Element() != tc.element || !slices.EqualFunc(rows, hdf5Rows(5, tc.at), slices.Equal) {
			t.Errorf("%s: %v %v %v", name, r.Element(), rows, err)
		}
		var flat, whole []float32
		for _, row := range rows {
			flat = append(flat, row...)
		}
		if tc.element == Float16 || tc.element == Float32 || tc.element == Float64 {
			whole, _, err = h.Floats(name)
		} else {
			var ints []int32
			ints, _, err = h.Ints(name)
			for _, v := range ints {
				whole = append(whole, float32(v))
			}
		}
		if err != nil || !slices.Equal(whole, flat) {
			t.Errorf("%s: %v, want %v (%v)", name, whole, flat, err)
		}
	}

	if line, shape, err := h.Ints("line"); err != nil || !slices.Equal(shape, []int{5}) || !slices.Equal(line, []int32{0, 10, 20, 30, 40}) {
		t.Errorf("line: %v %v %v", line, shape, err)
	}
	r, err := h.Reader("empty")
	if err != nil || r.Len() != 0 || r.Dim() != 3 {
		t.Fatalf("empty: %v", err)
	}
	if _, err := r.Next(make([]float32, 3)); err != io.EOF {
		t.Errorf("empty: %v", err)
	}
	if v, shape, err := h.Floats("empty"); len(v) != 0 || !slices.Equal(shape, []int{0, 3}) || err != nil {
		t.Errorf("empty: %v %v %v", v, shape, err)
	}
}

// hdf5Fault fails unless err is a FormatError of that dataset and place.
func hdf5Fault(t *testing.T, what string, err error, dataset string, row int64, column int, want string) {
	t.Helper()
	var f *FormatError
	if !errors.As(err, &f) || !errors.Is(err, ErrFormat) {
		t.Errorf("%s: %v, want a FormatError", what, err)
		return
	}
	_, got, _ := strings.Cut(f.File, "#")
	if got != dataset || f.Row != row || f.Column != column || !strings.Contains(f.Msg, want) {
		t.Errorf("%s: %#v, want row %d, column %d, %q", what, f, row, column, want)
	}
}

func TestHDF5Values(t *testing.T) {
	h := openHDF5(t, "types.hdf5")
	read := func(name string) error {
		r, err := h.Reader(name)
		if err == nil {
			_, _, err = all(r)
		}
		return err
	}
	ints := func(name string) error { _, _, err := h.Ints(name); return err }
	floats := func(name string) error { _, _, err := h.Floats(name); return err }
	for _, tc := range []struct {
		what string
		call func(name string) error
		name string
		row  int64
		col  int
		want string
	}{
		{"Reader", read, "nan", 2, 1, "NaN is refused"},
		{"Floats", floats, "nan", 2, 1, "NaN is refused"},
		{"Ints", ints, "huge", 1, 0, "1099511627776 is beyond the range of int32"},
		{"Ints", ints, "float32", -1, -1, "its elements are float32: want integers"},
		{"Reader", read, "line", -1, -1, "1 dimensions, shape [5]: want 2"},
		{"Reader", read, "cube", -1, -1, "3 dimensions, shape [2 2 2]"},
		{"Reader", read, "scalar", -1, -1, "0 dimensions"},
		{"Floats", floats, "cube", -1, -1, "want 1 or 2"},
		{"Reader", read, "hollow", -1, -1, "3 rows of 0 components"},
	} {
		hdf5Fault(t, tc.what+" of "+tc.name, tc.call(tc.name), tc.name, tc.row, tc.col, tc.want)
	}
	err := read("none")
	hdf5Fault(t, "no such dataset", err, "", -1, -1,
		`no dataset "none" in its root group, which has compact, cube, empty, float16, float32, float64, hollow, huge, int32, int64 and 5 more`)
}

// What is not read is refused by name, and does not keep the rest from being read.
func TestHDF5Refused(t *testing.T) {
	for file, datasets := range map[string]map[string]string{
		"refused.hdf5": {
			"gzip":       "chunks (shuffle, gzip): only contiguous datasets are read",
			"grows":      "chunks: only contiguous datasets are read",
			"bool":       "enumerations (NumPy's bool is one): not read",
			"bigendian":  "big-endian float32",
			"bigendian8": "", // a single byte has no order
			"uint16":     "uint16: want float32,",
			"compound":   "compound",
			"text":       "strings",
			"words":      "of variable length",
			"complex":    "not read", // how it is stored depends on h5py
			"late":       "created and never written",
			"named":      "committed (named) datatype",
			"outside":    "external files",
			"unwritten":  "null dataspace",
		},
		"refused_latest.hdf5": {
			"gzip": "chunks (shuffle, gzip)", "grows": "chunks", "bool": "enumerations", "bigendian": "big-endian float32",
			"unwritten": "null dataspace", "virtual": "virtual dataset",
		},
	} {
		h := openHDF5(t, file)
		r, err := h.Reader("train")
		if err != nil {
			t.Fatal(err)
		}
		if rows, _, err := all(r); err != nil || !slices.EqualFunc(rows, hdf5Rows(5, hdf5Floats), slices.Equal) {
			t.Errorf("%s: %v %v", file, rows, err)
		}
		listed := map[string]DatasetInfo{}
		for _, d := range h.Datasets() {
			listed[d.Name] = d
		}
		if len(listed) != len(datasets)+1 {
			t.Errorf("%s: lists %d datasets, want train and %d", file, len(listed), len(datasets))
		}
		for name, want := range datasets {
			d, ok := listed[name]
			if !ok {
				t.Errorf("%s: %s is not listed", file, name)
				continue
			}
			if want == "" {
				if d.Err != nil {
					t.Error(d.Err)
				}
				continue
			}
			hdf5Fault(t, file+" "+name, d.Err, name, -1, -1, want)
			_, err := h.Reader(name)
			hdf5Fault(t, file+" "+name, err, name, -1, -1, want)
			_, _, err = h.Ints(name)
			hdf5Fault(t, file+" "+name, err, name, -1, -1, want)
			_, _, err = h.Floats(name)
			hdf5Fault(t, file+" "+name, err, name, -1, -1, want)
		}
	}
	_, err := OpenHDF5(hdf5Path("dense.hdf5"))
	hdf5Fault(t, "dense", err, "", -1, -1, "dense storage (a fractal heap)")
}

func TestHDF5Groups(t *testing.T) {
	names := func(h *HDF5File) (names []string) {
		for _, d := range h.Datasets() {
			names = append(names, d.Name)
		}
		return names
	}
	h := openHDF5(t, "nested.hdf5")
	if got := names(h); !slices.Equal(got, []string{"hard"}) {
		t.Errorf("nested: %v", got)
	}
	if r, err := h.Reader("hard"); err != nil {
		t.Error(err)
	} else if rows, _, err := all(r); err != nil || len(rows) != 5 {
		t.Errorf("%v %v", rows, err)
	}
	_, err := h.Reader("group/train")
	hdf5Fault(t, "in a group", err, "", -1, -1, `no dataset "group/train" in its root group, which has hard`)

	h = openHDF5(t, "many.hdf5")
	for i, d := range h.Datasets() {
		v, _, err := h.Ints(d.Name)
		if d.Name != fmt.Sprintf("d%03d", i) || err != nil || !slices.Equal(v, []int32{int32(i)}) {
			t.Errorf("dataset %d: %s %v %v", i, d.Name, v, err)
		}
	}
	if len(h.Datasets()) != 40 {
		t.Errorf("many: %d datasets", len(h.Datasets()))
	}
	_, err = Open(hdf5Path("no_datasets.hdf5"), nil)
	hdf5Fault(t, "no datasets", err, "", -1, -1, `no dataset "train" in its root group, which has nothing`)
}

func TestHDF5Attributes(t *testing.T) {
	for _, file := range []string{"attributes.hdf5", "attributes_latest.hdf5"} {
		h := openHDF5(t, file)
		for name, want := range map[string]string{
			"variable": "angular", "utf8": "größe", "empty": "", "fixed": "jaccard", "one": "hamming",
		} {
			if got, ok := h.Attribute(name); got != want || !ok {
				t.Errorf("%s %s: %q %v, want %q", file, name, got, ok, want)
			}
		}
		for _, name := range []string{"number", "two", "none"} {
			if got, ok := h.Attribute(name); got != "" || ok {
				t.Errorf("%s %s: %q %v", file, name, got, ok)
			}
		}
	}
}

func TestHDF5Calls(t *testing.T) {
	data, err := os.ReadFile(hdf5Path("ann_default.hdf5"))
	if err != nil {
		t.Fatal(err)
	}
	size := int64(len(data))
	for _, path := range []string{"x.hdf5", "x.H5"} {
		if r, err := NewReader(bytes.NewReader(data), size, path, nil); err != nil || r.Len() != 5 {
			t.Errorf("%s: %v", path, err)
		}
	}
	for name, src := range map[string]io.Reader{"unknown size": bytes.NewReader(data), "a stream": iotest.OneByteReader(bytes.NewReader(data))} {
		n := size
		if name == "unknown size" {
			n = -1
		}
		if _, err := NewReader(src, n, "x.hdf5", nil); err == nil || !strings.Contains(err.Error(), "want a file, not a stream") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&ReadOptions{Format: Npy, Dataset: "test"}).Validate(); err == nil || !strings.Contains(err.Error(), "npy files have no datasets") {
		t.Errorf("a dataset of npy: %v", err)
	}
	if _, err := Open("testdata/f4_v1.npy", &ReadOptions{Dataset: "test"}); err == nil || !strings.Contains(err.Error(), "have no datasets") {
		t.Errorf("a dataset of npy: %v", err)
	}
	if err := (&ReadOptions{Format: HDF5, Dataset: "test"}).Validate(); err != nil {
		t.Error(err)
	}

	out := filepath.Join(t.TempDir(), "x.hdf5")
	if _, err := Create(out, 3, nil); err == nil || !strings.Contains(err.Error(), "hdf5 files are read, not written") {
		t.Errorf("Create: %v", err)
	}
	if err := (&WriteOptions{Format: HDF5}).Validate(); err == nil {
		t.Error("writing hdf5 is valid")
	}
	if err := (&WriteOptions{Format: Npy, Element: Int64}).Validate(); err == nil {
		t.Error("writing int64 is valid")
	}

	h, err := OpenHDF5(hdf5Path("ann_default.hdf5"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := h.Reader("train")
	if err != nil {
		t.Fatal(err)
	}
	one, err := h.Reader("test")
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Next(make([]float32, 3)); !errors.Is(err, os.ErrClosed) || errors.Is(err, ErrFormat) {
		t.Errorf("after Close: %v", err)
	}
	if _, _, err := h.Ints("neighbors"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := OpenHDF5(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenHDF5(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: %v", err)
	}
}

// Every cut is an error that says so: the superblock knows where the file ends.
func TestHDF5Truncated(t *testing.T) {
	for _, name := range []string{"ann_default.hdf5", "ann_latest.hdf5"} {
		data, err := os.ReadFile(hdf5Path(name))
		if err != nil {
			t.Fatal(err)
		}
		for n := range data {
			_, err := newHDF5(bytes.NewReader(data[:n]), int64(n), "x")
			hdf5Fault(t, fmt.Sprintf("%s cut at %d", name, n), err, "", -1, -1, "")
		}
		// Cut while it is open.
		src := bytes.NewReader(data)
		h, err := newHDF5(src, int64(len(data)), "x")
		if err != nil {
			t.Fatal(err)
		}
		src.Reset(data[:1000])
		r, err := h.Reader("train")
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = all(r)
		hdf5Fault(t, "cut under a Reader", err, "train", 0, -1, "file ends")
		_, _, err = h.Ints("neighbors")
		hdf5Fault(t, "cut under Ints", err, "neighbors", -1, -1, "the file ends within the dataset")
	}
}

// A failing disk is that error, not a malformed file.
func TestHDF5BrokenDisk(t *testing.T) {
	data, err := os.ReadFile(hdf5Path("ann_latest.hdf5"))
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken disk")
	for allowed := 0; ; allowed++ {
		src := &failAfter{bytes.NewReader(data), allowed, broken}
		h, err := newHDF5(src, int64(len(data)), "x")
		if err == nil {
			if src.left > 0 {
				if allowed < 10 {
					t.Errorf("only %d reads to open a file", allowed)
				}
				break
			}
			_, _, err = h.Ints("neighbors")
		}
		if !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
			t.Fatalf("after %d reads: %v", allowed, err)
		}
	}
}

// failAfter is a ReaderAt that works a number of times.
type failAfter struct {
	*bytes.Reader
	left int
	err  error
}

func (f *failAfter) ReadAt(p []byte, off int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return f.Reader.ReadAt(p, off)
}
