package annoy_test

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/annoy-go/annoy"
)

// kindsBuilt are an index of each kind of the same vectors, whose ids are their places.
func kindsBuilt(t *testing.T, m annoy.Metric, vs [][]float32) []*annoy.Index {
	b := twinOf(m, vs, 0).builder(t, len(vs[0]), nil)
	return []*annoy.Index{build(t, b, nil), build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 5})}
}

// TestSearchRangeExact compares ranges of every metric and kind with the distances of all items.
func TestSearchRangeExact(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		const n, dim = 1500, 12
		vs := cloud(seeded(31), n, dim)
		for _, ix := range kindsBuilt(t, m, vs) {
			all := search(t, ix, vs[0], n, &annoy.SearchOptions{Exact: true})
			for _, rank := range []int{0, 1, 9, 99, 100, 600, n - 1} {
				radius, want := all[rank].Distance, rank+1
				for want < n && all[want].Distance == radius {
					want++
				}
				got, err := ix.SearchRange(vs[0], radius, &annoy.SearchOptions{Exact: true})
				if err != nil || !slices.Equal(got, all[:want]) {
					t.Errorf("%v within %v: %d items, want %d, %v", ix.Kind(), radius, len(got), want, err)
				}
			}
			got, err := ix.SearchRangeByID(7, all[n/2].Distance, &annoy.SearchOptions{Exact: true, Exclude: []int64{7}})
			if err != nil || len(got) == 0 || slices.Contains(idsOf(got), 7) {
				t.Errorf("%v by id without itself: %d items, %v", ix.Kind(), len(got), err)
			}
		}
	})
}

// TestSearchRangeRecall asks for a recall of ranges of some items to a quarter of all, of queries that are no items.
func TestSearchRangeRecall(t *testing.T) {
	const n, dim, recall = 8000, 16, 0.95
	vs := gaussian(n+40, dim)
	queries := vs[n:]
	ix := build(t, twinOf(annoy.Euclidean, vs[:n], 0).builder(t, dim, nil), nil)
	for _, rank := range []int{5, 50, 500, 3000} {
		found, want := 0, 0
		for _, q := range queries {
			all := search(t, ix, q, rank, &annoy.SearchOptions{Exact: true})
			got, err := ix.SearchRange(q, all[rank-1].Distance, &annoy.SearchOptions{Recall: recall})
			if err != nil {
				t.Fatal(err)
			}
			if len(got) > rank || !slices.IsSortedFunc(got, func(a, b annoy.Neighbor) int {
				return cmp.Compare(a.Distance, b.Distance)
			}) {
				t.Fatalf("rank %d: %d hits, out of order or beyond the radius", rank, len(got))
			}
			found, want = found+len(got), want+rank
		}
		if share := float64(found) / float64(want); share < recall-0.01 {
			t.Errorf("within the distance of neighbour %d: found %.4f of the items, asked for %v", rank, share, recall)
		}
	}
}

// TestSearchRangeFilter asks for all of a filter's items that are within.
func TestSearchRangeFilter(t *testing.T) {
	const n, dim = 5000, 8
	for _, ix := range kindsBuilt(t, annoy.Euclidean, cloud(seeded(33), n, dim)) {
		var odd []int64
		for id := int64(1); id < n; id += 2 {
			odd = append(odd, id)
		}
		got, err := ix.SearchRange(make([]float32, dim), 1e3, &annoy.SearchOptions{Filter: annoy.IDFilter(odd)})
		if err != nil || len(got) != len(odd) {
			t.Errorf("%v: %d of %d items of the filter, %v", ix.Kind(), len(got), len(odd), err)
		}
	}
}

func TestSearchRangeRefuses(t *testing.T) {
	vs := gaussian(100, 4)
	euclidean, dot := kindsBuilt(t, annoy.Euclidean, vs)[0], kindsBuilt(t, annoy.Dot, vs)[0]
	for _, c := range []struct {
		ix     *annoy.Index
		radius float32
		o      *annoy.SearchOptions
		want   error
	}{
		{euclidean, -1, nil, annoy.ErrOption},
		{euclidean, float32(math.NaN()), nil, annoy.ErrOption},
		{euclidean, 1, &annoy.SearchOptions{MaxDistance: 2}, annoy.ErrOption},
		{dot, 1, &annoy.SearchOptions{MinProduct: 2}, annoy.ErrOption},
		{dot, -1, nil, nil},
		{euclidean, 0, nil, nil},
		{euclidean, float32(math.Inf(1)), nil, nil},
	} {
		if _, err := c.ix.SearchRange(vs[0], c.radius, c.o); !errors.Is(err, c.want) {
			t.Errorf("%v within %v: %v, want %v", c.ix.Metric(), c.radius, err, c.want)
		}
	}
	if hits, err := euclidean.SearchRange(vs[0], 0, nil); err != nil || len(hits) != 1 || hits[0].ID != 0 {
		t.Errorf("within 0 of an item: %v, %v", hits, err)
	}
	if _, err := euclidean.SearchRange(vs[0][:3], 1, nil); !errors.Is(err, annoy.ErrDimension) {
		t.Errorf("a query of 3 components: %v", err)
	}
	if _, err := euclidean.SearchRangeByID(100, 1, nil); !errors.Is(err, annoy.ErrNotFound) {
		t.Errorf("the range around an item that is not there: %v", err)
	}
	euclidean.Close()
	if _, err := euclidean.SearchRange(vs[0], 1, nil); !errors.Is(err, annoy.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
