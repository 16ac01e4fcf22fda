package parquet

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// writeVectors writes a file of small pages and row groups; ids are even.
func writeVectors(path string, rows, dim int, at func(r, c int) float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := parquet.NewGenericWriter[vectors](f, parquet.PageBufferSize(64<<10), parquet.MaxRowsPerRowGroup(4000))
	row := vectors{Vec: make([]float32, dim)}
	for r := range rows {
		row.ID = int64(2 * r)
		for c := range row.Vec {
			row.Vec[c] = at(r, c)
		}
		if _, err := w.Write([]vectors{row}); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}

// Names of columns stand quoted in errors.
func TestControlCharactersOfNames(t *testing.T) {
	type hostile struct {
		A []float32 "parquet:\"a\x1b[2J\""
		B []float64 "parquet:\"b\r\""
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[hostile](&b)
	if _, err := w.Write([]hostile{{[]float32{1, 2}, []float64{3, 4}}, {[]float32{1}, []float64{3, 4}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	open := func(o *Options) error {
		r, err := NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()), "x", o)
		for err == nil {
			_, err = r.Next(make([]float32, r.Dim()))
		}
		return err
	}
	for _, tc := range []struct {
		o    *Options
		want string
	}{
		{nil, `name one of "a\x1b[2J", "b\r"`},
		{&Options{Column: "c"}, `it has "a\x1b[2J", "b\r"`},
		{&Options{Column: "a\x1b[2J"}, `x#"a\x1b[2J": row 1`},
	} {
		if err := open(tc.o); !strings.Contains(err.Error(), tc.want) || strings.ContainsAny(err.Error(), "\x1b\r") {
			t.Errorf("%+v: %q, want %q", tc.o, err, tc.want)
		}
	}
}
