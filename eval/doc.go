// Package eval measures an index: exact neighbours as ground truth, recall against them, latency and queries per
// second, sweeps over any one parameter of the search (search_k, k, threads), the effort that a recall needs, and a report
// of it all as JSON, CSV or one self-contained HTML page.
//
//	truth, err := eval.Exact(ctx, base, queries, annoy.Euclidean, 10, nil)
//	…
//	e, err := eval.New(ctx, ix, queries, truth.IDs, &eval.Options{K: 10, Threads: []int{1}})
//	…
//	f, err := e.ForRecall(ctx, eval.SearchK, 0.95)   // the smallest search_k that finds 0.95
//	points, err := e.Measure(ctx, eval.SearchK, f.Value)
//
// # Recall
//
// Recall is by distance: a hit counts when its exact distance, recomputed in float64 from the stored vectors, is at
// most t·(1 + 1e-5) + 1e-6·u, t being that of the true k-th neighbour and u the unit of the data: the median distance of
// two items, divided by √2, which is about 1 for vectors of length 1. For Dot it counts when its product is at least
// t − 1e-5·|t| − 1e-6·u·‖q‖, u being the median length of an item. So recall means the same in every unit, and of neighbours that tie at the k-th place either will do. Recall@k is the share of k such hits,
// over all queries; what an answer lacks counts as missed. The share of answers whose ids are among the first k of the
// truth is reported beside it and always named so: by id.
//
// # Speed
//
// Speed is measured closed-loop: each thread asks its next query when the last is answered, until all queries were
// asked equally often and the time is up. Latencies go to an HDR histogram (three digits; Tene,
// http://hdrhistogram.org) and include reading the clock, some 50 ns.
package eval

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel calls f for 0 to n−1 on the given number of goroutines (0: one a processor) until one returns an error or
// ctx ends. The worker's number, from 0, comes with each call.
func parallel(ctx context.Context, workers, n int, f func(worker, i int) error) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var (
		next  atomic.Int64
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	for w := range min(workers, n) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				err := ctx.Err()
				if err == nil {
					err = f(w, i)
				}
				if err != nil {
					once.Do(func() { first = err })
					next.Store(int64(n))
					return
				}
			}
		})
	}
	wg.Wait()
	return first
}
