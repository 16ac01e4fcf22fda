package accuracy

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/words"
)

// slow: the race detector and the Go forms of the kernels take many times as long.
func slow() bool { return testing.Short() || raceEnabled || kernel.Current() == kernel.Go }

// heldWords is a twin of the words of a metric, and queries that are not among them.
func heldWords(t *testing.T, m annoy.Metric, n int) (*twin, [][]float32) {
	t.Helper()
	items, queries := wordVectors(t, m)
	if slow() {
		n = min(n, 2500)
	}
	for id := range items {
		if id >= int64(n) {
			delete(items, id)
		}
	}
	return &twin{m, items}, queries
}

// nearOf is the true distance of the k-th item from each query.
func nearOf(t *testing.T, ix *annoy.Index, queries [][]float32, k int) []float64 {
	t.Helper()
	kth := make([]float64, len(queries))
	for i, q := range queries {
		hits := search(t, ix, q, k, exactly)
		kth[i] = float64(hits[len(hits)-1].Distance)
	}
	return kth
}

// TestCanopyRecall: queries that the build has not seen find what they ask for, in every metric and shape. Of a hundred
// queries the mean is good to about 0.015, of 300 samples to 0.01.
func TestCanopyRecall(t *testing.T) {
	for _, c := range []struct {
		metric annoy.Metric
		shape  annoy.Shape
	}{
		{annoy.Angular, annoy.ShapeAuto}, {annoy.Angular, annoy.One4}, {annoy.Angular, annoy.One8},
		{annoy.Euclidean, annoy.Two8}, {annoy.Dot, annoy.Two8}, {annoy.Manhattan, annoy.Two8}, {annoy.Hamming, annoy.Two8},
	} {
		if slow() && c.shape != annoy.Two8 {
			continue
		}
		n, samples := words.Len, 300
		if c.metric != annoy.Angular {
			n /= 3
		}
		if slow() {
			samples = 100
		}
		tw, queries := heldWords(t, c.metric, n)
		ix := tw.canopy(t, words.Dim, &annoy.BuildOptions{Shape: c.shape, Calibrate: samples})
		kth := nearOf(t, ix, queries, recallK)
		recall := func(o *annoy.SearchOptions) float64 { return recallOf(t, ix, tw, queries, kth, o) }
		for _, target := range []float64{0.8, 0.95, 0.99} {
			got := recall(&annoy.SearchOptions{Recall: target})
			t.Logf("%v, %v: asked for %v, found %.4f", c.metric, c.shape, target, got)
			if got < target-0.03 {
				t.Errorf("%v, %v: asked for %v, found %.4f", c.metric, c.shape, target, got)
			}
		}
		byDefault, few, many := recall(nil), recall(&annoy.SearchOptions{SearchK: 100}), recall(&annoy.SearchOptions{SearchK: 2500})
		if byDefault < 0.92 || many < few || recall(&annoy.SearchOptions{SearchK: len(tw.items)}) != 1 || recall(&annoy.SearchOptions{Recall: 1}) != 1 {
			t.Errorf("%v, %v: recall %v by default, %v and %v at SearchK 100 and 2500", c.metric, c.shape, byDefault, few, many)
		}
	}
}

// TestCanopyUncalibrated: without a calibration the default finds most.
func TestCanopyUncalibrated(t *testing.T) {
	tw, queries := heldWords(t, annoy.Angular, 5000)
	ix := tw.canopy(t, words.Dim, nil)
	if got := recallOf(t, ix, tw, queries, nearOf(t, ix, queries, recallK), nil); got < 0.9 {
		t.Errorf("recall %v by default", got)
	}
}

// TestCalibrationQueries: where queries are unlike the items, what is promised is kept if the build has seen some of them.
func TestCalibrationQueries(t *testing.T) {
	tw, queries := heldWords(t, annoy.Angular, 4000)
	// Differences of definitions lie between the leaves.
	var mixed [][]float32
	for i, v := range queries {
		for j := range 4 {
			w := make([]float32, len(v))
			for c := range v {
				w[c] = v[c] - queries[(i+j+1)%len(queries)][c]
			}
			mixed = append(mixed, w)
		}
	}
	ix := tw.canopy(t, words.Dim, &annoy.BuildOptions{CalibrationQueries: mixed[:300], Shape: annoy.Two8})
	s, err := ix.Stats()
	if err != nil || !s.Canopy.Calibration.Given || s.Canopy.Calibration.Queries != 300 {
		t.Fatalf("%+v (%v)", s.Canopy, err)
	}
	held := mixed[300:]
	if got := recallOf(t, ix, tw, held, nearOf(t, ix, held, recallK), &annoy.SearchOptions{Recall: 0.95}); got < 0.92 {
		t.Errorf("asked for 0.95, found %.4f", got)
	}
}

// TestColdRecall: what is read of a cold index is bounded, and finds nearly as much.
func TestColdRecall(t *testing.T) {
	tw, queries := heldWords(t, annoy.Angular, words.Len)
	ix := tw.canopy(t, words.Dim, &annoy.BuildOptions{Calibrate: 300})
	path := filepath.Join(t.TempDir(), "x.canopy")
	if err := ix.Save(path); err != nil {
		t.Fatal(err)
	}
	cold := open(t, path, &annoy.OpenOptions{Access: annoy.AccessCold})
	kth := nearOf(t, ix, queries, recallK)
	for _, target := range []float64{0.9, 0.95, 0.99, 0.999} {
		o := &annoy.SearchOptions{Recall: target}
		got, mapped := recallOf(t, cold, tw, queries, kth, o), recallOf(t, ix, tw, queries, kth, o)
		t.Logf("recall %v: cold %.4f, mapped %.4f", target, got, mapped)
		if got < mapped-0.003 {
			t.Errorf("recall %v: %.4f cold, %.4f mapped", target, got, mapped)
		}
	}
}

// TestColdRecallOfMany: of a hundred neighbours a search in memory measures many while its limit is still high, and is
// calibrated with what that finds. A cold one, which has a limit from the first, must not miss them.
func TestColdRecallOfMany(t *testing.T) {
	const n, dim, asked, k = 20000, 12, 60, 100
	rng := seeded(141)
	b, err := annoy.NewBuilder(dim, annoy.Euclidean, nil)
	if err != nil {
		t.Fatal(err)
	}
	draw := func() []float32 {
		v := make([]float32, dim)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		return v
	}
	for id := range n {
		if err := b.Add(id, draw()); err != nil {
			t.Fatal(err)
		}
	}
	ix, err := b.Build(t.Context(), &annoy.BuildOptions{Shape: annoy.Two8, Calibrate: 200})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.canopy")
	if err := ix.Save(path); err != nil {
		t.Fatal(err)
	}
	cold := open(t, path, &annoy.OpenOptions{Access: annoy.AccessCold})
	queries := make([][]float32, asked)
	for i := range queries {
		queries[i] = draw()
	}
	kth := nearOf(t, ix, queries, k)
	recall := func(ix *annoy.Index, o *annoy.SearchOptions) (share float64) {
		for i, q := range queries {
			hits, err := ix.Search(q, k, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range hits {
				if float64(h.Distance) <= kth[i]*(1+1e-5) {
					share += 1 / float64(k*asked)
				}
			}
		}
		return share
	}
	for _, target := range []float64{0.8, 0.9, 0.95} {
		o := &annoy.SearchOptions{Recall: target}
		got, mapped := recall(cold, o), recall(ix, o)
		t.Logf("recall %v: cold %.4f, mapped %.4f", target, got, mapped)
		if got < min(mapped, target)-0.005 {
			t.Errorf("recall %v: %.4f cold, %.4f mapped", target, got, mapped)
		}
	}
}

// TestInt8Recall: rows rounded to bytes by name make a file of less than half the vectors' bytes, and still find the neighbours of
// the vectors that were added.
func TestInt8Recall(t *testing.T) {
	tw, queries := heldWords(t, annoy.Angular, words.Len)
	rng := seeded(140)
	for id, v := range tw.items { // the words are bytes: a tenth of a step more or less, and a step that is no round number
		tw.items[id] = make([]float32, len(v))
		for c, x := range v {
			tw.items[id][c] = (x + 0.1*(rng.Float32()-0.5)) * 0.00137
		}
	}
	kth := nearOf(t, tw.canopy(t, words.Dim, nil), queries, recallK)
	ix := tw.canopy(t, words.Dim, &annoy.BuildOptions{Rows: annoy.RowsInt8, Calibrate: 300})
	s, err := ix.Stats()
	if err != nil || s.Canopy.Rows != annoy.RowsInt8 || !strings.Contains(s.Canopy.RowsWhy, "rounded") {
		t.Fatalf("%+v (%v)", s.Canopy, err)
	}
	if share := float64(s.Bytes) / float64(4*words.Dim*len(tw.items)); share > 0.5 {
		t.Errorf("the file is %.2f of the vectors", share)
	}
	got := recallOf(t, ix, tw, queries, kth, &annoy.SearchOptions{Recall: 0.99})
	if t.Logf("recall %.4f", got); got < 0.95 {
		t.Errorf("recall %.4f of the vectors that were added", got)
	}
}
