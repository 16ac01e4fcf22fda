package canopy

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/filter"
	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/kiss"
)

// chosen is a filter that cannot list itself, listed one that can.
type (
	chosen map[int64]bool
	listed struct{ chosen }
)

func (c chosen) Contains(id int64) bool { return c[id] }
func (l listed) Len() int               { return len(l.chosen) }

func (l listed) All() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for id := range l.chosen {
			if !yield(id) {
				return
			}
		}
	}
}

// session draws from a seed.
type session struct {
	kiss.Source
}

func (s *session) below(n int) int { return int(s.Uint64() % uint64(n)) }

// vectors draws a set: normal, in clusters, of few values, so that many are equal, all equal, or zero here and there.
func (s *session) vectors(n, dim int) *matrix {
	m := normal(n, dim, s.Uint64())
	kind := s.below(5)
	centre := normal(8, dim, s.Uint64())
	for i := range n {
		row := m.Row(i, nil)
		c := centre.Row(i%8, nil)
		for j := range row {
			switch {
			case kind == 1:
				row[j] = row[j]*0.1 + c[j]
			case kind == 2:
				row[j] = float32(math.Round(float64(c[j])))
			case kind == 3:
				row[j] = 3
			case kind == 4 && i%3 == 0:
				row[j] = 0
			}
		}
	}
	return m
}

func (s *session) query(m *matrix) []float32 {
	switch s.below(4) {
	case 0:
		return m.Row(s.below(m.Len()), nil)
	case 1:
		return make([]float32, m.dim)
	}
	return normal(1, m.dim, s.Uint64()).rows
}

// Random indexes, queries and options against brute force over the vectors. Whatever the effort, there are as many hits
// as there can be; they are what they say, and in order; an exact search has the exact distances.
func TestSearchRandom(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := &session{kiss.Stream(seed, 77, 0)}
			dim := []int{1, 2, 3, 17, 33}[s.below(5)]
			n := []int{1, 5, 40, 1100, 1500, 2500}[s.below(6)]
			m := []Metric{Angular, Euclidean, Manhattan, Dot, Cosine}[s.below(5)]
			vs := &numbered{s.vectors(n, dim), shuffled}
			ix := mustBuild(t, vs, m, []Shape{One4, One8, Two8}[s.below(3)], 1+s.below(100), kernel.Float32)
			t.Logf("metric %d, %d×%d, %v, %d leaves", m, n, dim, ix.Shape, ix.NLeaves)
			var searcher Searcher
			for range 30 {
				s.search(t, ix, vs, &searcher)
			}
		})
	}
}

func (s *session) search(t *testing.T, ix *Index, vs *numbered, searcher *Searcher) {
	n := vs.Len()
	q := &Query{Vec: s.query(vs.matrix), K: s.below(20), Effort: Effort{Probes: s.below(8), Z: float32(s.below(4))}}
	switch s.below(6) {
	case 0:
		q.K = s.below(2*n + 1)
	case 1:
		q.Exact = true
	}
	var in chosen
	if s.below(2) == 0 {
		in = chosen{-5: true}
		for share, i := []int{1, 2, 10, 100, 1 << 30}[s.below(5)], 0; i < n; i++ {
			if s.below(share) == 0 {
				in[vs.ID(i)] = true
			}
		}
		q.Filter = in
		if s.below(2) == 0 {
			q.Filter = listed{in}
		}
	}
	for range s.below(3) {
		q.Exclude = append(q.Exclude, vs.ID(s.below(n)), -7)
	}
	if s.below(4) == 0 {
		q.Fixed = &FixedRerank{Rows: s.below(50)}
		if s.below(2) == 0 {
			rows := make([]byte, 100+len(ix.Rows))
			copy(rows[100:], ix.Rows)
			q.Fixed.From, q.Fixed.Offset = readerAt(rows), 100
		}
	}
	pass := func(id int64) bool { return (in == nil || in[id]) && !slices.Contains(q.Exclude, id) }
	want := truth(vs, ix.Metric, q.Vec, n, pass)
	if s.below(4) == 0 && len(want) > 0 {
		q.Bounded, q.MaxDist = true, float32(want[s.below(len(want))])
	}
	hits, err := searcher.Search(ix, q)
	if err != nil {
		t.Fatal(err)
	}
	describe := fmt.Sprintf("k %d, %+v, exact %v, filter %T of %d, %d excluded, within %v (%v), fixed %v",
		q.K, q.Effort, q.Exact, q.Filter, len(in), len(q.Exclude), q.MaxDist, q.Bounded, q.Fixed)
	checkHits(t, ix, vs, q.Vec, hits, pass)
	if !q.Bounded {
		want = want[:min(q.K, len(want))]
		if len(hits) != len(want) {
			t.Fatalf("%s: %d hits, want %d", describe, len(hits), len(want))
		}
	}
	for i, h := range hits {
		if q.Bounded && h.Dist > q.MaxDist {
			t.Fatalf("%s: hit %d is at %v", describe, i, h.Dist)
		}
		if d := float64(h.Dist); q.Exact && !near(d, want[i]) || d < want[i] && !near(d, want[i]) {
			t.Fatalf("%s: hit %d is at %v, brute force finds %v", describe, i, d, want[i])
		}
	}
	if q.Exact && q.Bounded && len(hits) < q.K {
		if i := len(hits); i < len(want) && want[i] < float64(q.MaxDist) && !near(want[i], float64(q.MaxDist)) {
			t.Fatalf("%s: %d hits, one more is at %v", describe, i, want[i])
		}
	}
}

type readerAt []byte

func (r readerAt) ReadAt(p []byte, offset int64) (int, error) { return copy(p, r[offset:]), nil }

var _ filter.Sized = listed{}
