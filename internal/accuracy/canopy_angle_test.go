package accuracy

import (
	"fmt"
	"math"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// parallel is normal vectors whose last component is large, so that all have nearly one direction.
func parallel(n, dim int, last, scale float64) [][]float32 {
	vs := gaussian(n, dim)
	for _, v := range vs {
		v[dim-1] = float32(last)
		for c := range v {
			v[c] = float32(float64(v[c]) * scale)
		}
	}
	return vs
}

// TestNearlyParallel searches vectors of nearly one direction, in large and in vanishing units: distances are those of float64, and
// the target recall is found, by a rule without an absolute part.
func TestNearlyParallel(t *testing.T) {
	if raceEnabled {
		t.Skip("what is found is the same with the race detector, which takes ten times as long")
	}
	const n, held, dim, k = 1300, 120, 16, 10
	sets := map[annoy.Metric][]struct{ last, scale float64 }{
		annoy.Angular: {{1e6, 1}, {1, 1e-25}, {100, 1e12}}, annoy.Cosine: {{1e5, 1}, {10, 1e-22}},
	}
	for m, list := range sets {
		for _, c := range list {
			t.Run(fmt.Sprint(m, " ", c.last, " times ", c.scale), func(t *testing.T) {
				vs := parallel(n+held, dim, c.last, c.scale)
				items, queries := vs[:n], vs[n:]
				b := twinOf(m, items).builder(t, dim, nil)
				ix := build(t, b, &annoy.BuildOptions{Shape: annoy.One4})
				truth, err := eval.Exact(t.Context(), eval.Rows(items), queries, m, k, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, recall := range []float64{0.9, 0.99, 1} {
					found := 0
					for i, q := range queries {
						for _, h := range search(t, ix, q, k, &annoy.SearchOptions{Recall: recall}) {
							want := eval.Distance(m, q, items[h.ID])
							if math.Abs(float64(h.Distance)-want) > 1e-6*want {
								t.Fatalf("query %d: item %d at %v, want %v", i, h.ID, h.Distance, want)
							}
							if want <= truth.Distances[i][k-1]*(1+1e-5) {
								found++
							}
						}
					}
					if got := float64(found) / (held * k); got < recall-0.01 {
						t.Errorf("target %v, found %.4f", recall, got)
					}
				}
			})
		}
	}
}
