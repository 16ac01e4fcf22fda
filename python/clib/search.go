//go:build clib

package main

// #include "annoyclib.h"
//
// static inline int32_t annoy_ask(annoy_contains f, void *data, int64_t id) { return f(data, id); }
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/cgo"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/annoy-go/annoy"
)

// annoy_search writes up to n hits of the vector q, or where that is NULL of the item id, to out, which has room for
// room. A negative n asks for all, as in Annoy.
//
//export annoy_search
func annoy_search(h C.uintptr_t, q *C.float, id, n C.int64_t, options *C.annoy_options, out *C.annoy_hit, room C.int64_t, count *C.int64_t, e *C.annoy_error) C.int32_t {
	*count = 0
	var hits []annoy.Neighbor
	err := protect(func() error {
		dst, err := given[annoy.Neighbor](unsafe.Pointer(out), int64(room))
		if err != nil {
			return err
		}
		dst = dst[:0]
		o := objectOf(h)
		s := searchOf(o, int64(n), options)
		s.k = min(s.k, int(room))
		if err := s.settle(); err != nil {
			return err
		}
		if q == nil {
			hits, err = s.byID(dst, int64(id))
		} else {
			var v []float32
			if v, err = vector(q, o.dim); err == nil {
				hits, err = s.run(dst, v)
			}
		}
		return err
	})
	*count = C.int64_t(len(hits))
	return report(e, err)
}

// annoy_search_many starts to search for every row; annoy_wait waits for it. Rows of ids and distances are n long, and filled up with −1 and NaN.
//
//export annoy_search_many
func annoy_search_many(h C.uintptr_t, rows *C.annoy_rows, n C.int64_t, options *C.annoy_options, jobs C.int32_t, ids *C.int64_t, distances *C.float, out *C.uintptr_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		o := objectOf(h)
		s := searchOf(o, int64(n), options)
		m, err := matrixOf(rows, o.dim)
		if err != nil {
			return err
		}
		results, err := each(m.count, int64(n))
		if err != nil {
			return err
		}
		b := &batch{search: s, rows: m, n: int(n)}
		if b.ids, err = given[int64](unsafe.Pointer(ids), results); err != nil {
			return err
		}
		if b.distances, err = given[float32](unsafe.Pointer(distances), results); err != nil {
			return err
		}
		*out = start(func(ctx context.Context, j *job) error { return b.run(ctx, j, workers(int(jobs))) })
		return nil
	})
}

// search is one call's options.
type search struct {
	object  *object
	k       int
	nothing bool // Annoy's search_k 0
	options annoy.SearchOptions
}

func searchOf(o *object, n int64, from *C.annoy_options) search {
	s := search{object: o, k: int(n)}
	if n < 0 {
		s.k = int(o.len())
		s.options.Exact = from.search_k == -1 // which is n times the trees
	}
	if o.canopy && from.recall == 1 && from.search_k <= 0 { // for which no calibration is needed
		s.options.Exact = true
	} else {
		s.options.Recall = float64(from.recall)
	}
	s.options.MinProduct = float32(from.min_product)
	if from.exact != 0 {
		s.options.Exact = true
	}
	switch k := from.search_k; {
	case k < -1:
		s.options.Exact = true
	case k == 0:
		s.nothing = !o.canopy
	case k > 0:
		s.options.SearchK = int(k)
	}
	switch d := float32(from.max_distance); {
	case d == 0:
		s.options.MaxDistance = math.SmallestNonzeroFloat32 // 0 itself would be none
	case !(d < 0):
		s.options.MaxDistance = d
	}
	if from.contains != nil {
		s.options.Filter = asking{from.contains, from.data}
	} else if from.filter != 0 {
		s.options.Filter = cgo.Handle(from.filter).Value().(annoy.Filter)
	}
	return s
}

// asking is a filter that is a function of C.
type asking struct {
	f    C.annoy_contains
	data unsafe.Pointer
}

func (a asking) Contains(id int64) bool { return C.annoy_ask(a.f, a.data, C.int64_t(id)) != 0 }

// run appends the hits of a vector. Where an index was replaced meanwhile, the next is searched.
func (s *search) run(dst []annoy.Neighbor, q []float32) ([]annoy.Neighbor, error) {
	for {
		ix, err := s.index()
		if ix == nil {
			return dst, err
		}
		hits, err := ix.AppendSearch(dst, q, s.k, &s.options)
		if !s.replaced(ix, err) {
			return hits, err
		}
	}
}

// byID appends the hits of an item; where nothing was added under its id, of the zero vector, as Annoy.
func (s *search) byID(dst []annoy.Neighbor, id int64) ([]annoy.Neighbor, error) {
	if err := s.object.check(id); err != nil {
		return dst, err
	}
	for {
		ix, err := s.index()
		if ix == nil {
			return dst, err
		}
		hits, err := ix.AppendSearchByID(dst, id, s.k, &s.options)
		if s.object.hole(err) {
			return s.run(dst, make([]float32, s.object.dim))
		}
		if !s.replaced(ix, err) {
			return hits, err
		}
	}
}

// index is what to search: nil where there is nothing to be found.
func (s *search) index() (*annoy.Index, error) {
	ix := s.object.index.Load()
	if ix == nil && s.object.canopy {
		return nil, valueError("annoy: there is no index to search: call build() or open one")
	}
	if s.nothing {
		return nil, nil
	}
	return ix, nil
}

func (s *search) replaced(ix *annoy.Index, err error) bool {
	return errors.Is(err, annoy.ErrClosed) && s.object.index.Load() != ix
}

// batch is annoy_search_many.
type batch struct {
	search    search
	rows      matrix
	n         int
	ids       []int64
	distances []float32
	next      atomic.Int64
	once      sync.Once
	first     error
}

// maxWorkers bounds the goroutines of a call where there are fewer processors: each of them holds memory.
const maxWorkers = 256

// workers is how many goroutines jobs asks for.
func workers(jobs int) int {
	processors := runtime.GOMAXPROCS(0)
	if jobs < 1 {
		return processors
	}
	return min(jobs, max(processors, maxWorkers))
}

func (b *batch) run(ctx context.Context, j *job, workers int) error {
	b.search.k = int(min(int64(b.search.k), b.search.object.len()))
	if err := b.search.settle(); err != nil {
		return err
	}
	j.total.Store(int64(b.rows.count))
	var wg sync.WaitGroup
	for range min(workers, b.rows.count) {
		wg.Go(func() {
			if err := protect(func() error { return b.work(ctx, j) }); err != nil {
				b.once.Do(func() { b.first = err })
				b.next.Store(int64(b.rows.count))
			}
		})
	}
	wg.Wait()
	return b.first
}

func (b *batch) work(ctx context.Context, j *job) error {
	scratch := make([]annoy.Neighbor, 0, b.search.k)
	nan := float32(math.NaN())
	for {
		i := int(b.next.Add(1)) - 1
		if i >= b.rows.count {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		hits, err := b.search.run(scratch, b.rows.row(i))
		if err != nil {
			return fmt.Errorf("%w (query %d)", err, i)
		}
		ids, distances := b.ids[i*b.n:(i+1)*b.n], b.distances[i*b.n:(i+1)*b.n]
		for k := range ids {
			if k < len(hits) {
				ids[k], distances[k] = hits[k].ID, hits[k].Distance
			} else {
				ids[k], distances[k] = -1, nan
			}
		}
		j.done.Add(1)
	}
}
