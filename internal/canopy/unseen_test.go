package canopy

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/format"
)

// What moments say of how many vectors are nearer than a limit is about what there are, near the mean and in the tail.
func TestMomentsTellShares(t *testing.T) {
	const n, dim = 20000, 12
	vs := normal(n, dim, 3)
	rows := slices.Clone(vs.rows[:momentRows*dim])
	for c := range dim { // to a mean of 0
		mean := float32(0)
		for i := range momentRows {
			mean += rows[i*dim+c] / momentRows
		}
		for i := range momentRows {
			rows[i*dim+c] -= mean
		}
	}
	m := momentsOf(rows, momentRows, dim, false)
	q := make([]float32, dim)
	q[0], q[5] = 3, 2
	g := float32(13)
	var dist []float64
	for i := range n {
		dist = append(dist, Euclidean.raw(q, vs.Row(i, nil)))
	}
	slices.Sort(dist)
	for _, share := range []float64{0.002, 0.02, 0.2, 0.5} {
		got := m.below(float32(dist[int(share*n)]), g, 4*g)
		if got < share/3 || got > 3*share {
			t.Errorf("a share of %v is expected to be %.4f", share, got)
		}
	}
	if got := m.below(float32(dist[0]/2), g, 4*g); got > 1e-3 {
		t.Errorf("nearer than all: %v", got)
	}
	if got := m.below(1e6, g, 4*g); got < 0.999 {
		t.Errorf("further than all: %v", got)
	}
	point := Moments{}
	if point.below(2, 1, 4) != 1 || point.below(0.5, 1, 4) != 0 || point.below(0, 0, 0) != 0 {
		t.Error("equal vectors are not where their centroid is")
	}
}

// A built file has moments of every leaf, which Verify proves, and a search without them is as it was.
func TestMomentsOfFile(t *testing.T) {
	vs := normal(3000, 8, 4)
	data := buildBytes(t, vs, Params{Metric: Euclidean, Shape: Two8, Auto: true, Seed: 1, Workers: 2, Calibrate: 100})
	ix := mustOpen(t, data)
	if len(ix.Moments) != len(ix.Leaves) {
		t.Fatalf("%d moments, %d leaves", len(ix.Moments), len(ix.Leaves))
	}
	for l, leaf := range ix.Leaves {
		if m := ix.Moments[l]; (m.Square > 0) != (leaf.Own > 1) || (m.Along > 0) != (leaf.Own > 1) {
			t.Errorf("leaf %+v has the moments %+v", leaf, m)
		}
	}
	if err := ix.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []float32{-1, float32(math.NaN()), float32(math.Inf(1))} {
		ix.Moments[1].Along = bad
		if err := (&verifier{Index: ix, ctx: context.Background()}).numbers(); !errors.Is(err, format.ErrCorrupt) {
			t.Errorf("Verify of %v: %v", bad, err)
		}
		var s Searcher
		for _, left := range []float32{0, 0.01} {
			hits, err := s.Search(ix, &Query{Vec: vs.Row(5, nil), K: 10, Effort: Effort{Probes: 3, Z: 2, Sure: 3, Left: left}})
			if err != nil || len(hits) != 10 {
				t.Errorf("%d hits, %v", len(hits), err)
			}
		}
	}
}
