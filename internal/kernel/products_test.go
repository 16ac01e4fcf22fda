package kernel

import (
	"fmt"
	"math"
	"testing"
)

// TestProducts compares every sum of a tile with float64, and points that repeat bit by bit.
func TestProducts(t *testing.T) {
	r := newRand(t)
	onPaths(t, func(t *testing.T) {
		for _, n := range typedLengths {
			panel := make([]float32, n*ProductCentroids+3)[3:]
			fill(r, panel)
			rows := make([]float32, 1+7*(n+1))
			fill(r, rows)
			var points [ProductPoints]*float32
			for p := range points {
				points[p] = &rows[1+p%7*(n+1)]
			}
			var out [ProductPoints][ProductCentroids]float32
			for p := range out {
				for c := range out[p] {
					out[p][c] = float32(math.NaN())
				}
			}
			Products(&points, panel, n, &out)
			for p := range 7 {
				for c := range ProductCentroids {
					var want, magnitude float64
					for i := range n {
						term := float64(rows[1+p*(n+1)+i]) * float64(panel[i*ProductCentroids+c])
						want, magnitude = want+term, magnitude+math.Abs(term)
					}
					if got := float64(out[p][c]); !(math.Abs(got-want) <= 1e-5*magnitude) {
						t.Fatalf("%d components: point %d, centroid %d: %v, want %v", n, p, c, got, want)
					}
				}
			}
			if out[7] != out[0] {
				t.Fatalf("%d components: the same point in two places has different products", n)
			}
		}
	})
}

// TestArgMin puts the smallest value, alone or twice, into every place.
func TestArgMin(t *testing.T) {
	r := newRand(t)
	nan := float32(math.NaN())
	check := func(t *testing.T, v, add []float32, mul float32, want int) {
		t.Helper()
		at, least := ArgMin(v, add, mul)
		if at != want {
			t.Fatalf("the smallest of %d is at %d (%v), want %d", len(v), at, least, want)
		}
		if len(v) == 0 || least == infinity {
			return
		}
		exact := float64(add[at]) + float64(mul)*float64(v[at])
		magnitude := math.Abs(float64(add[at])) + math.Abs(float64(mul)*float64(v[at]))
		if math.Abs(float64(least)-exact) > 1e-6*magnitude {
			t.Fatalf("the smallest of %d is %v, want %v", len(v), least, exact)
		}
	}
	onPaths(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 100, 257} {
			v, add := make([]float32, n), make([]float32, n)
			for first := range n {
				fill(r, v)
				fill(r, add)
				second := first + r.IntN(n-first)
				for _, i := range []int{first, second} {
					v[i], add[i] = 1000, 3
				}
				check(t, v, add, -2, first)
				// Padding never wins, wherever it is.
				v[first], add[first] = 0, infinity
				if second > first {
					check(t, v, add, -2, second)
				}
				v[first], add[first] = nan, 0
				if second > first {
					check(t, v, add, -2, second)
				}
			}
			for i := range v {
				v[i], add[i] = 5, infinity
			}
			check(t, v, add, -2, 0)
			for i := range v {
				v[i], add[i] = infinity, infinity
			}
			check(t, v, add, -2, 0)
			v[n-1], add[n-1] = 1, math.MaxFloat32
			check(t, v, add, -2, n-1)
			// All smallest: the first.
			for i := range v {
				v[i], add[i] = -1, 2
			}
			check(t, v, add, 1, 0)
		}
		if at, least := ArgMin(nil, nil, 1); at != 0 || least != infinity {
			t.Errorf("the smallest of none is %v at %d", least, at)
		}
	})
}

// BenchmarkProducts measures a panel in cache.
func BenchmarkProducts(b *testing.B) {
	r := benchRand()
	for _, n := range []int{128, 384} {
		panel, rows := make([]float32, n*ProductCentroids), make([]float32, n*ProductPoints)
		fill(r, panel)
		fill(r, rows)
		var points [ProductPoints]*float32
		for p := range points {
			points[p] = &rows[p*n]
		}
		var out [ProductPoints][ProductCentroids]float32
		for _, path := range Paths() {
			b.Run(fmt.Sprintf("dim=%d/%v", n, path), func(b *testing.B) {
				defer Force(path)()
				for b.Loop() {
					Products(&points, panel, n, &out)
				}
				b.ReportMetric(float64(n*ProductPoints*ProductCentroids)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gterms/s")
			})
		}
	}
}

// BenchmarkArgMin measures the values of a panel's centroids.
func BenchmarkArgMin(b *testing.B) {
	v, add := make([]float32, ProductCentroids), make([]float32, ProductCentroids)
	fill(benchRand(), v)
	for _, p := range Paths() {
		b.Run(p.String(), func(b *testing.B) {
			defer Force(p)()
			for b.Loop() {
				ArgMin(v, add, -2)
			}
		})
	}
}
