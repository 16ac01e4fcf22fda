package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/kiss"
)

const (
	trialVectors = 200_000   // of a trial: how well data clusters depends on how much of it there is
	trialBytes   = 512 << 20 // of a trial's index, unless there is less memory
	trialQueries = 1000      // where the build is not calibrated
)

// chooseShape settles the shape. Where it is the build's to choose, each is tried on a sample of the vectors, and the one
// whose index touches the fewest bytes for the calibration's queries at a recall of 0.95 is taken: counted, not timed, for
// builds to stay the same. Where the sample is everything, the winner's tree, codewords and codes are kept.
func (b *builder) chooseShape() error {
	b.shape = b.Params.Shape
	if b.shape != ShapeAuto {
		return nil
	}
	if b.scansNothing() {
		b.shape, b.about.ShapeWhy = One8, TooFew
		return nil
	}
	t := &trial{builder: *b}
	if t.vs = b.trialVectors(); t.vs.Len() < b.vs.Len() {
		if err := t.hold(); err != nil {
			return err
		}
	}
	t.progress = newProgress(b.tell("trial"), int64(t.vs.Len())*trialSteps)
	costs := map[Shape]float64{}
	for _, shape := range []Shape{One8, One4, Two8} {
		cost, err := t.cost(shape)
		if err != nil {
			return err
		}
		costs[shape] = cost
		t.collect()
	}
	best := math.Inf(1)
	for i, shape := range []Shape{One4, One8, Two8} {
		b.about.ShapeCost[i] = costs[shape]
		if cost := costs[shape]; cost > 0 && cost < best {
			best, b.shape = cost, shape
		}
	}
	b.about.ShapeWhy = FewestBytes
	if b.shape == ShapeAuto { // none reaches it: the most exact codes
		b.shape = One4
	}
	if t.vs.Len() == b.vs.Len() {
		b.sample = t.sample
		b.part, b.book = t.parts[b.shape.LeafTarget()], t.books[b.shape]
		if t.best != nil && t.best.Shape == b.shape {
			b.coded = t.best
		}
	}
	return nil
}

// trialAnswers is how many answers a trial's query asks for: Cost's.
const trialAnswers = 10

// trialSteps is the vector-steps of a trial, for each vector: two partitions, and three times codes and queries.
const trialSteps = 2*partitionSteps + 3

// trialVectors is the sample of the vectors, all of them where there are few.
func (b *builder) trialVectors() Vectors {
	bytes := int64(trialBytes)
	if b.memory > 0 {
		bytes = min(bytes, max(b.memory/2, leastSampleBytes))
	}
	n := b.vs.Len()
	if m := int(min(trialVectors, bytes*int64(n)/b.fileSize())); m < n {
		m = min(n, max(m, 2000))
		return &subset{b.vs, spread(n, m, kiss.Stream(b.Seed, streamTrial, 0))}
	}
	return b.vs
}

// subset is some of the vectors, in ascending order.
type subset struct {
	Vectors
	list []int
}

func (s *subset) Len() int                           { return len(s.list) }
func (s *subset) Row(i int, buf []float32) []float32 { return s.Vectors.Row(s.list[i], buf) }
func (s *subset) ID(i int) int64                     { return s.Vectors.ID(s.list[i]) }

// trial is a build of each shape.
type trial struct {
	builder
	parts    map[int]*Partition // by the vectors of a leaf
	books    map[Shape]*Codebook
	best     *Index // so far, of all vectors, where memory is not limited
	leastYet float64
	progress *progress
}

// cost builds an index of a shape and counts the bytes that a query touches; 0 where no effort reaches the recall.
func (t *trial) cost(shape Shape) (float64, error) {
	if t.parts == nil {
		t.parts, t.books = map[int]*Partition{}, map[Shape]*Codebook{}
	}
	leaf := shape.LeafTarget()
	if t.parts[leaf] == nil {
		last := int64(0)
		part, err := t.partition(shape, func(done, _ int64) {
			t.progress.add(done - last)
			last = done
		})
		if err != nil {
			return 0, err
		}
		t.parts[leaf] = part
	}
	book, err := t.train(shape, t.parts[leaf])
	if err != nil {
		return 0, err
	}
	t.books[shape] = book
	t.shape, t.part, t.book = shape, t.parts[leaf], book
	var out Memory
	if _, err := t.assembly().Write(t.ctx, &out); err != nil {
		return 0, err
	}
	ix, err := Open(out.Bytes())
	if err != nil {
		return 0, err
	}
	if t.sample == nil {
		n := t.Calibrate
		if n == 0 {
			n = trialQueries
		}
		if t.sample, err = t.newSample(ix, n); err != nil {
			return 0, err
		}
	}
	t.collect()
	cost, err := ix.Cost(t.ctx, t.sample, t.Workers, t.Guard)
	t.progress.add(int64(t.vs.Len()))
	if t.memory == 0 && cost > 0 && (t.best == nil || cost < t.leastYet) {
		t.best, t.leastYet = ix, cost
	}
	return cost, err
}
