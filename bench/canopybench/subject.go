package main

import (
	"runtime"
	"slices"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/cputime"
)

// subject is an index of ours that is searched in this process.
type subject struct {
	ix   *annoy.Index
	v    *vectors
	k    int
	kth  []float64
	hits []annoy.Neighbor
	ends []int
}

func newSubject(ix *annoy.Index, v *vectors, k int) (*subject, error) {
	kth, err := v.kth(k)
	if err != nil {
		return nil, err
	}
	return &subject{ix: ix, v: v, k: k, kth: kth}, nil
}

// passed is what a pass over queries took and found.
type passed struct {
	cpu    time.Duration
	recall float64
}

// warmQueries are asked before the clock starts.
const warmQueries = 10

// pass asks the queries from one to another, one after the other on one thread; what was found is judged after the clock
// has stopped.
func (s *subject) pass(from, to int, o *annoy.SearchOptions) (p passed, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if err := s.ask(from, min(from+warmQueries, to), o); err != nil {
		return p, err
	}
	s.hits, s.ends = slices.Grow(s.hits[:0], (to-from)*s.k), slices.Grow(s.ends[:0], to-from)
	start := cputime.Thread()
	err = s.ask(from, to, o)
	p.cpu = cputime.Thread() - start
	if err != nil {
		return p, err
	}
	found, at := 0, 0
	for i, end := range s.ends {
		found += s.v.hits(from+i, s.hits[at:end], s.kth[from+i])
		at = end
	}
	p.recall = float64(found) / float64((to-from)*s.k)
	return p, nil
}

func (s *subject) ask(from, to int, o *annoy.SearchOptions) (err error) {
	s.hits, s.ends = s.hits[:0], s.ends[:0]
	for _, q := range s.v.queries[from:to] {
		if s.hits, err = s.ix.AppendSearch(s.hits, q, s.k, o); err != nil {
			return err
		}
		s.ends = append(s.ends, len(s.hits))
	}
	return nil
}
