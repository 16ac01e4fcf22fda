package canopy

import (
	"context"
	"sync"
	"sync/atomic"
)

// pool is the goroutines of a build. What they compute never depends on how many there are, or on which does what.
type pool struct {
	ctx     context.Context
	workers int                      // ≥ 1
	guard   func(func() error) error // runs what reads vectors
}

func newPool(ctx context.Context, workers int, guard func(func() error) error) *pool {
	if guard == nil {
		guard = func(do func() error) error { return do() }
	}
	return &pool{ctx: ctx, workers: max(workers, 1), guard: guard}
}

// alone is a pool of the calling goroutine, for work that is divided and guarded already.
func (p *pool) alone() *pool { return newPool(p.ctx, 1, nil) }

// each calls do for 0 … n−1, in no order; worker, below p.workers, is whose memory it may use. The first error, or
// ctx's end, which it looks at before each call, ends it.
func (p *pool) each(n int, do func(worker, i int) error) error {
	var (
		next   atomic.Int64
		once   sync.Once
		failed error
	)
	run := func(worker int) {
		err := p.guard(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if err := p.ctx.Err(); err != nil {
					return err
				}
				if err := do(worker, i); err != nil {
					return err
				}
			}
		})
		if err != nil {
			once.Do(func() { failed = err })
			next.Store(int64(n))
		}
	}
	if workers := min(p.workers, n); workers > 1 {
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() { run(w) })
		}
		wg.Wait()
	} else {
		run(0)
	}
	return failed
}

// chunks calls do for the parts of 0 … n of size items at most, on the terms of each.
func (p *pool) chunks(n, size int, do func(worker, from, to int) error) error {
	return p.each((n+size-1)/size, func(worker, i int) error {
		return do(worker, i*size, min((i+1)*size, n))
	})
}
