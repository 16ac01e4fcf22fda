package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/cputime"
)

// timing is a slice of queries: its seconds and the ids found.
type timing struct {
	CPU  float64   `json:"cpu"`
	Wall float64   `json:"wall"`
	IDs  [][]int64 `json:"ids"`
}

// warmQueries run before the clock of every slice starts, on both sides: the other side has just used the caches.
const warmQueries = 10

// ours is this library's index as a searcher.
type ours struct {
	index   *annoy.Index
	queries [][]float32
	k       int
	hits    []annoy.Neighbor
}

func openOurs(path string, set *dataset, k int) (*ours, error) {
	ix, err := annoy.Open(path, nil)
	if err != nil {
		return nil, err
	}
	return &ours{index: ix, queries: set.queries, k: k}, nil
}

func (o *ours) close() { o.index.Close() }

// run searches queries[from:from+count] on one thread, locked, with nothing else of this process running.
func (o *ours) run(from, count, searchK int) (timing, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	queries := o.queries[from : from+count]
	opts := &annoy.SearchOptions{SearchK: searchK}
	if err := o.search(queries[:min(warmQueries, count)], opts, nil); err != nil {
		return timing{}, err
	}
	ends := make([]int, 0, count)
	wall, cpu := time.Now(), cputime.Thread()
	err := o.search(queries, opts, &ends)
	t := timing{CPU: (cputime.Thread() - cpu).Seconds(), Wall: time.Since(wall).Seconds()}
	if err != nil {
		return timing{}, err
	}
	start := 0
	for _, end := range ends {
		ids := make([]int64, 0, o.k)
		for _, hit := range o.hits[start:end] {
			ids = append(ids, hit.ID)
		}
		t.IDs = append(t.IDs, ids)
		start = end
	}
	return t, nil
}

// search leaves the hits of all queries in o.hits and, when ends is set, where each query's end.
func (o *ours) search(queries [][]float32, opts *annoy.SearchOptions, ends *[]int) (err error) {
	if need := len(queries) * o.k; cap(o.hits) < need {
		o.hits = make([]annoy.Neighbor, 0, need)
	}
	o.hits = o.hits[:0]
	for _, q := range queries {
		if o.hits, err = o.index.AppendSearch(o.hits, q, o.k, opts); err != nil {
			return err
		}
		if ends != nil {
			*ends = append(*ends, len(o.hits))
		}
	}
	return nil
}

// addOurs makes a builder of all vectors of the set.
func addOurs(set *dataset) (*annoy.Builder, buildTimes, error) {
	var t buildTimes
	b, err := annoy.NewBuilder(set.dim, set.metric, nil)
	if err != nil {
		return nil, t, err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	cpu := cputime.Process()
	for i := range set.rows {
		if err := b.Add(i, set.row(i)); err != nil {
			return nil, t, err
		}
	}
	t.AddCPU = (cputime.Process() - cpu).Seconds()
	return b, t, nil
}

// buildOurs builds with as many processors as workers, so that Go's collector takes its time from them too,
// and saves the index if save is not empty.
func buildOurs(ctx context.Context, b *annoy.Builder, trees, workers int, save string) (t buildTimes, err error) {
	debug.FreeOSMemory() // each build asks the system for its memory, as Annoy's does
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
	wall, cpu := time.Now(), cputime.Process()
	ix, err := b.Build(ctx, &annoy.BuildOptions{Kind: annoy.Forest, Trees: trees, Workers: workers})
	t.CPU, t.Wall = (cputime.Process() - cpu).Seconds(), time.Since(wall).Seconds()
	if err != nil {
		return t, err
	}
	defer ix.Close()
	if save != "" {
		err = ix.Save(save)
	}
	return t, err
}
