package accuracy

import (
	"fmt"
	"math"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// TestForestNearlyParallel: Annoy's arithmetic takes such vectors for one. Exact, Distance and the item itself are right all the same.
func TestForestNearlyParallel(t *testing.T) {
	const n, dim, k = 2000, 16, 10
	for _, c := range []struct{ last, scale float64 }{{1e6, 1}, {1e5, 1}, {1, 1e-25}, {0, 1}} {
		t.Run(fmt.Sprint(c.last, " times ", c.scale), func(t *testing.T) {
			vs := parallel(n+20, dim, c.last, c.scale)
			items, queries := vs[:n], vs[n:]
			ix := twinOf(annoy.Angular, items).forest(t, dim, 5)
			truth, err := eval.Exact(t.Context(), eval.Rows(items), queries, annoy.Angular, k, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, q := range queries {
				for place, h := range search(t, ix, q, k, &annoy.SearchOptions{Exact: true}) {
					want := truth.Distances[i][place]
					if h.ID != truth.IDs[i][place] || math.Abs(float64(h.Distance)-want) > 1e-6*want {
						t.Fatalf("query %d, place %d: %+v, want item %d at %v", i, place, h, truth.IDs[i][place], want)
					}
				}
			}
			for _, id := range []int64{0, 7, n - 1} {
				for _, o := range []*annoy.SearchOptions{nil, {Exact: true}, {SearchK: 100}} {
					hits, err := ix.SearchByID(id, k, o)
					if err != nil || len(hits) == 0 || hits[0] != (annoy.Neighbor{ID: id}) {
						t.Errorf("item %d among its own with %+v: %v, %v", id, o, hits, err)
					}
				}
				hits, err := ix.SearchByID(id, k, &annoy.SearchOptions{Exclude: []int64{id}})
				if err != nil || len(hits) != k || hits[0].ID == id {
					t.Errorf("item %d without itself: %v, %v", id, hits, err)
				}
				got, err := ix.Distance(id, 5)
				if want := eval.Distance(annoy.Angular, items[id], items[5]); err != nil || math.Abs(float64(got)-want) > 1e-6*want {
					t.Errorf("items %d and 5 are %v apart, want %v: %v", id, got, want, err)
				}
			}
		})
	}
}

// TestForestDuplicates: an item with duplicates of smaller ids comes behind these among its own, as in Annoy.
func TestForestDuplicates(t *testing.T) {
	vs := gaussian(300, 8)
	vs[200], vs[100] = vs[7], vs[7]
	ix := twinOf(annoy.Angular, vs).forest(t, 8, 5)
	for _, c := range []struct {
		id   int64
		k    int
		want string
	}{{7, 3, "[7 100 200]"}, {100, 2, "[7 100]"}, {200, 3, "[7 100 200]"}, {200, 2, "[7 100]"}} {
		hits, err := ix.SearchByID(c.id, c.k, nil)
		if got := fmt.Sprint(idsOf(hits)); err != nil || got != c.want {
			t.Errorf("%d nearest of item %d: %s, want %s, %v", c.k, c.id, got, c.want, err)
		}
	}
}
