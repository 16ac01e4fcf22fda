package canopy

import (
	"context"
	"math"

	"github.com/annoy-go/annoy/internal/calibrate"
)

// Calibrate measures which efforts reach which recall for a sample's queries. Guard, where it is not nil, runs what
// reads the index in every goroutine. Ahead, where it is not nil, asks for bytes of the index that will be read soon, from a
// disk perhaps: distances are then remembered, in up to memory bytes, rather than rows read again. The result is the same.
func (ix *Index) Calibrate(ctx context.Context, s *Sample, workers int, guard func(func() error) error, ahead func([]byte), memory int64) (*calibrate.Table, error) {
	c := &calibration{ix: ix, sample: s, guard: guard}
	if ahead != nil && len(s.queries) > 0 {
		c.ahead, c.memos = ahead, make([]memo, len(s.queries))
		for i := range c.memos {
			c.memos[i].most = int(memory / memoEntry / int64(len(s.queries)))
		}
	}
	t, err := calibrate.Measure(ctx, c, workers)
	if err != nil {
		return nil, err
	}
	t.Given = s.self == nil
	return t, nil
}

// Cost is the bytes that a query of the sample touches on average, for 10 answers at a recall of 0.95: by what the
// shapes of an index are compared. It is 0 where that recall cannot be reached.
func (ix *Index) Cost(ctx context.Context, s *Sample, workers int, guard func(func() error) error) (float64, error) {
	return calibrate.Cost(ctx, &calibration{ix: ix, sample: s, guard: guard}, workers, 10, 0.95)
}

// calibration is a calibrate.Sample.
type calibration struct {
	ix     *Index
	sample *Sample
	guard  func(func() error) error
	ahead  func([]byte)
	memos  []memo // of each query, which one worker at a time asks; nil: rows are measured again
}

func (c *calibration) Queries() int        { return len(c.sample.queries) }
func (c *calibration) MaxProbes() int      { return max(1, c.ix.NLeaves) }
func (c *calibration) MaxTops() int        { return max(1, c.ix.NTops) }
func (c *calibration) Tops(probes int) int { return c.ix.TopsFor(probes) }

// Exact is without a limit where every search is exact anyway.
func (c *calibration) Exact() float64 {
	if c.ix.measuresAll(1) {
		return math.Inf(1)
	}
	return c.ix.ExactBytes()
}

func (c *calibration) Guard(do func() error) error {
	if c.guard == nil {
		return do()
	}
	return c.guard(do)
}

func (c *calibration) Worker() calibrate.Worker { return &sampleWorker{calibration: c} }

type sampleWorker struct {
	*calibration
	s Searcher
	q Query
}

// ask is the sample's query i.
func (w *sampleWorker) ask(i, k int, effort Effort) *Query {
	w.q = Query{Vec: w.sample.queries[i], K: k, Effort: effort, Exclude: w.q.Exclude[:0]}
	if w.memos != nil {
		w.s.memo, w.s.ahead = &w.memos[i], w.ahead
	}
	if w.sample.self != nil {
		w.q.Exclude = append(w.q.Exclude, w.sample.self[i])
	}
	return &w.q
}

// outcome is what the searcher has found of the k answers to query i.
func (w *sampleWorker) outcome(i, k int, t Touched) calibrate.Outcome {
	far := w.sample.far[i]
	o := calibrate.Outcome{Want: min(k, len(far)), Bytes: t.Bytes(w.ix), Left: w.s.Left}
	if o.Want > 0 {
		o.Found = min(w.s.best.within(far[o.Want-1]), o.Want)
	}
	return o
}

// Run searches.
func (w *sampleWorker) Run(i, k int, effort Effort) (calibrate.Outcome, error) {
	_, err := w.s.Search(w.ix, w.ask(i, k, effort))
	return w.outcome(i, k, w.s.Touched), err
}

// Trace searches once, with the leaves in one order of all, and settles at each of the numbers of probes. A search with so many probes takes
// them from fewer tops, which is nearly the same, and counted as it would be there.
func (w *sampleWorker) Trace(i, k int, z float32, probes []int, out []calibrate.Outcome) error {
	s, ix := &w.s, w.ix
	if !s.begin(ix, w.ask(i, k, Effort{Z: z})) || ix.measuresAll(s.k) || !s.encode() {
		o, err := w.Run(i, k, Effort{Z: z})
		for j := range out {
			out[j] = o
		}
		return err
	}
	if err := s.exclude(); err != nil {
		return err
	}
	s.makeTable()
	s.quantize()
	s.route.order = s.route.order[:0]
	s.compareAll()
	s.choose(probes[len(probes)-1])
	if err := s.readLeaves(); err != nil {
		return err
	}
	s.startBuffer()
	order, dir := s.route.order, s.route.dir
	done, found := 0, false
	for j, p := range probes {
		p = min(p, len(dir))
		if found { // nothing is left to be found: only the codes are counted
			for _, leaf := range dir[done:p] {
				s.Touched.Blocks += leaf.Blocks()
			}
		} else {
			s.route.order, s.route.dir = order[done:p], dir[done:p]
			if err := s.scanLeaves(); err != nil {
				return err
			}
			if err := s.settle(); err != nil {
				return err
			}
		}
		done = p
		t := s.Touched
		t.Centroids = len(ix.TopNorm) + ix.TopsFor(probes[j])*len(ix.Leaves)/max(1, ix.NTops)
		out[j] = w.outcome(i, k, t)
		found = s.best.full() && out[j].Found == out[j].Want
	}
	s.route.order, s.route.dir = order, dir
	return nil
}
