package kernel

import (
	"testing"
	"unsafe"
)

// TestCodesAtEndOfMapping gives Codes slices whose last byte is the last of a mapping.
func TestCodesAtEndOfMapping(t *testing.T) {
	r := newRand(t)
	_, fence := guarded(t)
	floats := func(n int) []float32 { return unsafe.Slice((*float32)(unsafe.Add(fence, -4*n)), n) }
	onPaths(t, func(t *testing.T) {
		for _, dims := range []int{4, 8} {
			const m = 4
			x, book, half := make([]float32, m*dims), make([]float32, m*dims*CodeWords), make([]float32, m*CodeWords)
			fill(r, x)
			fill(r, book)
			var want, got [m]byte
			Codes(x, book, half, m, dims, want[:])
			for i, s := range [][]float32{x, book, half} {
				args := [][]float32{x, book, half}
				args[i] = floats(len(s))
				copy(args[i], s)
				Codes(args[0], args[1], args[2], m, dims, got[:])
				if got != want {
					t.Fatalf("argument %d at the end of a mapping: %v, want %v", i, got, want)
				}
			}
			end := unsafe.Slice((*byte)(unsafe.Add(fence, -m)), m)
			Codes(x, book, half, m, dims, end)
			if [m]byte(end) != want {
				t.Fatalf("codes at the end of a mapping: %v, want %v", end, want)
			}
		}
	})
}
