package main

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
	"github.com/annoy-go/annoy/internal/mmap"
)

// threads is what a second thread gains, by the clock on the wall.
type threads struct {
	Target     float64      `json:"target"`
	One        peers.Figure `json:"one_qps"`
	Two        peers.Figure `json:"two_qps"`
	Gain       peers.Figure `json:"gain"` // two by one, round by round
	StreamOne  peers.Figure `json:"stream_one_gbs"`
	StreamTwo  peers.Figure `json:"stream_two_gbs"`
	StreamGain peers.Figure `json:"stream_gain"`
}

// threadsTime is how long one measurement runs at least.
const threadsTime = 2 * time.Second

// measureThreads asks with one thread and with two, in turns, and between them reads the same file's memory with a
// plain loop: no search can gain more than memory has to give.
func measureThreads(b *bench) (*result, error) {
	x, err := b.index(variant{})
	if err != nil {
		return nil, err
	}
	m, err := mmap.Open(x.path, mmap.Options{})
	if err != nil {
		return nil, err
	}
	defer m.Close()
	t := &threads{Target: tailTarget}
	var one, two, gain, streamOne, streamTwo, streamGain []float64
	for range b.rounds {
		q1, err := askOn(b.ctx, 1, x.ix, b.v.queries, atRecall(t.Target))
		if err != nil {
			return nil, err
		}
		q2, err := askOn(b.ctx, 2, x.ix, b.v.queries, atRecall(t.Target))
		if err != nil {
			return nil, err
		}
		s1, s2 := streamOn(1, m.Bytes()), streamOn(2, m.Bytes())
		one, two, gain = append(one, q1), append(two, q2), append(gain, q2/q1)
		streamOne, streamTwo, streamGain = append(streamOne, s1/1e9), append(streamTwo, s2/1e9), append(streamGain, s2/s1)
	}
	t.One, t.Two, t.Gain = peers.FigureOf(one), peers.FigureOf(two), peers.FigureOf(gain)
	t.StreamOne, t.StreamTwo, t.StreamGain = peers.FigureOf(streamOne), peers.FigureOf(streamTwo), peers.FigureOf(streamGain)
	return &result{Threads: t, Queries: len(b.v.queries)}, nil
}

// askOn is the queries per second of so many threads that take them in turn.
func askOn(ctx context.Context, n int, ix *annoy.Index, queries [][]float32, o *annoy.SearchOptions) (float64, error) {
	errs := make([]error, n)
	rate := onThreads(n, func(thread int, next func() (int, bool)) {
		hits := make([]annoy.Neighbor, 0, 10)
		for errs[thread] == nil {
			i, more := next()
			if !more {
				return
			}
			hits, errs[thread] = ix.AppendSearch(hits[:0], queries[i%len(queries)], 10, o)
		}
	})
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return rate, ctx.Err()
}

// streamBlock is what a thread of the plain loop takes at a time.
const streamBlock = 1 << 20

// streamOn is the bytes per second of so many threads that sum up memory from its beginning to its end, and again.
func streamOn(n int, data []byte) float64 {
	size := min(streamBlock, len(data))
	blocks := len(data) / size
	var sum atomic.Uint64
	rate := onThreads(n, func(_ int, next func() (int, bool)) {
		own := uint64(0)
		for {
			i, more := next()
			if !more {
				sum.Add(own)
				return
			}
			own += sumOf(data[i%blocks*size:][:size])
		}
	})
	return rate * float64(size)
}

// sumOf adds words up, four sums at a time so that memory and not one addition after the other sets the pace.
func sumOf(data []byte) uint64 {
	var a, b, c, d uint64
	for ; len(data) >= 32; data = data[32:] {
		a += binary.LittleEndian.Uint64(data[0:8])
		b += binary.LittleEndian.Uint64(data[8:16])
		c += binary.LittleEndian.Uint64(data[16:24])
		d += binary.LittleEndian.Uint64(data[24:32])
	}
	return a + b + c + d
}

// onThreads runs work on so many threads, which take numbers from 0 on until the time is over, and gives numbers per second.
func onThreads(n int, work func(thread int, next func() (int, bool))) float64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
	var (
		taken atomic.Int64
		over  atomic.Bool
		wg    sync.WaitGroup
	)
	next := func() (int, bool) { return int(taken.Add(1)) - 1, !over.Load() }
	start := time.Now()
	timer := time.AfterFunc(threadsTime, func() { over.Store(true) })
	defer timer.Stop()
	for thread := range n {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			work(thread, next)
		})
	}
	wg.Wait()
	return float64(taken.Load()-int64(n)) / time.Since(start).Seconds()
}
