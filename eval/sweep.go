package eval

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/annoy-go/annoy"
)

// Setting is at what a point is measured.
type Setting struct {
	SearchK int     // annoy.SearchOptions.SearchK; 0: the index's own default, or Recall
	Recall  float64 // annoy.SearchOptions.Recall, of a calibrated index; 0: none is asked
	K       int     // neighbours asked for, and judged
	Threads int     // that ask at once
}

func (s *Setting) options() *annoy.SearchOptions {
	return &annoy.SearchOptions{SearchK: s.SearchK, Recall: s.Recall}
}

// effort is the setting's in words.
func (s *Setting) effort() string {
	switch {
	case s.Recall != 0:
		return "recall " + number(s.Recall)
	case s.SearchK != 0:
		return fmt.Sprintf("search_k %d", s.SearchK)
	}
	return "the default effort"
}

// Parameter is a number of the search that a sweep can vary while the others stay. The number of trees is none: it takes
// an index for each value.
type Parameter struct {
	Name string
	// In is where it stands in a setting. Values begin at 1.
	In func(s *Setting) *int
	// Max is the largest value that makes a difference for an index, which is exact search for search_k; nil where recall does not grow with the value.
	Max func(ix *annoy.Index) int
}

// The parameters.
var (
	SearchK = Parameter{
		Name: "search_k", In: func(s *Setting) *int { return &s.SearchK },
		Max: func(ix *annoy.Index) int {
			return int(min(int64(ix.Len())*int64(max(1, ix.Trees())), math.MaxInt))
		},
	}
	K       = Parameter{Name: "k", In: func(s *Setting) *int { return &s.K }}
	Threads = Parameter{Name: "threads", In: func(s *Setting) *int { return &s.Threads }}
)

// Parameters are all of them.
func Parameters() []Parameter { return []Parameter{SearchK, K, Threads} }

// Options configure an Evaluator.
type Options struct {
	// K is how many neighbours are asked for where K is not swept. Default (0): 10.
	K int
	// SearchK is that of measurements that neither sweep it nor look for a recall. Default (0): K · trees for a forest, for
	// a canopy what it takes itself.
	SearchK int
	// Threads are the numbers of threads to measure with where Threads is not swept. Default (none): 1.
	Threads []int
	// MinTime is how long each speed is measured at least. Default (0): a second.
	MinTime time.Duration
	// Progress, when set, is told what is done next.
	Progress func(what string)
}

// Validate returns an error for a K, SearchK or time below 0, or less than one thread.
func (o *Options) Validate() error {
	if o.K < 0 {
		return fmt.Errorf("annoy: evaluation: K is %d, want 1 or more", o.K)
	}
	if o.SearchK < 0 {
		return fmt.Errorf("annoy: evaluation: SearchK is %d, want 1 or more", o.SearchK)
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
	truth    [][]int64
	o        Options
	judges   map[int]*Judge      // by K
	verdicts map[Setting]Verdict // on no number of threads, which recall does not depend on
}

// New is an evaluator of an index by its queries and, for each, the ids of its true neighbours, nearest first, as many as
// the largest K that is to be measured. Errors: those of NewJudge and of Options.Validate.
func New(ctx context.Context, ix *annoy.Index, queries [][]float32, truth [][]int64, o *Options) (*Evaluator, error) {
	e := &Evaluator{ix: ix, queries: queries, truth: truth, judges: map[int]*Judge{}, verdicts: map[Setting]Verdict{}}
	if o != nil {
		e.o = *o
	}
	if err := e.o.Validate(); err != nil {
		return nil, err
	}
	if e.o.K == 0 {
		e.o.K = 10
	}
	if e.o.SearchK == 0 {
		e.o.SearchK = e.o.K * ix.Trees()
	}
	if len(e.o.Threads) == 0 {
		e.o.Threads = []int{1}
	}
	if e.o.MinTime == 0 {
		e.o.MinTime = time.Second
	}
	_, err := e.judge(ctx, e.o.K)
	return e, err
}

// judge is the judge of answers of k, made once.
func (e *Evaluator) judge(ctx context.Context, k int) (*Judge, error) {
	if j, ok := e.judges[k]; ok {
		return j, nil
	}
	j, err := NewJudge(ctx, e.ix.Metric(), e.ix, e.queries, e.truth, k)
	if err == nil {
		e.judges[k] = j
	}
	return j, err
}

func (e *Evaluator) say(format string, args ...any) {
	if e.o.Progress != nil {
		e.o.Progress(fmt.Sprintf(format, args...))
	}
}

// setting is a value of a parameter, and of the others what the options say; its recall depends on no number of threads.
func (e *Evaluator) setting(p Parameter, value int) Setting {
	s := Setting{SearchK: e.o.SearchK, K: e.o.K}
	*p.In(&s) = value
	s.Threads = 0
	return s
}

// Verdict is the recall at a value of a parameter; it is measured once, on all processors.
func (e *Evaluator) Verdict(ctx context.Context, p Parameter, value int) (Verdict, error) {
	return e.verdict(ctx, e.setting(p, value))
}

// verdict is that of a setting, whose Threads are 0.
func (e *Evaluator) verdict(ctx context.Context, s Setting) (Verdict, error) {
	if v, ok := e.verdicts[s]; ok {
		return v, nil
	}
	judge, err := e.judge(ctx, s.K)
	if err != nil {
		return Verdict{}, err
	}
	e.say("recall at %s, k %d", s.effort(), s.K)
	answers, err := e.ix.SearchBatch(ctx, e.queries, s.K, s.options())
	if err != nil {
		return Verdict{}, err
	}
	v, err := judge.Judge(ctx, answers)
	if err != nil {
		return Verdict{}, err
	}
	e.verdicts[s] = v
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
// holds but for single hits. The value is chosen by the very queries that it is then measured with: for others, expect a
// little less. Errors: a target that is no recall, a parameter without Max, those of the search.
func (e *Evaluator) ForRecall(ctx context.Context, p Parameter, target float64) (Found, error) {
	if !(target > 0 && target <= 1) {
		return Found{}, fmt.Errorf("annoy: a recall of %v, want more than 0 and at most 1", target)
	}
	if p.Max == nil {
		return Found{}, fmt.Errorf("annoy: recall does not grow with %s: no value of it is the least for a recall", p.Name)
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
	return Found{Value: high, Recall: e.verdicts[e.setting(p, high)].Recall, Reached: true}, nil
}

// bracket is what is known already: the smallest value with the recall (0: none), and the largest below that without.
func (e *Evaluator) bracket(p Parameter, target float64) (low, high int) {
	known := map[int]Verdict{}
	for s, verdict := range e.verdicts {
		if v := *p.In(&s); s == e.setting(p, v) {
			known[v] = verdict
		}
	}
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

// Measure is the recall and speed at a value of a parameter: a point for each number of threads, or one where those are
// the parameter.
func (e *Evaluator) Measure(ctx context.Context, p Parameter, value int) ([]Point, error) {
	threads := e.o.Threads
	if p.Name == Threads.Name {
		threads = []int{value}
	}
	return e.measure(ctx, e.setting(p, value), threads)
}

// MeasureRecall is the recall and speed where a calibrated index is asked for a recall: what it promises, and what it
// keeps. The error is annoy.ErrNotCalibrated where it promises none.
func (e *Evaluator) MeasureRecall(ctx context.Context, recall float64) ([]Point, error) {
	return e.measure(ctx, Setting{Recall: recall, K: e.o.K}, e.o.Threads)
}

func (e *Evaluator) measure(ctx context.Context, s Setting, threads []int) ([]Point, error) {
	// Measured now or before, it has brought into memory the pages that these searches read.
	verdict, err := e.verdict(ctx, s)
	if err != nil {
		return nil, err
	}
	var points []Point
	for _, s.Threads = range threads {
		e.say("speed at %s, k %d, threads %d", s.effort(), s.K, s.Threads)
		speed, err := ClosedLoop(ctx, e.ix, e.queries, s.K, s.options(), s.Threads, e.o.MinTime)
		if err != nil {
			return nil, err
		}
		points = append(points, Point{
			SearchK: s.SearchK, RecallAsked: s.Recall, K: s.K, Recall: verdict.Recall, Interval: inInterval * verdict.StdErr, RecallByID: verdict.RecallByID, Threads: s.Threads,
			QPS: speed.QPS, P50: speed.P50, P90: speed.P90, P99: speed.P99, P999: speed.P999, Max: speed.Max, CPU: speed.CPU, CPUShare: speed.CPUShare, nearer: verdict.Nearer,
		})
	}
	return points, nil
}

// Front are the points that no other point of as many neighbours and threads beats, in recall and queries per second at
// once: the Pareto front, by neighbours, threads and recall.
func Front(points []Point) []Point {
	var front []Point
	for _, p := range points {
		if !slices.ContainsFunc(points, func(q Point) bool {
			return q.K == p.K && q.Threads == p.Threads &&
				q.Recall >= p.Recall && q.QPS >= p.QPS && (q.Recall > p.Recall || q.QPS > p.QPS)
		}) {
			front = append(front, p)
		}
	}
	slices.SortStableFunc(front, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.K, b.K), cmp.Compare(a.Threads, b.Threads), cmp.Compare(a.Recall, b.Recall))
	})
	return front
}
