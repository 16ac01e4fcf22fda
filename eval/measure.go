package eval

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/cputime"
)

// Searcher answers queries, as *annoy.Index does.
type Searcher interface {
	AppendSearch(dst []annoy.Neighbor, q []float32, k int, o *annoy.SearchOptions) ([]annoy.Neighbor, error)
}

// Speed is what a closed loop measured. Latencies are in microseconds.
type Speed struct {
	QPS     float64 // queries per second of all threads together
	P50     float64
	P90     float64
	P99     float64
	P999    float64
	Max     float64
	Queries int64 // that were asked, each one of the list equally often but for the last few

	// CPU is the CPU time of a query, that of the whole process divided by the queries, and CPUShare what part it is of the time on
	// the clock of as many threads as can run at once. Both are 0 where the system does not tell.
	CPU      float64
	CPUShare float64
}

// maxLatency is what a longer latency counts as, in nanoseconds.
const maxLatency = int64(time.Hour)

// ClosedLoop asks all queries for k items, on so many threads, again and again until at least the time is over. Errors:
// those of the search, ctx's; threads below 1, no queries.
func ClosedLoop(
	ctx context.Context, s Searcher, queries [][]float32, k int, o *annoy.SearchOptions, threads int, atLeast time.Duration,
) (Speed, error) {
	if threads < 1 || len(queries) == 0 {
		return Speed{}, fmt.Errorf("annoy: measuring with %d threads and %d queries: want at least one of each", threads, len(queries))
	}
	var (
		next   atomic.Int64
		end    atomic.Int64 // queries to ask in all, 0: not known yet
		wg     sync.WaitGroup
		total  = newHistogram()
		mu     sync.Mutex
		failed error
	)
	n := int64(len(queries))
	start, cpu := time.Now(), cputime.Process()
	for range threads {
		wg.Go(func() {
			h := newHistogram()
			hits := make([]annoy.Neighbor, 0, k)
			var err error
			for err == nil {
				i := next.Add(1) - 1
				if i%n == 0 && i > 0 && time.Since(start) >= atLeast {
					end.CompareAndSwap(0, i) // a whole number of rounds; what others began beyond it is few
				}
				if e := end.Load(); e != 0 && i >= e {
					break
				}
				if i%64 == 0 {
					err = ctx.Err()
				}
				if err == nil {
					before := time.Now()
					hits, err = s.AppendSearch(hits[:0], queries[i%n], k, o)
					_ = h.RecordValue(min(int64(time.Since(before)), maxLatency)) // within the range, so no error
				}
			}
			if err != nil {
				end.Store(1)
			}
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			total.Merge(h)
		})
	}
	wg.Wait()
	elapsed, cpu := time.Since(start), cputime.Process()-cpu
	if failed != nil {
		if ctx.Err() != nil {
			return Speed{}, ctx.Err()
		}
		return Speed{}, failed
	}
	at := func(quantile float64) float64 { return float64(total.ValueAtQuantile(quantile)) / 1e3 }
	busiest := elapsed * time.Duration(min(threads, runtime.GOMAXPROCS(0)))
	return Speed{
		CPU: float64(cpu.Nanoseconds()) / 1e3 / float64(total.TotalCount()), CPUShare: min(1, float64(cpu)/float64(busiest)),
		QPS: float64(total.TotalCount()) / elapsed.Seconds(), Queries: total.TotalCount(),
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(total.Max()) / 1e3,
	}, nil
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxLatency, 3) }
