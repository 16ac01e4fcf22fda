package eval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/annoy-go/annoy"
)

// Parameter is a number of the search that a sweep can vary.
type Parameter struct {
	Name string
	// Set puts a value, from 1, into options.
	Set func(o *annoy.SearchOptions, value int)
	// Max is the largest value that makes a difference for an index.
	Max func(ix *annoy.Index) int
}

// SearchK is annoy.SearchOptions.SearchK.
var SearchK = Parameter{
	Name: "search_k",
	Set:  func(o *annoy.SearchOptions, value int) { o.SearchK = value },
	Max: func(ix *annoy.Index) int {
		return int(min(int64(ix.Len())*int64(max(1, ix.Trees())), math.MaxInt))
	},
}

// Parameters are all of them.
func Parameters() []Parameter { return []Parameter{SearchK} }

// Options configure an Evaluator.
type Options struct {
	// K is how many neighbours are asked for. Default (0): 10.
	K int
	// Threads are the numbers of threads to measure with. Default (none): 1.
	Threads []int
	// MinTime is how long each speed is measured at least. Default (0): a second.
	MinTime time.Duration
	// Progress, when set, is told what is done next.
	Progress func(what string)
}

// Validate returns an error for a K, number of threads or time below 0.
func (o *Options) Validate() error {
	if o.K < 0 {
		return fmt.Errorf("annoy: evaluation: K is %d, want 1 or more", o.K)
	}
	for _, n := range o.Threads {
		if n < 1 {
			return fmt.Errorf("annoy: evaluation: %d threads, want 1 or more", n)
		}
	}
	if o.MinTime < 0 {
		return fmt.Errorf("annoy: evaluation: a time of %v, want 0 or more", o.MinTime)
	}
	return nil
}

// Evaluator measures one index with one list of queries. It is not safe for concurrent use: it wants the machine for
// itself.
type Evaluator struct {
	ix       *annoy.Index
	queries  [][]float32
	judge    *Judge
	o        Options
	verdicts map[string]map[int]Verdict // by parameter and value
}

// New is an evaluator of an index by its queries and, for each, the ids of its true neighbours (K or more, nearest
// first). Errors: those of NewJudge and of Options.Validate.
func New(ctx context.Context, ix *annoy.Index, queries [][]float32, truth [][]int64, o *Options) (*Evaluator, error) {
	e := &Evaluator{ix: ix, queries: queries, verdicts: map[string]map[int]Verdict{}}
	if o != nil {
		e.o = *o
	}
	if err := e.o.Validate(); err != nil {
		return nil, err
	}
	if e.o.K == 0 {
		e.o.K = 10
	}
	if len(e.o.Threads) == 0 {
		e.o.Threads = []int{1}
	}
	if e.o.MinTime == 0 {
		e.o.MinTime = time.Second
	}
	var err error
	e.judge, err = NewJudge(ctx, ix.Metric(), ix, queries, truth, e.o.K)
	return e, err
}

func (e *Evaluator) say(format string, args ...any) {
	if e.o.Progress != nil {
		e.o.Progress(fmt.Sprintf(format, args...))
	}
}

func (e *Evaluator) options(p Parameter, value int) *annoy.SearchOptions {
	o := &annoy.SearchOptions{}
	p.Set(o, value)
	return o
}

// Verdict is the recall at a value of a parameter; it is measured once, on all processors.
func (e *Evaluator) Verdict(ctx context.Context, p Parameter, value int) (Verdict, error) {
	if v, ok := e.verdicts[p.Name][value]; ok {
		return v, nil
	}
	e.say("recall at %s %d", p.Name, value)
	answers, err := e.ix.SearchBatch(ctx, e.queries, e.o.K, e.options(p, value))
	if err != nil {
		return Verdict{}, err
	}
	v, err := e.judge.Judge(ctx, answers)
	if err != nil {
		return Verdict{}, err
	}
	if e.verdicts[p.Name] == nil {
		e.verdicts[p.Name] = map[int]Verdict{}
	}
	e.verdicts[p.Name][value] = v
	return v, nil
}

// Found is what ForRecall found.
type Found struct {
	Value   int     // of the parameter
	Recall  float64 // there
	Reached bool    // false: Value is the parameter's largest, and Recall below the target
}

// ForRecall finds the smallest value of a parameter at which the recall is at least target, by doubling and then
// bisection, to within one part in a hundred, or exactly below 100. It takes recall not to fall as the value grows, which
// holds but for single hits.
func (e *Evaluator) ForRecall(ctx context.Context, p Parameter, target float64) (Found, error) {
	if !(target > 0 && target <= 1) {
		return Found{}, fmt.Errorf("annoy: a recall of %v, want more than 0 and at most 1", target)
	}
	most := max(1, p.Max(e.ix))
	low, high := e.bracket(p, target)
	for high == 0 {
		v := min(max(2*low, min(e.o.K, most)), most)
		if low > most/2 {
			v = most
		}
		verdict, err := e.Verdict(ctx, p, v)
		if err != nil {
			return Found{}, err
		}
		switch {
		case verdict.Recall >= target:
			high = v
		case v == most:
			return Found{Value: v, Recall: verdict.Recall}, nil
		default:
			low = v
		}
	}
	for high-low > max(1, high/100) {
		mid := low + (high-low)/2
		verdict, err := e.Verdict(ctx, p, mid)
		if err != nil {
			return Found{}, err
		}
		if verdict.Recall >= target {
			high = mid
		} else {
			low = mid
		}
	}
	return Found{Value: high, Recall: e.verdicts[p.Name][high].Recall, Reached: true}, nil
}

// bracket is what is known already: the smallest value with the recall (0: none), and the largest below that without.
func (e *Evaluator) bracket(p Parameter, target float64) (low, high int) {
	known := e.verdicts[p.Name]
	for v, verdict := range known {
		if verdict.Recall >= target && (high == 0 || v < high) {
			high = v
		}
	}
	for v, verdict := range known {
		if verdict.Recall < target && v > low && (high == 0 || v < high) {
			low = v
		}
	}
	return low, high
}

// Measure is the recall and speed at a value of a parameter, a point for each number of threads.
func (e *Evaluator) Measure(ctx context.Context, p Parameter, value int) ([]Point, error) {
	verdict, err := e.Verdict(ctx, p, value) // which also warms the caches
	if err != nil {
		return nil, err
	}
	o := e.options(p, value)
	var points []Point
	for _, threads := range e.o.Threads {
		e.say("speed at %s %d, threads %d", p.Name, value, threads)
		s, err := ClosedLoop(ctx, e.ix, e.queries, e.o.K, o, threads, e.o.MinTime)
		if err != nil {
			return nil, err
		}
		points = append(points, Point{
			SearchK: o.SearchK, Recall: verdict.Recall, RecallByID: verdict.RecallByID, Threads: threads,
			QPS: s.QPS, P50: s.P50, P90: s.P90, P99: s.P99, P999: s.P999, Max: s.Max, nearer: verdict.Nearer,
		})
	}
	return points, nil
}

// Front are the points that no other point of as many threads beats, in recall and queries per second at once: the
// Pareto front, by threads and recall.
func Front(points []Point) []Point {
	var front []Point
	for _, p := range points {
		if !slices.ContainsFunc(points, func(q Point) bool {
			return q.Threads == p.Threads && q.Recall >= p.Recall && q.QPS >= p.QPS && (q.Recall > p.Recall || q.QPS > p.QPS)
		}) {
			front = append(front, p)
		}
	}
	slices.SortStableFunc(front, func(a, b Point) int {
		if a.Threads != b.Threads {
			return a.Threads - b.Threads
		}
		if a.Recall < b.Recall {
			return -1
		}
		if a.Recall > b.Recall {
			return 1
		}
		return 0
	})
	return front
}
