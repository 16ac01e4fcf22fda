package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestRouteMany compares the distances with sums of integers, and with each other on all paths, bit by bit.
func TestRouteMany(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 1))
	for _, dim := range []int{4, 8, 12, 16, 20, 28, 32, 60, 64, 100, 128, 384, 1540} {
		for _, groups := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 13} {
			q8, comps := make([]uint8, dim), make([]int8, dim*groups*RouteGroup)
			for i := range q8 {
				q8[i] = uint8(r.Uint32())
			}
			q8[0], q8[dim-1] = 0, 255 // what would saturate in 16 bits
			for i := range comps {
				comps[i] = int8(r.IntN(255) - 127)
				if i < dim*RouteGroup/2 {
					comps[i] = 127
				}
			}
			testRoute(t, r, q8, comps)
		}
		// The ends of both ranges.
		q8, comps := make([]uint8, dim), make([]int8, dim*RouteGroup)
		for _, q := range []uint8{0, 255} {
			for _, c := range []int8{-127, 127} {
				for i := range q8 {
					q8[i] = q
				}
				for i := range comps {
					comps[i] = c
				}
				testRoute(t, r, q8, comps)
			}
		}
	}
}

func testRoute(t *testing.T, r *rand.Rand, q8 []uint8, comps []int8) {
	t.Helper()
	dim := len(q8)
	n := len(comps) / dim
	norms, bias, want := make([]float32, n), make([]int32, n), make([]float32, n)
	p := RouteParams{Base: 3, Mul: 1e-5}
	for i := range want {
		if norms[i] = r.Float32(); i == n-1 {
			norms[i] = infinity
		}
		dot := 0
		for c := range dim {
			place := i/RouteGroup*RouteGroup*dim + c/4*64 + i%RouteGroup*4 + c%4
			dot += int(q8[c]) * int(comps[place])
			bias[i] += 128 * int32(comps[place])
		}
		want[i] = max(0, (p.Base+norms[i])-float32(p.Mul*float32(dot-int(bias[i]))))
	}
	onPaths(t, func(t *testing.T) {
		out := make([]float32, n+1)
		out[n] = -7
		RouteMany(q8, comps, norms, bias, p, out[:n:n])
		for i, x := range want {
			if math.Float32bits(out[i]) != math.Float32bits(x) {
				t.Fatalf("%d centroids of %d components: centroid %d at %v, want %v", n, dim, i, out[i], x)
			}
		}
		if n > 0 && out[n-1] != infinity || out[n] != -7 {
			t.Fatalf("%d centroids of %d components: padding at %v, %v written behind", n, dim, out[n-1], out[n])
		}
	})
}

// TestRouteRefuses asks for a panic where a slice is too short, not for a read beyond it.
func TestRouteRefuses(t *testing.T) {
	q8, groups, floats, bias := make([]uint8, 8), make([]int8, 8*16), make([]float32, 16), make([]int32, 16)
	var p RouteParams
	onPaths(t, func(t *testing.T) {
		for name, f := range map[string]func(){
			"components": func() { RouteMany(q8[:7], groups, floats, bias, p, floats) },
			"centroids":  func() { RouteMany(q8, groups, floats[:15], bias, p, floats) },
			"groups":     func() { RouteMany(q8, groups[:127:127], floats, bias, p, floats) },
			"bias":       func() { RouteMany(q8, groups, floats, bias[:15:15], p, floats) },
			"out":        func() { RouteMany(q8, groups, floats, bias, p, make([]float32, 15)) },
			"quantize":   func() { Quantize8(floats, 1, q8) },
		} {
			mustPanic(t, name, f)
		}
	})
}

// TestQuantize8 looks at ties, both ends, what no byte holds, and every length of a tail.
func TestQuantize8(t *testing.T) {
	nan := float32(math.NaN())
	cases := []struct {
		x    float32
		want uint8
	}{
		{0, 128}, {1, 130}, {0.25, 128}, {0.75, 130}, {-0.25, 128}, {-0.75, 126}, {1.25, 130}, {-1.25, 126}, {0.26, 129},
		{63.5, 255}, {63.6, 255}, {64, 255}, {1e9, 255}, {infinity, 255}, {-64, 0}, {-63.5, 1}, {-64.5, 0}, {-1e9, 0},
		{-infinity, 0}, {nan, 0}, {math.MaxFloat32, 255}, {1e-40, 128},
	}
	onPaths(t, func(t *testing.T) {
		for n := range 100 {
			for _, pad := range []int{0, 1, 3} {
				x, out := make([]float32, n), make([]uint8, n+pad+1)
				out[n+pad] = 77
				for i := range x {
					x[i] = cases[(i*7+n)%len(cases)].x
				}
				Quantize8(x, 2, out[:n+pad:n+pad])
				for i := range x {
					if c := cases[(i*7+n)%len(cases)]; out[i] != c.want {
						t.Fatalf("component %d of %d: %v becomes %d, want %d", i, n, c.x, out[i], c.want)
					}
				}
				for i := range pad {
					if out[n+i] != 128 {
						t.Fatalf("padding of %d components is %d", n, out[n+i])
					}
				}
				if out[n+pad] != 77 {
					t.Fatalf("%d components: written behind the bytes", n)
				}
			}
		}
	})
}
