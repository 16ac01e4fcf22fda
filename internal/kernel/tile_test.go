package kernel

import (
	"fmt"
	"math"
	"testing"
)

// tileKernels are the tile kernels with what they compute of one pair.
var tileKernels = []struct {
	name string
	tile func(q, x []float32, limit *TileLimits, out *TileSums, mask *TileMask)
	term func(q, x float64) (term, magnitude float64)
}{
	{"TileDot", TileDot, func(q, x float64) (float64, float64) { return q * x, math.Abs(q * x) }},
	{"TileL2", TileL2, func(q, x float64) (float64, float64) { return (q - x) * (q - x), (q - x) * (q - x) }},
	{"TileL1", TileL1, func(q, x float64) (float64, float64) { return math.Abs(q - x), math.Abs(q - x) }},
}

// TestTiles compares every sum of a tile with float64, and every bit of its mask with the sum.
func TestTiles(t *testing.T) {
	r := newRand(t)
	onPaths(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 3, 7, 16, 33, 128, 1000} {
			q, x := make([]float32, n*TileQueries), make([]float32, n*TileRows)
			fill(r, q)
			fill(r, x)
			for _, k := range tileKernels {
				var limit TileLimits
				var out TileSums
				var mask TileMask
				for a := range limit {
					limit[a] = float32(r.NormFloat64() * float64(n))
					mask[a] = 0x5a5a5a5a
				}
				limit[3], limit[4] = infinity, -infinity
				// A limit that is a sum itself: the bit is set.
				k.tile(q, x, &limit, &out, &mask)
				limit[5] = out[5][17]
				k.tile(q, x, &limit, &out, &mask)
				for a := range TileQueries {
					for b := range TileRows {
						var want, magnitude float64
						for c := range n {
							term, m := k.term(float64(q[c*TileQueries+a]), float64(x[c*TileRows+b]))
							want, magnitude = want+term, magnitude+m
						}
						got := out[a][b]
						if bound := float64(n+2) * 0x1p-24 * magnitude; !(math.Abs(float64(got)-want) <= bound) {
							t.Fatalf("%s of %d components: query %d, row %d: %v, want %v ± %v", k.name, n, a, b, got, want, bound)
						}
						if set := mask[a]>>b&1 == 1; set != (got <= limit[a]) {
							t.Fatalf("%s of %d components: query %d, row %d: bit is %v for %v, limit %v", k.name, n, a, b, set, got, limit[a])
						}
					}
				}
				if mask[3] != math.MaxUint32 || mask[4] != 0 || mask[5]>>17&1 != 1 {
					t.Fatalf("%s: masks of infinite and equal limits %x", k.name, mask[3:6])
				}
			}
		}
	})
}

// TestTileNaN asks that a sum that overflowed is within every limit.
func TestTileNaN(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		for _, k := range tileKernels {
			q, x := make([]float32, 2*TileQueries), make([]float32, 2*TileRows)
			for i := range q {
				q[i] = float32(math.NaN())
			}
			var limit TileLimits
			var out TileSums
			var mask TileMask
			k.tile(q, x, &limit, &out, &mask)
			for a, m := range mask {
				if m != math.MaxUint32 {
					t.Errorf("%s: query %d: mask %x of NaNs", k.name, a, m)
				}
			}
		}
	})
}

// BenchmarkTile measures panels in cache.
func BenchmarkTile(b *testing.B) {
	r := benchRand()
	for _, n := range []int{128, 384} {
		q, x := make([]float32, n*TileQueries), make([]float32, n*TileRows)
		fill(r, q)
		fill(r, x)
		for _, p := range Paths() {
			for _, k := range tileKernels {
				b.Run(fmt.Sprintf("%s/dim=%d/%v", k.name, n, p), func(b *testing.B) {
					defer Force(p)()
					var limit TileLimits
					var out TileSums
					var mask TileMask
					for b.Loop() {
						k.tile(q, x, &limit, &out, &mask)
					}
					b.ReportMetric(float64(n*TileQueries*TileRows)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gterms/s")
				})
			}
		}
	}
}
