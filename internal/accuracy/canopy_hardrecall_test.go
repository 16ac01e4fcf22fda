package accuracy

import (
	"math/rand/v2"
	"testing"

	"github.com/annoy-go/annoy"
)

// hardSet is a canopy of vectors, and queries with all items by their distance.
type hardSet struct {
	ix      *annoy.Index
	queries [][]float32
	ranked  [][]annoy.Neighbor
}

func newHardSet(t *testing.T, items, queries [][]float32) *hardSet {
	t.Helper()
	b, err := annoy.NewBuilder(len(items[0]), annoy.Euclidean, nil)
	if err != nil {
		t.Fatal(err)
	}
	for id, v := range items {
		if err := b.Add(id, v); err != nil {
			t.Fatal(err)
		}
	}
	ix, err := b.Build(t.Context(), &annoy.BuildOptions{Shape: annoy.Two8, Calibrate: 300})
	if err != nil {
		t.Fatal(err)
	}
	if err := ix.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &hardSet{ix: ix, queries: queries}
	for _, q := range queries {
		s.ranked = append(s.ranked, search(t, ix, q, len(items), exactly))
	}
	return s
}

// recall is that of searches for k, of those of the ranked items that answers returns for a query, at most k.
func (s *hardSet) recall(t *testing.T, k int, options func(ranked []annoy.Neighbor) (annoy.SearchOptions, []annoy.Neighbor), target float64) float64 {
	t.Helper()
	found := 0.0
	for i, q := range s.queries {
		o, want := options(s.ranked[i])
		o.Recall = target
		want = want[:min(k, len(want))]
		far, got := want[len(want)-1].Distance*(1+1e-5), 0
		for _, h := range search(t, s.ix, q, k, &o) {
			if h.Distance <= far {
				got++
			}
		}
		found += min(1, float64(got)/float64(len(want))) / float64(len(s.queries))
	}
	return found
}

// check asks for recalls and compares. The mean of 100 queries is good to about 0.02 at 0.9.
func (s *hardSet) check(t *testing.T, name string, ks []int, options func(ranked []annoy.Neighbor) (annoy.SearchOptions, []annoy.Neighbor)) {
	t.Helper()
	for _, k := range ks {
		for _, target := range []float64{0.8, 0.95, 0.99} {
			got := s.recall(t, k, options, target)
			t.Logf("%s, k %d: asked for %v, found %.4f", name, k, target, got)
			if slack := 0.2*(1-target) + 0.005; got < target-slack {
				t.Errorf("%s, k %d: asked for %v, found %.4f", name, k, target, got)
			}
		}
	}
}

func normals(rng *rand.Rand, n, dim int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, dim)
		for c := range out[i] {
			out[i][c] = float32(rng.NormFloat64())
		}
	}
	return out
}

func unrestricted(ranked []annoy.Neighbor) (annoy.SearchOptions, []annoy.Neighbor) {
	return annoy.SearchOptions{}, ranked
}

// TestHardRecallOfNewGroups: items lie in groups of near duplicates, and queries belong to none of them. Each item finds its answers in its own
// group, so that hardly any effort is enough for queries like the items.
func TestHardRecallOfNewGroups(t *testing.T) {
	if raceEnabled {
		t.Skip("what is found is the same with the race detector, which takes ten times as long")
	}
	const groups, copies, dim = 300, 30, 16
	rng := seeded(212)
	var items [][]float32
	for _, center := range normals(rng, groups, dim) {
		for range copies {
			x := make([]float32, dim)
			for c := range x {
				x[c] = center[c] + 0.02*float32(rng.NormFloat64())
			}
			items = append(items, x)
		}
	}
	s := newHardSet(t, items, normals(rng, 100, dim))
	s.check(t, "new groups", []int{1, 10}, unrestricted)
}

// TestHardRecallOfRestrictions: what a search must not return lies nearer than what it is to return, or is near all the same.
func TestHardRecallOfRestrictions(t *testing.T) {
	if raceEnabled {
		t.Skip("what is found is the same with the race detector, which takes ten times as long")
	}
	const n, dim = 12000, 16
	rng := seeded(213)
	s := newHardSet(t, normals(rng, n, dim), normals(rng, 100, dim))
	s.check(t, "many", []int{1000}, unrestricted)
	without := func(from int) func([]annoy.Neighbor) (annoy.SearchOptions, []annoy.Neighbor) {
		return func(ranked []annoy.Neighbor) (annoy.SearchOptions, []annoy.Neighbor) {
			in := map[int64]bool{}
			for _, h := range ranked[from:] {
				in[h.ID] = true
			}
			return annoy.SearchOptions{Filter: among(in)}, ranked[from:]
		}
	}
	s.check(t, "the nearest 5 % filtered out", []int{10}, without(n/20))
	s.check(t, "the nearest 30 % filtered out", []int{10}, without(n*3/10))
	s.check(t, "only the farthest 10 %", []int{10}, without(n*9/10))
	s.check(t, "the nearest 50 excluded", []int{10}, func(ranked []annoy.Neighbor) (annoy.SearchOptions, []annoy.Neighbor) {
		o := annoy.SearchOptions{}
		for _, h := range ranked[:50] {
			o.Exclude = append(o.Exclude, h.ID)
		}
		return o, ranked[50:]
	})
	s.check(t, "two within the distance", []int{10}, func(ranked []annoy.Neighbor) (annoy.SearchOptions, []annoy.Neighbor) {
		return annoy.SearchOptions{MaxDistance: ranked[1].Distance * (1 + 1e-6)}, ranked[:2]
	})
}

// among is a filter that does not list itself.
type among map[int64]bool

func (f among) Contains(id int64) bool { return f[id] }
