package accuracy

import (
	"fmt"
	"math"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// TestUnits: a target recall means the same for vectors in any unit, by a rule without an absolute part, distances are as many times as
// large, and exact answers the same. Squares and products of 2⁻⁸⁰ are beyond float32, so that only metrics without them are asked for it.
func TestUnits(t *testing.T) {
	if raceEnabled {
		t.Skip("what is found is the same with the race detector, which takes ten times as long")
	}
	const n, held, dim, k = 1200, 120, 12, 10
	for _, m := range []annoy.Metric{annoy.Angular, annoy.Cosine, annoy.Euclidean, annoy.Manhattan, annoy.Dot} {
		units := []float32{1e-7, 0x1p-40, 0x1p40}
		switch m {
		case annoy.Angular, annoy.Cosine:
			units = []float32{0x1p-80}
		case annoy.Manhattan:
			units = append(units, 0x1p-80)
		}
		for _, unit := range units {
			t.Run(fmt.Sprint(m, " ", unit), func(t *testing.T) {
				vs := gaussian(n+held, dim)
				for _, v := range vs {
					for c := range v {
						v[c] *= unit
					}
				}
				items, queries := vs[:n], vs[n:]
				ix := build(t, twinOf(m, items).builder(t, dim, nil), &annoy.BuildOptions{Shape: annoy.One4})
				truth, err := eval.Exact(t.Context(), eval.Rows(items), queries, m, k, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, recall := range []float64{0.9, 0.99, 1} {
					found := 0
					for i, q := range queries {
						for _, h := range search(t, ix, q, k, &annoy.SearchOptions{Recall: recall}) {
							d, kth := eval.Distance(m, q, items[h.ID]), truth.Distances[i][k-1]
							if math.Abs(float64(h.Distance)-d) > 1e-5*math.Abs(d) {
								t.Fatalf("query %d: item %d at %v, want %v", i, h.ID, h.Distance, d)
							}
							if m == annoy.Dot && d >= kth*(1-1e-5) || m != annoy.Dot && d <= kth*(1+1e-5) {
								found++
							}
						}
					}
					if got := float64(found) / (held * k); got < recall-0.015 || recall == 1 && got < 1 {
						t.Errorf("target %v, found %.4f", recall, got)
					}
				}
			})
		}
	}
}
