package main

import (
	"runtime"
	"slices"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
	"github.com/annoy-go/annoy/internal/cputime"
)

// tail is how long single queries take, in microseconds of their thread's CPU time.
type tail struct {
	Target float64      `json:"target"`
	Recall float64      `json:"recall"`
	P50    peers.Figure `json:"p50_us"` // over passes
	P99    peers.Figure `json:"p99_us"`
	Ratio  peers.Figure `json:"ratio"`
	// OwnRatio is p99 by p50 of each query's least time over the passes: what the query itself asks for, without what else the
	// machine did meanwhile.
	OwnRatio float64 `json:"own_ratio"`
	Clock    float64 `json:"clock_us"` // what reading the clock costs, which is in every time
}

const tailTarget = 0.95

// measureTail asks all queries one at a time, once a round.
func measureTail(b *bench) (*result, error) {
	x, err := b.index(variant{})
	if err != nil {
		return nil, err
	}
	s, err := newSubject(x.ix, b.v, 10)
	if err != nil {
		return nil, err
	}
	o := atRecall(tailTarget)
	p, err := s.pass(0, len(b.v.queries), o)
	if err != nil {
		return nil, err
	}
	t := &tail{Target: tailTarget, Recall: p.recall, Clock: micro(clockCost())}
	var p50, p99, ratio []float64
	least := slices.Repeat([]time.Duration{time.Hour}, len(b.v.queries))
	for range b.rounds {
		if err := b.ctx.Err(); err != nil {
			return nil, err
		}
		times, err := s.each(o)
		if err != nil {
			return nil, err
		}
		for i, d := range times {
			least[i] = min(least[i], d)
		}
		slices.Sort(times)
		half, most := micro(quantile(times, 0.5)), micro(quantile(times, 0.99))
		p50, p99, ratio = append(p50, half), append(p99, most), append(ratio, most/half)
	}
	slices.Sort(least)
	t.OwnRatio = micro(quantile(least, 0.99)) / micro(quantile(least, 0.5))
	t.P50, t.P99, t.Ratio = peers.FigureOf(p50), peers.FigureOf(p99), peers.FigureOf(ratio)
	return &result{Tail: t, Queries: len(b.v.queries)}, nil
}

// each times every query by itself.
func (s *subject) each(o *annoy.SearchOptions) (times []time.Duration, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	times = make([]time.Duration, 0, len(s.v.queries))
	for _, q := range s.v.queries {
		start := cputime.Thread()
		s.hits, err = s.ix.AppendSearch(s.hits[:0], q, s.k, o)
		times = append(times, cputime.Thread()-start)
		if err != nil {
			return nil, err
		}
	}
	return times, nil
}

// clockCost is the least that lies between two readings.
func clockCost() time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	least := time.Hour
	for range 1000 {
		start := cputime.Thread()
		least = min(least, cputime.Thread()-start)
	}
	return least
}

// quantile of times that are sorted: the least of them that as large a share does not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	i := int(q * float64(len(sorted)))
	return sorted[min(i, len(sorted)-1)]
}

func micro(d time.Duration) float64 { return float64(d) / 1e3 }
