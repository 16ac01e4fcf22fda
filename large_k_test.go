package annoy_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestLargeK: asked for more neighbours than there are items, a search answers all, and takes memory for no more.
func TestLargeK(t *testing.T) {
	const n = 200
	for _, kind := range []annoy.Kind{annoy.Forest, annoy.Canopy} {
		b, err := annoy.NewBuilder(4, annoy.Euclidean, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if err := b.Add(i, []float32{float32(i), float32(i % 7), 1, 2}); err != nil {
				t.Fatal(err)
			}
		}
		ix, err := b.Build(t.Context(), &annoy.BuildOptions{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		q := []float32{3, 1, 4, 1}
		want, err := ix.Search(q, n, &annoy.SearchOptions{Exact: true})
		if err != nil || len(want) != n {
			t.Fatalf("%v: %d hits (%v)", kind, len(want), err)
		}
		for _, k := range []int{n + 1, math.MaxInt32, math.MaxInt/4 + 1, math.MaxInt - 1, math.MaxInt} {
			for _, o := range []*annoy.SearchOptions{{Exact: true}, {SearchK: math.MaxInt}, {Exact: true, Exclude: []int64{-1}}} {
				what := fmt.Sprintf("%v, k %d, %+v", kind, k, *o)
				got, err := ix.Search(q, k, o)
				if err != nil || !slices.Equal(got, want) || cap(got) > 4*n {
					t.Errorf("%s: %d hits, room for %d (%v)", what, len(got), cap(got), err)
				}
				byID, err := ix.SearchByID(3, k, o)
				if err != nil || len(byID) != n || cap(byID) > 4*n {
					t.Errorf("%s: by id %d hits, room for %d (%v)", what, len(byID), cap(byID), err)
				}
				batch, err := ix.SearchBatch(t.Context(), [][]float32{q, q}, k, o)
				if err != nil || len(batch) != 2 || !slices.Equal(batch[1], want) || cap(batch[1]) > 4*n {
					t.Errorf("%s: a batch gives %d answers (%v)", what, len(batch), err)
				}
			}
			// Without options, what the defaults make of such a k must not overflow.
			if got, err := ix.Search(q, k, nil); err != nil || len(got) != n {
				t.Errorf("%v, k %d: %d hits (%v)", kind, k, len(got), err)
			}
		}
	}
}
