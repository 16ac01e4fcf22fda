package annoy_test

import (
	"fmt"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// TestUnits: a target recall means the same for vectors in any unit, by a rule without an absolute part.
func TestUnits(t *testing.T) {
	const n, held, dim, k = 3000, 200, 12, 10
	for _, m := range []annoy.Metric{annoy.Euclidean, annoy.Manhattan, annoy.Dot} {
		for _, unit := range []float32{1e-7, 0x1p-40, 1, 1e7, 0x1p40} {
			t.Run(fmt.Sprint(m, " ", unit), func(t *testing.T) {
				vs := gaussian(n+held, dim)
				for _, v := range vs {
					for c := range v {
						v[c] *= unit
					}
				}
				items, queries := vs[:n], vs[n:]
				ix := build(t, twinOf(m, items, 0).builder(t, dim, nil), &annoy.BuildOptions{Shape: annoy.One4})
				truth, err := eval.Exact(t.Context(), eval.Rows(items), queries, m, k, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, recall := range []float64{0.9, 0.99} {
					found := 0
					for i, q := range queries {
						for _, h := range search(t, ix, q, k, &annoy.SearchOptions{Recall: recall}) {
							d, kth := eval.Distance(m, q, items[h.ID]), truth.Distances[i][k-1]
							if m == annoy.Dot && d >= kth*(1-1e-5) || m != annoy.Dot && d <= kth*(1+1e-5) {
								found++
							}
						}
					}
					if got := float64(found) / (held * k); got < recall-0.015 {
						t.Errorf("target %v, found %.4f", recall, got)
					}
				}
			})
		}
	}
}
