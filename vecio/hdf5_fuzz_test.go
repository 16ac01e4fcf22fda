package vecio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// hdf5Allocation is the bound of memory for a file of size bytes: buffers, the
// metadata that is read at most, and the datasets that are read whole, an element
// of one byte as one of four, while hostile datasets may overlap.
func hdf5Allocation(size, datasets int) uint64 {
	return 4<<20 + 64*uint64(size) + uint64(datasets)*(32<<10+16*uint64(size))
}

func FuzzHDF5(f *testing.F) {
	paths, err := filepath.Glob("testdata/hdf5/*.hdf5")
	if err != nil || len(paths) < 10 {
		f.Fatal("no files in testdata/hdf5", err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
		if filepath.Base(p) == "types.hdf5" { // its dataset without rows, wider than the file is long
			wide := bytes.Replace(b, bin([]uint64{0, 3, 0, 3}), bin([]uint64{0, 32771, 0, 32771}), 1)
			if bytes.Equal(wide, b) {
				f.Fatalf("%s has no dataset of 0 rows and 3 components", p)
			}
			f.Add(wide)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		check := func(err error) {
			if err != nil && !errors.Is(err, ErrFormat) {
				t.Errorf("%v is not a FormatError", err)
			}
		}
		h, err := newHDF5(bytes.NewReader(data), int64(len(data)), "x")
		check(err)
		if err != nil {
			if got, limit := allocated()-before, hdf5Allocation(len(data), 0); got > limit {
				t.Errorf("%d bytes allocated for a file of %d, limit %d", got, len(data), limit)
			}
			return
		}
		h.Attribute("distance")
		const most = 8 // a hostile file can name thousands
		list := h.Datasets()
		for _, d := range list[:min(len(list), most)] {
			ints, shape, err := h.Ints(d.Name)
			check(err)
			floats, _, err2 := h.Floats(d.Name)
			check(err2)
			if err == nil && (len(ints) > len(data) || len(shape) == 2 && len(ints) != shape[0]*shape[1]) {
				t.Errorf("%d integers, shape %v, of %d bytes", len(ints), shape, len(data))
			}
			for i, v := range floats {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Errorf("element %d is %v", i, v)
				}
			}
			r, err := h.Reader(d.Name)
			check(err)
			if err != nil {
				continue
			}
			if r.Dim() > len(data) { // a row has a byte a component at least
				if r.Len() != 0 {
					t.Errorf("%d rows of %d components in %d bytes", r.Len(), r.Dim(), len(data))
				}
				continue // a dataset without rows may claim any width
			}
			dst := make([]float32, r.Dim())
			rows := 0
			for err == nil {
				if _, err = r.Next(dst); err == nil {
					rows++
				}
			}
			if err != io.EOF {
				check(err)
			} else if rows != r.Len() {
				t.Errorf("%d rows, Len is %d", rows, r.Len())
			}
		}
		if got, limit := allocated()-before, hdf5Allocation(len(data), min(len(list), most)); got > limit {
			t.Errorf("%d bytes allocated for a file of %d, limit %d", got, len(data), limit)
		}
	})
}
