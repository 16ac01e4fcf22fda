package annoy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/invariants"
)

// TestSearchAllocatesNothing in steady state, in memory and mapped, by vector and by id.
func TestSearchAllocatesNothing(t *testing.T) {
	if raceEnabled || invariants.Enabled {
		t.Skip("the race detector and the invariants allocate themselves")
	}
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(70), 3000, 30)
		built := twinOf(m, vecs, 9).build(t, 30, 6)
		mapped := open(t, saved(t, built), nil)
		options := map[string]*annoy.SearchOptions{
			"default": nil, "SearchK": {SearchK: 700}, "exact": {SearchK: math.MaxInt32},
			"filter": {Filter: filterFunc(func(id int64) bool { return id%2 == 0 }), SearchK: 100},
		}
		few, most := make([]int64, 700), make([]int64, 2900)
		for i := range few {
			few[i] = int64(4 * i)
		}
		for i := range most {
			most[i] = int64(i)
		}
		for name, ids := range map[string][]int64{"few": few, "most": most} {
			for kind, filter := range filters(ids) {
				options[name+" "+kind] = &annoy.SearchOptions{Filter: filter, SearchK: 100}
			}
		}
		for where, ix := range map[string]*annoy.Index{"in memory": built, "mapped": mapped} {
			dst := make([]annoy.Neighbor, 0, 20)
			for name, o := range options {
				run := func() {
					_, errA := ix.AppendSearch(dst, vecs[1], 20, o)
					_, errB := ix.AppendSearchByID(dst, 3, 20, o)
					if errA != nil || errB != nil {
						t.Fatal(errA, errB)
					}
				}
				if n := testing.AllocsPerRun(200, run); n != 0 {
					t.Errorf("%s, %s: %v allocations a run", where, name, n)
				}
			}
			v := make([]float32, 0, 30)
			if n := testing.AllocsPerRun(200, func() { ix.AppendVector(v, 4); ix.Distance(4, 5) }); n != 0 {
				t.Errorf("%s, vector and distance: %v allocations a run", where, n)
			}
		}
	})
}

// TestAppend keeps what dst holds, also beside an error.
func TestAppend(t *testing.T) {
	vecs := cloud(seeded(71), 100, 4)
	ix := twinOf(annoy.Manhattan, vecs, 0).build(t, 4, 2)
	first := search(t, ix, vecs[0], 3, nil)
	both, err := ix.AppendSearch(slices.Clone(first), vecs[5], 3, nil)
	if err != nil || !slices.Equal(both[:3], first) || !slices.Equal(both[3:], search(t, ix, vecs[5], 3, nil)) {
		t.Errorf("appended: %v (%v)", both, err)
	}
	if kept, err := ix.AppendSearchByID(both, 100, 3, nil); err == nil || !slices.Equal(kept, both) {
		t.Errorf("beside an error: %v (%v)", kept, err)
	}
	if kept, err := ix.AppendVector([]float32{7}, -1); err == nil || !slices.Equal(kept, []float32{7}) {
		t.Errorf("beside an error: %v (%v)", kept, err)
	}
}

// TestSearchBatch answers as Search, for any number of workers, and ends with its context.
func TestSearchBatch(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(72), 1500, 12)
		ix := twinOf(m, vecs, 0).build(t, 12, 4)
		for _, workers := range []int{0, 1, 3, 100} {
			got, err := ix.SearchBatch(t.Context(), vecs[:60], 7, &annoy.SearchOptions{Workers: workers, SearchK: 90})
			if err != nil || len(got) != 60 {
				t.Fatalf("%d answers (%v)", len(got), err)
			}
			for i, hits := range got {
				if want := search(t, ix, vecs[i], 7, &annoy.SearchOptions{SearchK: 90}); !slices.Equal(hits, want) {
					t.Errorf("query %d: %v, Search gives %v", i, hits, want)
				}
			}
		}
		if got, err := ix.SearchBatch(t.Context(), nil, 7, nil); len(got) != 0 || err != nil {
			t.Errorf("no queries: %v (%v)", got, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var asked atomic.Int64
		stopper := filterFunc(func(int64) bool {
			if asked.Add(1) == 50 {
				cancel()
			}
			return true
		})
		if got, err := ix.SearchBatch(ctx, vecs, 7, &annoy.SearchOptions{Filter: stopper}); got != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %d answers (%v)", len(got), err)
		}
		if got, err := ix.SearchBatch(ctx, nil, 7, nil); got != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("no queries, cancelled: %v (%v)", got, err)
		}
		wrong := [][]float32{vecs[0], vecs[1], {1}}
		if _, err := ix.SearchBatch(t.Context(), wrong, 7, nil); !errors.Is(err, annoy.ErrDimension) {
			t.Errorf("a query of another dimension: %v", err)
		}
	})
}

// TestClosed: every method of a closed index and builder gives ErrClosed, and closing again nothing.
func TestClosed(t *testing.T) {
	vecs := cloud(seeded(73), 40, 4)
	tw := twinOf(annoy.Dot, vecs, 0)
	built := tw.build(t, 4, 2)
	mapped := open(t, saved(t, built), nil)
	dir := t.TempDir()
	ended := 0 // loops over All, each by an error
	for i, ix := range []*annoy.Index{built, mapped} {
		for range 2 {
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, "x.ann")
		for name, call := range map[string]func() error{
			"Search":       func() error { _, err := ix.Search(vecs[0], 1, nil); return err },
			"SearchByID":   func() error { _, err := ix.SearchByID(0, 1, nil); return err },
			"SearchBatch":  func() error { _, err := ix.SearchBatch(t.Context(), vecs, 1, nil); return err },
			"empty batch":  func() error { _, err := ix.SearchBatch(t.Context(), nil, 1, nil); return err },
			"AppendSearch": func() error { _, err := ix.AppendSearch(nil, vecs[0], 1, nil); return err },
			"Vector":       func() error { _, err := ix.Vector(0); return err },
			"Distance":     func() error { _, err := ix.Distance(0, 1); return err },
			"Stats":        func() error { _, err := ix.Stats(); return err },
			"Save":         func() error { return ix.Save(path) },
			"SaveDialect":  func() error { return ix.SaveDialect(path, annoy.DotMain) },
			"WriteTo":      func() error { _, err := ix.WriteTo(io.Discard); return err },
			"Verify":       func() error { return ix.Verify(t.Context()) },
		} {
			if err := call(); !errors.Is(err, annoy.ErrClosed) {
				t.Errorf("%s of a closed index: %v", name, err)
			}
		}
		for item, err := range ix.All() {
			if !errors.Is(err, annoy.ErrClosed) {
				t.Errorf("All of a closed index yields %d (%v)", item.ID, err)
			}
			ended++
		}
		if ended != i+1 {
			t.Errorf("All of %d closed indexes yielded %d times", i+1, ended)
		}
	}
	b := tw.builder(t, 4, nil)
	if err := errors.Join(b.Close(), b.Close()); err != nil {
		t.Fatal(err)
	}
	_, errA := b.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest})
	_, errB := b.Vector(0)
	_, errC := b.Distance(0, 1)
	for _, err := range []error{b.Add(0, vecs[0]), errA, errB, errC} {
		if !errors.Is(err, annoy.ErrClosed) {
			t.Errorf("of a closed builder: %v", err)
		}
	}
	if names := filesIn(t, dir); len(names) != 0 {
		t.Errorf("files %v", names)
	}
}

// TestCloseWaits for the searches inside, however many calls of Close there are.
func TestCloseWaits(t *testing.T) {
	vecs := cloud(seeded(74), 500, 4)
	ix := open(t, saved(t, twinOf(annoy.Euclidean, vecs, 0).build(t, 4, 2)), nil)
	inside, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := filterFunc(func(int64) bool {
		once.Do(func() { close(inside); <-release })
		return true
	})
	var left, closed atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		hits, err := ix.Search(vecs[0], 5, &annoy.SearchOptions{Filter: slow})
		if err != nil || len(hits) != 5 {
			t.Errorf("the search that Close waits for: %v (%v)", hits, err)
		}
		left.Store(true)
	})
	<-inside
	for range 3 {
		wg.Go(func() {
			if err := ix.Close(); err != nil {
				t.Error(err)
			}
			closed.Store(true)
		})
	}
	for { // until one of them has shut the gate
		if _, err := ix.Vector(0); errors.Is(err, annoy.ErrClosed) {
			break
		}
		runtime.Gosched()
	}
	if closed.Load() || left.Load() {
		t.Error("Close came back while a search was inside")
	}
	close(release)
	wg.Wait()
}

// TestCloseAmongSearches: each search either answers or gets ErrClosed.
func TestCloseAmongSearches(t *testing.T) {
	vecs := cloud(seeded(75), 800, 8)
	built := twinOf(annoy.Angular, vecs, 0).build(t, 8, 3)
	path := saved(t, built)
	for round := range 10 {
		ix := open(t, path, nil)
		var wg sync.WaitGroup
		var answers, refused atomic.Int64
		for w := range 4 {
			wg.Go(func() {
				for i := w; ; i++ {
					hits, err := ix.Search(vecs[i%800], 5, nil)
					if errors.Is(err, annoy.ErrClosed) {
						refused.Add(1)
						return
					}
					if err != nil || len(hits) != 5 {
						t.Errorf("%v (%v)", hits, err)
						return
					}
					answers.Add(1)
					for item, err := range ix.All() {
						if err != nil && !errors.Is(err, annoy.ErrClosed) || err == nil && len(item.Vector) != 8 {
							t.Errorf("All yields %v (%v)", item, err)
						}
						if item.ID > 20 {
							break
						}
					}
				}
			})
		}
		for answers.Load() < int64(20*round) {
			runtime.Gosched()
		}
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if refused.Load() != 4 {
			t.Errorf("%d of 4 were refused", refused.Load())
		}
	}
}

// TestBuildBesideSearches: the builder goes on, adding, overwriting and building, while its indexes are searched.
func TestBuildBesideSearches(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(76), 900, 6)
		tw := twinOf(m, vecs[:600], 0)
		b := tw.builder(t, 6, nil)
		old := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3})
		before, want := bytesOf(t, old), search(t, old, vecs[0], 10, nil)
		done := make(chan struct{})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					if hits, err := old.Search(vecs[0], 10, nil); err != nil || !slices.Equal(hits, want) {
						t.Errorf("%v (%v), want %v", hits, err, want)
						return
					}
				}
			})
		}
		for round := range 3 {
			b.Unbuild()
			for id := 600 + 100*round; id < 700+100*round; id++ {
				tw.items[int64(id)], tw.items[int64(id-600)] = vecs[id], vecs[id]
				if err := errors.Join(b.Add(id, vecs[id]), b.Add(id-600, vecs[id])); err != nil {
					t.Error(err)
				}
			}
			ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2 + round, Workers: 2})
			tw.checkHits(t, vecs[0], 10, search(t, ix, vecs[0], 10, everything(ix)), tw.rank(vecs[0], nil))
		}
		close(done)
		wg.Wait()
		b.Close()
		if !bytes.Equal(before, bytesOf(t, old)) {
			t.Error("the old index changed")
		}
	})
}

// TestStats and the sidecar say how an index was built.
func TestStats(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		tw := twinOf(m, cloud(seeded(77), 100, 10), 10)
		ix := build(t, tw.builder(t, 10, nil), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3, Seed: 42})
		path := saved(t, ix)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for where, ix := range map[string]*annoy.Index{"built": ix, "opened": open(t, path, nil)} {
			s, err := ix.Stats()
			if err != nil {
				t.Fatal(err)
			}
			want := annoy.Stats{
				Kind: annoy.Forest, Metric: m, Dim: 10, Items: 100, Holes: 9, Trees: 3, Bytes: info.Size(), Seed: 42,
				Sidecar: where == "opened",
				// These depend on layout, trees and system.
				Nodes: s.Nodes, NodeBytes: s.NodeBytes, LeafCapacity: s.LeafCapacity, Mapped: s.Mapped,
			}
			if s != want || int64(s.Nodes*s.NodeBytes) != s.Bytes || s.Mapped && where == "built" {
				t.Errorf("%s: %+v, want %+v", where, s, want)
			}
		}
	})
}

// TestMetricViews: a cosine file opens as angular and the other way round; distances are those of the view.
func TestMetricViews(t *testing.T) {
	vecs := cloud(seeded(78), 200, 10)
	for _, pair := range [][2]annoy.Metric{{annoy.Cosine, annoy.Angular}, {annoy.Angular, annoy.Cosine}} {
		path := saved(t, twinOf(pair[0], vecs, 0).build(t, 10, 3))
		for _, m := range pair {
			ix, tw := open(t, path, &annoy.OpenOptions{Metric: m}), twinOf(m, vecs, 0)
			if ix.Metric() != m {
				t.Errorf("%s file as %s is %s", pair[0], m, ix.Metric())
			}
			tw.checkHits(t, vecs[4], 20, search(t, ix, vecs[4], 20, everything(ix)), tw.rank(vecs[4], nil))
		}
	}
}
