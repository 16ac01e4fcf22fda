//go:build clib

package main

import (
	"errors"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/exact"
)

// efforts is what a forest's searches for a recall take. A forest's file has no calibration, so that the first search for each number
// of neighbours and recall measures it, on items of the index.
type efforts struct {
	mu    sync.Mutex
	of    *annoy.Index
	known map[effortKey]effort
}

type effortKey struct {
	k      int
	recall float64
}

// effort is a search_k, or that no search_k is enough.
type effort struct {
	searchK int
	exact   bool
}

const (
	effortSample = 100 // items that are asked, each for its neighbours
	effortSteps  = 3   // halvings of the last doubling
)

// settle replaces the recall that a search of a forest asks for by the effort that it takes.
func (s *search) settle() error {
	ix, recall := s.object.index.Load(), s.options.Recall
	if ix == nil || s.object.canopy || recall == 0 || s.nothing {
		return nil
	}
	s.options.Recall = 0
	if recall >= 1 || s.options.Exact || s.k < 1 || s.k >= ix.Len() {
		s.options.Exact = true
		return nil
	}
	e, err := s.object.efforts.find(ix, effortKey{s.k, recall})
	s.options.SearchK, s.options.Exact = e.searchK, e.exact
	return err
}

// find measures, once for each key. Searches that ask for the same at the same time wait for one to know.
func (e *efforts) find(ix *annoy.Index, key effortKey) (effort, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.of != ix {
		e.of, e.known = ix, map[effortKey]effort{}
	}
	if known, ok := e.known[key]; ok {
		return known, nil
	}
	m, err := newMeasured(ix, key.k)
	if err != nil {
		return effort{}, err
	}
	found, err := m.effort(key.recall)
	if err == nil {
		e.known[key] = found
	}
	return found, err
}

// measured is a sample of the items of an index, with the distance of the farthest of their k true neighbours.
type measured struct {
	ix  *annoy.Index
	k   int
	ids []int64
	far []float64

	vectors [][]float32 // of the ids
	rule    exact.Rule
}

func newMeasured(ix *annoy.Index, k int) (*measured, error) {
	m := &measured{ix: ix, k: k}
	for i := range effortSample {
		id := int64(i) * int64(ix.Len()) / effortSample
		if n := len(m.ids); n > 0 && m.ids[n-1] == id {
			continue
		}
		if v, err := ix.AppendVector(nil, id); err == nil {
			m.ids, m.vectors = append(m.ids, id), append(m.vectors, v)
		} else if !errors.Is(err, annoy.ErrNotFound) { // which a hole is
			return nil, err
		}
	}
	m.rule = exact.NewRule(exact.Metric(ix.Metric()), m.vectors)
	m.far = make([]float64, len(m.ids))
	return m, m.each(&annoy.SearchOptions{Exact: true}, func(i int, hits []annoy.Neighbor) {
		if len(hits) > 0 {
			m.far[i] = float64(hits[len(hits)-1].Distance)
		}
	})
}

// each searches for the neighbours of every item of the sample, without itself.
func (m *measured) each(o *annoy.SearchOptions, do func(i int, hits []annoy.Neighbor)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, min(runtime.GOMAXPROCS(0), max(1, len(m.ids))))
	for w := range errs {
		wg.Go(func() {
			errs[w] = protect(func() error {
				own := *o
				for {
					i := int(next.Add(1)) - 1
					if i >= len(m.ids) {
						return nil
					}
					own.Exclude = m.ids[i : i+1]
					hits, err := m.ix.AppendSearchByID(nil, m.ids[i], m.k, &own)
					if err != nil {
						return err
					}
					do(i, hits)
				}
			})
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// recall is the mean recall at a search_k, less its standard error.
func (m *measured) recall(searchK int) (float64, error) {
	shares := make([]float64, len(m.ids))
	err := m.each(&annoy.SearchOptions{SearchK: searchK}, func(i int, hits []annoy.Neighbor) {
		for _, h := range hits {
			if m.rule.Near(m.vectors[i], float64(h.Distance), m.far[i]) {
				shares[i] += 1 / float64(m.k)
			}
		}
	})
	n, sum, squares := float64(max(1, len(shares))), 0.0, 0.0
	for _, s := range shares {
		sum += s
		squares += s * s
	}
	mean := sum / n
	return mean - math.Sqrt(max(0, squares/n-mean*mean)/n), err
}

// effort is the least search_k that reaches a recall, but for an eighth.
func (m *measured) effort(target float64) (effort, error) {
	most := m.ix.Len() * max(1, m.ix.Trees())
	low, high := 0, m.k
	for {
		found, err := m.recall(high)
		if err != nil {
			return effort{}, err
		}
		if found >= target {
			break
		}
		if high > most/2 {
			return effort{exact: true}, nil
		}
		low, high = high, 2*high
	}
	for range effortSteps {
		middle := (low + high) / 2
		if middle <= low {
			break
		}
		found, err := m.recall(middle)
		if err != nil {
			return effort{}, err
		}
		if found >= target {
			high = middle
		} else {
			low = middle
		}
	}
	return effort{searchK: high}, nil
}
