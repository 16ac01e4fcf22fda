package accuracy

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

var allMetrics = []annoy.Metric{annoy.Angular, annoy.Euclidean, annoy.Manhattan, annoy.Dot, annoy.Hamming, annoy.Cosine}

// exactly compares all items.
var exactly = &annoy.SearchOptions{Exact: true}

// everything is a SearchK that makes a search of a forest exact.
func everything(ix *annoy.Index) *annoy.SearchOptions {
	return &annoy.SearchOptions{SearchK: ix.Len() * ix.Trees()}
}

// seeded is a random source with a fixed seed.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x616e6e6f79)) }

func gaussian(n, dim int) [][]float32 {
	rng, vs := seeded(101), make([][]float32, n)
	for i := range vs {
		vs[i] = make([]float32, dim)
		for c := range vs[i] {
			vs[i][c] = float32(rng.NormFloat64())
		}
	}
	return vs
}

// twin is the items of an index.
type twin struct {
	metric annoy.Metric
	items  map[int64][]float32
}

// twinOf has the vectors under the ids 0, 1, ….
func twinOf(m annoy.Metric, vecs [][]float32) *twin {
	tw := &twin{m, map[int64][]float32{}}
	for i, v := range vecs {
		tw.items[int64(i)] = v
	}
	return tw
}

// builder has the items, added by ascending id.
func (tw *twin) builder(t *testing.T, dim int, o *annoy.BuilderOptions) *annoy.Builder {
	t.Helper()
	b, err := annoy.NewBuilder(dim, tw.metric, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	for _, id := range slices.Sorted(maps.Keys(tw.items)) {
		if err := b.Add(int(id), tw.items[id]); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (tw *twin) canopy(t *testing.T, dim int, o *annoy.BuildOptions) *annoy.Index {
	t.Helper()
	return build(t, tw.builder(t, dim, nil), o)
}

func (tw *twin) forest(t *testing.T, dim, trees int) *annoy.Index {
	t.Helper()
	return build(t, tw.builder(t, dim, nil), &annoy.BuildOptions{Kind: annoy.Forest, Trees: trees})
}

// kth are the distances of the queries' true k-th neighbours.
func (tw *twin) kth(t *testing.T, queries [][]float32, k int) []float64 {
	t.Helper()
	var rows [][]float32
	for _, id := range slices.Sorted(maps.Keys(tw.items)) {
		rows = append(rows, tw.items[id])
	}
	truth, err := eval.Exact(t.Context(), eval.Rows(rows), queries, tw.metric, k, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(queries))
	for i := range out {
		out[i] = truth.Distances[i][k-1]
	}
	return out
}

func build(t *testing.T, b *annoy.Builder, o *annoy.BuildOptions) *annoy.Index {
	t.Helper()
	ix, err := b.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	return ix
}

func open(t *testing.T, path string, o *annoy.OpenOptions) *annoy.Index {
	t.Helper()
	ix, err := annoy.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	return ix
}

func search(t *testing.T, ix *annoy.Index, q []float32, k int, o *annoy.SearchOptions) []annoy.Neighbor {
	t.Helper()
	hits, err := ix.Search(q, k, o)
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

func idsOf(hits []annoy.Neighbor) []int64 {
	ids := make([]int64, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	return ids
}
