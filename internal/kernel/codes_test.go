package kernel

import (
	"fmt"
	"math"
	"testing"
)

// TestCodes compares the sum of every chosen codeword with the least one, in float64, and asks for the first of equal
// codewords.
func TestCodes(t *testing.T) {
	r := newRand(t)
	onPaths(t, func(t *testing.T) {
		for _, dims := range []int{1, 2, 4, 8} {
			for _, m := range []int{0, 4, 8, 12, 100} {
				x, book, half := make([]float32, m*dims), make([]float32, m*dims*CodeWords), make([]float32, m*CodeWords)
				fill(r, x)
				fill(r, book)
				twin := r.IntN(CodeWords)
				for j := range m {
					for c := range CodeWords {
						for d := range dims {
							w := &book[(j*dims+d)*CodeWords+c]
							if c > twin { // several that are the same
								*w = book[(j*dims+d)*CodeWords+twin]
							}
							half[j*CodeWords+c] += *w * *w / 2
						}
					}
				}
				codes := make([]byte, m+1)
				codes[m] = 0xa5
				Codes(x, book, half, m, dims, codes)
				for j := range m {
					var sums [CodeWords]float64
					least, magnitude := math.Inf(1), 0.0
					for c := range sums {
						sums[c] = float64(half[j*CodeWords+c])
						for d := range dims {
							term := float64(x[j*dims+d]) * float64(book[(j*dims+d)*CodeWords+c])
							sums[c] -= term
							magnitude = max(magnitude, math.Abs(term), sums[c])
						}
						least = min(least, sums[c])
					}
					if c := int(codes[j]); c >= CodeWords || c > twin || sums[c] > least+1e-5*magnitude {
						t.Fatalf("m %d, dims %d: code %d of sub-space %d, whose sums are %v; those after %d are its equals", m, dims, c, j, sums, twin)
					}
				}
				if codes[m] != 0xa5 {
					t.Fatalf("m %d, dims %d: wrote beyond the codes", m, dims)
				}
			}
		}
	})
}

// TestCodesNaN asks for codes in range whatever the sums are.
func TestCodesNaN(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		x, book, half, codes := make([]float32, 16), make([]float32, 16*CodeWords), make([]float32, 4*CodeWords), make([]byte, 4)
		for i := range x {
			x[i] = float32(math.NaN())
		}
		Codes(x, book, half, 4, 4, codes)
		for _, c := range codes {
			if c >= CodeWords {
				t.Fatalf("code %d", c)
			}
		}
	})
}

// BenchmarkCodes measures one vector against a codebook in cache.
func BenchmarkCodes(b *testing.B) {
	r := benchRand()
	for _, s := range []struct{ m, dims int }{{32, 4}, {16, 8}, {48, 8}} {
		x, book, half := make([]float32, s.m*s.dims), make([]float32, s.m*s.dims*CodeWords), make([]float32, s.m*CodeWords)
		fill(r, x)
		fill(r, book)
		codes := make([]byte, s.m)
		for _, p := range Paths() {
			b.Run(fmt.Sprintf("m=%d/dims=%d/%v", s.m, s.dims, p), func(b *testing.B) {
				defer Force(p)()
				for b.Loop() {
					Codes(x, book, half, s.m, s.dims, codes)
				}
			})
		}
	}
}
