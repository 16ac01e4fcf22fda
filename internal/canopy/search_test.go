package canopy

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/annoy-go/annoy/internal/exact"
	"github.com/annoy-go/annoy/internal/kernel"
)

// mustBuild builds an index in memory.
func mustBuild(t testing.TB, vs Vectors, m Metric, shape Shape, leaf int, e kernel.Element) *Index {
	t.Helper()
	ctx := context.Background()
	sp := newSpace(m, vs.Dim()).within(largestSquare(vs))
	part, err := NewPartition(ctx, vs, sp, PartitionParams{Leaf: leaf, Spill: shape.Assignments() > 1, Seed: 1, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	a := Assembly{Vectors: vs, Space: sp, Shape: shape, Partition: part, Element: e, Workers: 2, Calibration: 1024,
		Codebook: mustTrain(t, vs, sp, part, shape, 2)}
	return mustOpen(t, assemble(t, &a))
}

// shuffled are ids in no order of the rows.
func shuffled(i int) int64 { return int64(i)*7919%10007 + 50 }

// wordIndexes are indexes of the embedded words, by metric and shape.
var wordIndexes sync.Map

func wordIndex(t testing.TB, m Metric, shape Shape) (ix *Index, vs *numbered, queries *matrix) {
	t.Helper()
	base, queries := wordSet()
	vs = &numbered{base, shuffled}
	name := fmt.Sprint(m, shape)
	if known, ok := wordIndexes.Load(name); ok {
		return known.(*Index), vs, queries
	}
	ix = mustBuild(t, vs, m, shape, 64, kernel.Int8)
	wordIndexes.Store(name, ix)
	return ix, vs, queries
}

// raw is a raw distance in float64.
func (m Metric) raw(q, x []float32) float64 {
	d := exact.Distance(exact.Metric(m), q, x)
	switch m {
	case Euclidean, Angular:
		return d * d
	case Cosine:
		return 2 * d
	case Dot:
		return -d
	}
	return d
}

// truth is the raw distances of the k nearest of the vectors that pass, nearest first.
func truth(vs Vectors, m Metric, q []float32, k int, pass func(id int64) bool) []float64 {
	var dist []float64
	for i := range vs.Len() {
		if pass == nil || pass(vs.ID(i)) {
			dist = append(dist, m.raw(q, vs.Row(i, nil)))
		}
	}
	slices.Sort(dist)
	return dist[:min(max(k, 0), len(dist))]
}

// near tells whether a raw distance is the other one but for rounding.
func near(a, b float64) bool { return math.Abs(a-b) <= 2e-5*(1+math.Abs(b)) }

// checkHits proves that hits are what they say, in order, and pass.
func checkHits(t testing.TB, ix *Index, vs Vectors, q []float32, hits []Hit, pass func(id int64) bool) {
	t.Helper()
	place := map[int64]int{}
	for i := range vs.Len() {
		place[vs.ID(i)] = i
	}
	for i, h := range hits {
		id := ix.RowID(h.Row)
		if pass != nil && !pass(id) {
			t.Fatalf("hit %d is %d, which does not pass", i, id)
		}
		if want := ix.Metric.raw(q, vs.Row(place[id], nil)); !near(float64(h.Dist), want) {
			t.Fatalf("hit %d, %d: distance %v, want %v", i, id, h.Dist, want)
		}
		if i > 0 && (h.Dist < hits[i-1].Dist || h.Dist == hits[i-1].Dist && id <= ix.RowID(hits[i-1].Row)) {
			t.Fatalf("hits %d and %d are not in order, or the same: %v, %v", i-1, i, hits[i-1], h)
		}
	}
}

// recall is the share of hits that are as near as the k-th of the exact answers.
func recall(m Metric, hits []Hit, exact []float64) float64 {
	if len(exact) == 0 {
		return 1
	}
	far := exact[len(exact)-1]
	found := 0
	for _, h := range hits {
		if float64(h.Dist) <= far || near(float64(h.Dist), far) {
			found++
		}
	}
	return float64(found) / float64(len(exact))
}

// exactAnswers are the raw distances of the k nearest of every query.
func exactAnswers(t testing.TB, vs Vectors, m Metric, queries *matrix, k int) [][]float64 {
	t.Helper()
	var qs [][]float32
	for i := range queries.Len() {
		qs = append(qs, queries.Row(i, nil))
	}
	state, err := exact.New(exact.Metric(m), k, qs)
	if err != nil {
		t.Fatal(err)
	}
	if err := state.Add(t.Context(), &vectorSource{vs: vs}, nil); err != nil {
		t.Fatal(err)
	}
	all := make([][]float64, len(qs))
	for i := range qs {
		for _, n := range state.Neighbors(i) {
			all[i] = append(all[i], m.raw(qs[i], vs.Row(int(n.Row), nil)))
		}
	}
	return all
}

// The floors are what was found when they were written, less 0.015: sums of other kernels end in other leaves.
func TestSearchRecall(t *testing.T) {
	for _, test := range []struct {
		metric Metric
		shape  Shape
		effort Effort
		floor  float64
	}{
		{Angular, One4, Effort{Probes: 24, Z: 2}, 0.945},
		{Angular, One8, Effort{Probes: 24, Z: 2}, 0.945},
		{Angular, Two8, Effort{Probes: 24, Z: 1}, 0.965},
		{Angular, Two8, Effort{Probes: 8}, 0.885},
		{Euclidean, Two8, Effort{Probes: 24, Z: 1}, 0.965},
		{Dot, Two8, Effort{Probes: 24, Z: 1}, 0.97},
		{Manhattan, Two8, Effort{Probes: 24, Z: 1}, 0.97},
	} {
		if testing.Short() && (test.shape != Two8 || test.metric == Manhattan) {
			continue
		}
		ix, vs, queries := wordIndex(t, test.metric, test.shape)
		answers := exactAnswers(t, vs, test.metric, queries, 10)
		var s Searcher
		found, rows := 0.0, 0
		for i := range queries.Len() {
			q := queries.Row(i, nil)
			hits, err := s.Search(ix, &Query{Vec: q, K: 10, Effort: test.effort})
			if err != nil {
				t.Fatal(err)
			}
			if i < 10 {
				checkHits(t, ix, vs, q, hits, nil)
			}
			rows += s.Touched.Rows
			found += recall(test.metric, hits, answers[i]) / float64(queries.Len())
		}
		if t.Logf("metric %d, %v, %+v: recall %.4f, rows %d", test.metric, test.shape, test.effort, found, rows/queries.Len()); found < test.floor {
			t.Errorf("the floor is %v", test.floor)
		}
	}
}
