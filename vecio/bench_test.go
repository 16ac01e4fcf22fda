package vecio

import (
	"bytes"
	"io"
	"slices"
	"testing"
)

// Measured in bytes of the file a second.
func BenchmarkRead(b *testing.B) {
	const rows, dim = 10_000, 128
	for _, e := range Npy.elements() {
		data := appendNpyHeader(nil, e, rows, dim)
		data = append(data, make([]byte, rows*dim*codecs[e].size)...)
		b.Run("npy "+e.String(), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			dst := make([]float32, dim)
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(data), int64(len(data)), "x.npy", nil)
				for err == nil {
					_, err = r.Next(dst)
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
		})
	}
	line := appendDecimals(nil, slices.Repeat([]float32{-0.0123456, 0.987}, dim/2), ',')
	for format, data := range map[Format][]byte{
		JSONL: bytes.Repeat(slices.Concat([]byte("["), line, []byte("]\n")), rows/10),
		CSV:   bytes.Repeat(slices.Concat(line, []byte("\n")), rows/10),
	} {
		b.Run(string(format), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			dst := make([]float32, dim)
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(data), -1, "x", &ReadOptions{Format: format})
				for err == nil {
					_, err = r.Next(dst)
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
		})
	}
}
