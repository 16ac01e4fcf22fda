package accuracy

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/internal/words"
)

// Recall is a regression test: measured with fixed seeds, and it may not fall by more than recallSlack. The items are the
// embedded words, 10,000 sentence vectors of 384 components, less every 100th, which is a query.
const (
	recallSlack   = 0.02
	recallTrees   = 10
	recallK       = 10
	recallQueries = words.Len / 100
)

var loadWords = sync.OnceValues(words.Load)

// wordVectors of a metric; hamming takes their signs.
func wordVectors(t *testing.T, m annoy.Metric) (items map[int64][]float32, queries [][]float32) {
	t.Helper()
	set, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	items = map[int64][]float32{}
	for i := range words.Len {
		v := set.Vector(i)
		if m == annoy.Hamming {
			for c := range v {
				if v[c] > 0 {
					v[c] = 1
				} else {
					v[c] = 0
				}
			}
		}
		if i%100 == 99 {
			queries = append(queries, v)
		} else {
			items[int64(i)] = v
		}
	}
	return items, queries
}

// kthBound is the distance up to which a hit counts, given the true k-th: what the recall of this project means everywhere.
func kthBound(m annoy.Metric, kth float64) float64 {
	if m == annoy.Dot {
		return kth - 1e-5*max(kth, -kth) - 1e-6
	}
	return kth*(1+1e-5) + 1e-6
}

// recallOf is the share of the k nearest that searches find, by distance recomputed in float64.
func recallOf(t *testing.T, ix *annoy.Index, tw *twin, queries [][]float32, kth []float64, o *annoy.SearchOptions) float64 {
	t.Helper()
	found := 0
	for i, q := range queries {
		bound := kthBound(tw.metric, kth[i])
		for _, h := range search(t, ix, q, recallK, o) {
			d := eval.Distance(tw.metric, q, tw.items[h.ID])
			if tw.metric == annoy.Dot && d >= bound || tw.metric != annoy.Dot && d <= bound {
				found++
			}
		}
	}
	return float64(found) / float64(len(queries)*recallK)
}

// recallFloors are what was measured of forests of 10 trees at SearchK 100 (the default), 1000 and 5000: over all words,
// where the first levels of a tree are split on a sample, and over a quarter, where a tree is built in one piece. All
// kernel paths measured the same: the components are integers, whose sums are exact. A change that raises recall may
// raise the floors.
var recallFloors = map[annoy.Metric]struct{ all, quarter [3]float64 }{
	annoy.Angular:   {[3]float64{0.430, 0.772, 0.967}, [3]float64{0.599, 0.890, 0.996}},
	annoy.Cosine:    {[3]float64{0.430, 0.772, 0.967}, [3]float64{0.599, 0.890, 0.996}},
	annoy.Euclidean: {[3]float64{0.479, 0.766, 0.962}, [3]float64{0.611, 0.891, 0.997}},
	annoy.Manhattan: {[3]float64{0.448, 0.769, 0.955}, [3]float64{0.605, 0.882, 0.991}},
	annoy.Dot:       {[3]float64{0.460, 0.781, 0.961}, [3]float64{0.560, 0.881, 0.991}},
	annoy.Hamming:   {[3]float64{0.177, 0.626, 0.963}, [3]float64{0.247, 0.839, 0.999}},
}

// TestRecall of every metric, build mode and effort is at most recallSlack below its floor.
func TestRecall(t *testing.T) {
	if raceEnabled {
		t.Skip("recall is the same with the race detector, which takes ten times as long")
	}
	for _, metric := range allMetrics {
		floors := recallFloors[metric]
		items, queries := wordVectors(t, metric)
		t.Run(metric.String()+"/all", func(t *testing.T) {
			testRecall(t, &twin{metric, items}, queries, floors.all)
		})
		for id := range items {
			if id >= words.Len/4 {
				delete(items, id)
			}
		}
		t.Run(metric.String()+"/quarter", func(t *testing.T) {
			testRecall(t, &twin{metric, items}, queries, floors.quarter)
		})
	}
}

func testRecall(t *testing.T, tw *twin, queries [][]float32, floors [3]float64) {
	t.Helper()
	kth := tw.kth(t, queries, recallK)
	o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: recallTrees}
	path := filepath.Join(t.TempDir(), "x.ann")
	indexes := map[string]*annoy.Index{
		"memory": build(t, tw.builder(t, words.Dim, nil), o),
		"disk":   build(t, tw.builder(t, words.Dim, &annoy.BuilderOptions{OnDisk: path}), o),
	}
	if tw.metric == annoy.Dot {
		indexes["main dialect"] = build(t, tw.builder(t, words.Dim, &annoy.BuilderOptions{DotDialect: annoy.DotMain}), o)
	}
	for name, ix := range indexes {
		var got [3]float64
		for i, o := range []*annoy.SearchOptions{nil, {SearchK: 1000}, {SearchK: 5000}} {
			got[i] = recallOf(t, ix, tw, queries, kth, o)
			if floor := floors[i] - recallSlack; got[i] < floor {
				t.Errorf("%s, effort %d: recall %.4f, want %.4f", name, i, got[i], floor)
			}
		}
		t.Logf("recall, %s: %.4f", name, got)
		if r := recallOf(t, ix, tw, queries[:10], kth, everything(ix)); r != 1 {
			t.Errorf("%s: recall %v at full effort", name, r)
		}
	}
}
