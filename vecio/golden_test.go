package vecio

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// The files in testdata were written by NumPy: see testdata/make_npy.py.
func TestNpyOfNumPy(t *testing.T) {
	float := func(r, c int) float32 { return float32(r-1) * (float32(c) + 0.5) / 4 }
	for _, tc := range []struct {
		name    string
		element Element
		want    func(r, c int) float32
	}{
		{"f2", Float16, float}, {"f4", Float32, float}, {"f8", Float64, float},
		{"u1", Uint8, func(r, c int) float32 { return float32(50*r + 7*c) }},
		{"i1", Int8, func(r, c int) float32 { return float32(50*(r-1) + 7*c - 14) }},
	} {
		for _, version := range []string{"1", "2", "3"} {
			t.Run(tc.name+"_v"+version, func(t *testing.T) {
				r, err := Open(filepath.Join("testdata", tc.name+"_v"+version+".npy"), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				if r.Dim() != 5 || r.Len() != 3 || r.Element() != tc.element || r.Format() != Npy {
					t.Fatalf("%d × %d %v %v", r.Len(), r.Dim(), r.Element(), r.Format())
				}
				dst := make([]float32, 5)
				for row := range 3 {
					if id, err := r.Next(dst); err != nil || id != int64(row) {
						t.Fatalf("row %d: id %d, %v", row, id, err)
					}
					for c, got := range dst {
						if want := tc.want(row, c); got != want {
							t.Errorf("row %d, column %d: %v, want %v", row, c, got, want)
						}
					}
				}
				if _, err := r.Next(dst); err != io.EOF {
					t.Errorf("after the last row: %v", err)
				}
			})
		}
	}
}

func TestNpyOfNumPyWithoutRows(t *testing.T) {
	r, err := Open("testdata/rows0.npy", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Dim() != 5 || r.Len() != 0 {
		t.Errorf("%d × %d, want 0 × 5", r.Len(), r.Dim())
	}
	if _, err := r.Next(make([]float32, 5)); err != io.EOF {
		t.Errorf("Next: %v, want EOF", err)
	}
}

func TestNpyOfNumPyRefused(t *testing.T) {
	for name, want := range map[string]string{
		"bigendian":  `big-endian: save it as little-endian, as a.astype("<f4")`,
		"fortran":    "Fortran order",
		"uint32":     `dtype "<u4" is not read`,
		"bool":       `dtype "|b1" is not read`,
		"complex":    `dtype "<c8" is not read`,
		"unicode":    `dtype "<U1" is not read`,
		"object":     "Python objects",
		"structured": "structured dtype",
		"rank0":      "0 dimensions",
		"rank1":      "1 dimensions, shape [4]",
		"rank3":      "3 dimensions, shape [2 2 2]",
	} {
		path := filepath.Join("testdata", "bad_"+name+".npy")
		_, err := Open(path, nil)
		var f *FormatError
		if !errors.As(err, &f) || !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, want a FormatError", name, err)
			continue
		}
		if f.File != path || f.Row != -1 || f.Column != -1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
