package hostile

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/annoy-go/annoy"
)

func gauss(rng *rand.Rand, dim int, scale float64) []float32 {
	v := make([]float32, dim)
	for c := range v {
		v[c] = float32(rng.NormFloat64() * scale)
	}
	return v
}

// bytesOf is the file of an index.
func bytesOf(t *testing.T, ix *annoy.Index) []byte {
	t.Helper()
	var buf bytes.Buffer
	if _, err := ix.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// aligned copies bytes to a multiple of 8, as Load wants them.
func aligned(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8)
	out := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))[:len(b)]
	copy(out, b)
	return out
}

// nearer tells whether a hit is nearer than another.
func nearer(m annoy.Metric, a, b annoy.Neighbor) bool {
	if m == annoy.Dot {
		return a.Distance > b.Distance
	}
	return a.Distance < b.Distance
}

type filterFunc func(id int64) bool

func (f filterFunc) Contains(id int64) bool { return f(id) }
