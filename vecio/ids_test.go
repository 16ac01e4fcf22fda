package vecio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadIDs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ids.txt")
	read := func(text string) ([]int64, error) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return ReadIDs(path)
	}
	for text, want := range map[string][]int64{
		"":      {},
		"# a\n": {},
		"7\n\n# seven\n 0 # and none\r\n9223372036854775807": {7, 0, math.MaxInt64},
		"\ufeff3\n3\n": {3, 3},
	} {
		if got, err := read(text); err != nil || !slices.Equal(got, want) || got == nil {
			t.Errorf("%q: %v %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"1\n\nx\n":                              `ids.txt: line 3: "x" is not an id`,
		"-1":                                    "line 1: \"-1\" is not an id",
		"1 2":                                   "line 1",
		"1.0":                                   "line 1",
		"1\n9223372036854775808\n":              "line 2",
		"1\n#" + strings.Repeat("x", maxIDLine): "line 2: longer than 65536 bytes",
		"\x1f\x8b\x08\x00":                      "gzip",
	} {
		if got, err := read(text); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v %v, want %q", text, got, err, want)
		}
	}
	if _, err := ReadIDs(path + "no"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestWithIDs(t *testing.T) {
	open := func(size int64) *Reader {
		data := bin(int32(1), float32(1), int32(1), float32(2), int32(1), float32(3))
		if size > 0 {
			size = int64(len(data))
		}
		r, err := NewReader(bytes.NewReader(data), size, "x.fvecs", nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, size := range []int64{-1, 1} {
		s, err := WithIDs(open(size), []int64{30, 10, 20})
		if err != nil || s.Dim() != 1 || s.Len() != 3 {
			t.Fatal(s, err)
		}
		rows, ids, err := all(s)
		if err != nil || !slices.Equal(ids, []int64{30, 10, 20}) || rows[2][0] != 3 {
			t.Errorf("%v %v %v", rows, ids, err)
		}
		if _, err := s.Next(make([]float32, 1)); err != io.EOF {
			t.Errorf("after the last row: %v", err)
		}
		for _, wrong := range [][]int64{{1, 2}, {1, 2, 3, 4}, {}} {
			s, err := WithIDs(open(size), wrong)
			if (err != nil) != (size > 0) {
				t.Errorf("%v: %v at once", wrong, err)
			}
			if err == nil {
				rows, _, err = all(s)
				if len(rows) != min(3, len(wrong)) {
					t.Errorf("%v: %d rows", wrong, len(rows))
				}
			}
			if err == nil || !strings.Contains(err.Error(), "ids") {
				t.Errorf("%v: %v", wrong, err)
			}
		}
	}
	for want, ids := range map[string][]int64{
		"id 5 stands twice in the list, for row 0 and for row 2": {5, 1, 5},
		"id 6 stands twice in the list, for row 1 and for row 2": {5, 6, 6},
		"id -4 (of row 1) is negative":                           {5, -4, 6},
	} {
		if _, err := WithIDs(open(-1), ids); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", ids, err, want)
		}
	}
	// An error of the source passes through.
	r, err := NewReader(strings.NewReader("1\nx"), -1, "x.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := WithIDs(r, []int64{4, 5})
	if err != nil {
		t.Fatal(err)
	}
	if _, ids, err := all(s); !errors.Is(err, ErrFormat) || !slices.Equal(ids, []int64{4}) {
		t.Errorf("%v %v", ids, err)
	}
}
