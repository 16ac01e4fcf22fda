package vecio

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Integers that no float32 holds, as NumPy wrote them.
func TestIntsOfNumPy(t *testing.T) {
	for _, name := range []string{"i4_v1", "i4_v3", "i8_v2"} {
		rows, err := ReadInts(filepath.Join("testdata", name+".npy"))
		if err != nil || len(rows) != 3 {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
		for r, row := range rows {
			for c, got := range row {
				if want := int32(500_000_000*(r-1) + c); got != want {
					t.Errorf("%s, row %d, column %d: %d, want %d", name, r, c, got, want)
				}
			}
		}
	}
	rows, err := ReadInts("testdata/u1_v1.npy")
	if err != nil || !slices.Equal(rows[2], []int32{100, 107, 114, 121, 128}) {
		t.Errorf("uint8: %v, %v", rows, err)
	}
	if _, err := ReadInts("testdata/f4_v1.npy"); err == nil || !strings.Contains(err.Error(), "float32: want integers") {
		t.Errorf("of floats: %v", err)
	}
}

func TestIntsRoundTrip(t *testing.T) {
	want := [][]int32{{math.MinInt32, 1<<24 + 1, -1}, {0, math.MaxInt32, 1<<31 - 7}}
	for _, name := range []string{"x.npy", "x.ivecs"} {
		path := filepath.Join(t.TempDir(), name)
		w, err := Create(path, 3, &WriteOptions{Element: Int32})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		for _, row := range want {
			if err := w.WriteInts(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := ReadInts(path)
		if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		// As float32 the same file is refused where they would not be exact.
		r, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var f *FormatError
		if _, err := r.Next(make([]float32, 3)); !errors.As(err, &f) || f.Row != 0 || f.Column != 1 {
			t.Errorf("%s as float32: %v", name, err)
		}
	}
}

func TestIntsRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	w, err := Create(path, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteInts([]int32{1, 2}); !errors.Is(err, ErrValue) || !strings.Contains(err.Error(), "elements are float32") {
		t.Errorf("into float32: %v", err)
	}
	if w.Close() == nil {
		t.Error("closing after a failed write: no error")
	}
	w, err = Create(path, 2, &WriteOptions{Element: Int32})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteInts([]int32{1}); !errors.Is(err, ErrValue) || !strings.Contains(err.Error(), "1 components") {
		t.Errorf("a short row: %v", err)
	}
	w.Abort()

	// int64 beyond 32 bits; a file cut short.
	whole, err := os.ReadFile("testdata/i8_v1.npy")
	if err != nil {
		t.Fatal(err)
	}
	big := slices.Clone(whole)
	big[len(big)-1] = 1 // the top byte of the last value
	var f *FormatError
	if err := os.WriteFile(path, big, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadInts(path); !errors.As(err, &f) || f.Row != 2 || f.Column != 4 || !strings.Contains(err.Error(), "range of int32") {
		t.Errorf("int64 beyond 32 bits: %v", err)
	}
	r, err := NewReader(strings.NewReader(string(whole[:len(whole)-3])), -1, "cut.npy", nil)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]int32, 5)
	if err := errors.Join(r.NextInts(dst), r.NextInts(dst)); err != nil {
		t.Fatal(err)
	}
	if err := r.NextInts(dst); !errors.As(err, &f) || f.Row != 2 || err == io.EOF {
		t.Errorf("cut short: %v", err)
	}
	if r.NextInts(dst[:4]) == nil {
		t.Error("a short slice is taken")
	}
	if _, err := ReadInts(filepath.Join(dir, "none.npy")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
