package annoy

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Neighbor is one hit of a search.
type Neighbor struct {
	ID       int64   `json:"id"`
	Distance float32 `json:"distance"` // by the index's metric; for Dot the product
}

// Search returns the k items nearest to q, which has Dim components, by (distance, id), nearest
// first: for Dot the largest product first. There are fewer than k where the index, the options' restrictions or, in a
// forest, the candidates that SearchK allows hold fewer. nil options are the defaults. Errors: ErrDimension, ErrNotFinite,
// ErrOverflow (of a canopy, and of angles), ErrOption (also a negative k), ErrNotCalibrated, ErrClosed, ErrCorrupt.
func (ix *Index) Search(q []float32, k int, o *SearchOptions) ([]Neighbor, error) {
	return ix.AppendSearch(nil, q, k, o)
}

// AppendSearch is Search appended to dst. With room in dst it allocates nothing after the first searches, except what a
// Filter that is not this package's allocates to list itself.
func (ix *Index) AppendSearch(dst []Neighbor, q []float32, k int, o *SearchOptions) (hits []Neighbor, err error) {
	hits = dst // also where a fault ends the search
	if err := ix.checkSearch(k, o); err != nil {
		return dst, err
	}
	err = checkVector(q, ix.dim, ix.metric, "the query")
	if err != nil && !(errors.Is(err, ErrOverflow) && ix.takesLong()) {
		return dst, err
	}
	prev, err := ix.begin()
	if err != nil {
		return dst, err
	}
	defer ix.end(prev, &err)
	if c, ok := ix.backend.(*canopyIndex); ok {
		return c.search(dst, q, k, o)
	}
	return ix.backend.(*forestIndex).search(dst, q, k, o)
}

// SearchByID is Search for the vector of an item, which is among its own hits. Errors also: ErrNotFound.
func (ix *Index) SearchByID(id int64, k int, o *SearchOptions) ([]Neighbor, error) {
	return ix.AppendSearchByID(nil, id, k, o)
}

// AppendSearchByID is SearchByID appended to dst.
func (ix *Index) AppendSearchByID(dst []Neighbor, id int64, k int, o *SearchOptions) (hits []Neighbor, err error) {
	hits = dst // also where a fault ends the search
	if err := ix.checkSearch(k, o); err != nil {
		return dst, err
	}
	prev, err := ix.begin()
	if err != nil {
		return dst, err
	}
	defer ix.end(prev, &err)
	if c, ok := ix.backend.(*canopyIndex); ok {
		return c.searchByID(dst, id, k, o)
	}
	return ix.backend.(*forestIndex).searchByID(dst, id, k, o)
}

func (ix *Index) checkSearch(k int, o *SearchOptions) error {
	if k < 0 {
		return optionError("k is %d, want 0 or more", k)
	}
	if o == nil {
		return nil
	}
	return o.validateFor(ix.Kind(), ix.metric)
}

// takesLong tells whether queries may be so long that sums of them overflow: in a forest, as in Annoy, a distance is then +Inf. An
// angle has no such value, and a canopy compares by sums that would be NaN.
func (ix *Index) takesLong() bool {
	return ix.Kind() == Forest && ix.metric != Angular && ix.metric != Cosine
}

// checkVector checks length and components of a vector; what names it in the error.
func checkVector(v []float32, dim int, m Metric, what string) error {
	if len(v) != dim {
		return fail(ErrDimension, "%s has %d components, the index %d", what, len(v), dim)
	}
	// A finite sum of squares proves every component finite, and the sum of their magnitudes, in one kernel call.
	if s := kernel.Dot(v, v); s-s == 0 {
		return nil
	}
	if c := annfile.CheckFinite(v); c >= 0 {
		return fail(ErrNotFinite, "%s: component %d is %v", what, c, v[c])
	}
	return checkLength(v, m, what)
}

// checkLength refuses a vector whose sum of squares overflowed, as far as the metric needs that sum: norms,
// products and planes would be Inf, and what is computed of them NaN.
func checkLength(v []float32, m Metric, what string) error {
	switch m {
	case Hamming:
		return nil
	case Manhattan:
		sum := 0.0
		for _, x := range v {
			sum += math.Abs(float64(x))
		}
		if sum > math.MaxFloat32 {
			return fail(ErrOverflow, "%s: the sum of its components' magnitudes is %.3g, float32 ends at %.3g", what, sum, math.MaxFloat32)
		}
		return nil
	}
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return fail(ErrOverflow, "%s: the sum of its components' squares is %.3g, float32 ends at %.3g", what, sum, math.MaxFloat32)
}

// SearchBatch searches for every query, on all processors or o.Workers goroutines, and returns the hits in order of the
// queries: of each as many as Search finds, with memory for no more, however large k is. The first error ends it. A filter
// must be safe for concurrent use; its panic ends the batch, whatever else failed, and goes on, with the same value, in the
// goroutine that called. Errors: those of Search, and ctx's, also where there are no queries.
func (ix *Index) SearchBatch(ctx context.Context, queries [][]float32, k int, o *SearchOptions) ([][]Neighbor, error) {
	if err := ix.checkSearch(k, o); err != nil {
		return nil, err
	}
	if ix.gate.closed.Load() {
		return nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o == nil {
		o = &SearchOptions{}
	}
	out := make([][]Neighbor, len(queries))
	b := batch{count: int64(len(queries))}
	var wg sync.WaitGroup
	for range min(workers(o.Workers), len(queries)) {
		wg.Go(func() {
			b.work(func(i int64) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				hits, err := ix.Search(queries[i], k, o)
				if err != nil {
					return wrapQuery(i, err)
				}
				out[i] = hits
				return nil
			})
		})
	}
	wg.Wait()
	if p := b.panicked.Load(); p != nil {
		panic(*p)
	}
	if b.first != nil {
		return nil, b.first
	}
	return out, nil
}

// batch is what the workers of a SearchBatch share.
type batch struct {
	count    int64 // queries
	next     atomic.Int64
	once     sync.Once
	first    error // that a worker stopped with
	panicked atomic.Pointer[any]
}

// work answers queries until none is left or one fails, which stops all workers. A panic is kept for the caller: here it
// would end the process, whatever the caller recovers.
func (b *batch) work(answer func(i int64) error) {
	// Of a query that neither returns nor panics.
	err := errors.New("annoy: a filter ended the goroutine of its search")
	defer func() {
		if r := recover(); r != nil {
			b.panicked.CompareAndSwap(nil, &r)
		}
		if err != nil {
			b.once.Do(func() { b.first = err })
			b.next.Store(b.count)
		}
	}()
	err = b.each(answer)
}

func (b *batch) each(answer func(i int64) error) error {
	for {
		i := b.next.Add(1) - 1
		if i >= b.count {
			return nil
		}
		if err := answer(i); err != nil {
			return err
		}
	}
}
