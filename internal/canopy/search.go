package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/filter"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Searcher is the scratch memory of one search at a time; the zero value is ready. It grows with the indexes and queries
// seen and is kept for the next search, which then allocates nothing.
type Searcher struct {
	ix *Index
	q  *Query
	k  int

	coded   []float32 // the query in the coded space, less the mean, zero to the end of the last sub-space
	square  float32   // its squared norm
	largest float32   // of its components' magnitudes
	vector  []float32 // scratch of the same length
	gauge   gauge
	table   []byte
	partial []float32 // scratch of the table
	route   router
	buffer  buffer

	rows    kernel.Rows
	against []float32 // the query as rows are compared with it
	scaled  []float32 // what that is where it is not the query itself
	unit    float32   // what 1 of the kernels' values is of a raw distance
	norm    float64   // of against, for Angular and Cosine
	close   float32   // raw angles below it are measured in float64
	wide    []float32 // a row as float32
	dist    []float32
	norms   []float32
	best    answers

	batch   []uint32 // rows to measure without a scan
	list    filter.List
	fetched fetched

	// Of a query that is asked again and again, by a calibration from a file; nil otherwise.
	memo      *memo
	ahead     func(part []byte)
	fresh     []uint32
	freshDist []float32

	// Touched counts what the last search looked at.
	Touched Touched
	// Left is how many answers were likely unseen, for each found, after the leaves of the effort; where it says how many may be.
	Left float64

	again bool // what was scanned is scanned a second time
}

// Search returns the K nearest of the rows that the query's effort reaches, by (distance, id), nearest first. There are
// fewer than K only where fewer rows, of those that the filter lets through, are there or within MaxDist. The result is
// valid until the next search. The error is that of a damaged index.
//
// The query's table gives the estimate of a distance as a sum of bytes, one for each nibble of a code. Routing finds
// the leaves to scan; the scan gives a lower bound of each distance in them; rows whose bounds are below the K-th
// distance so far are measured, which lowers that.
func (s *Searcher) Search(ix *Index, q *Query) ([]Hit, error) {
	if !s.begin(ix, q) {
		return nil, nil
	}
	err := s.answer()
	var hits []Hit
	if err == nil {
		s.refine()
		hits = s.best.sorted()
		s.requestIDs(hits)
	}
	s.ix, s.q, s.best.ix, s.rows, s.against = nil, nil, nil, kernel.Rows{}, nil
	return hits, err
}

// begin takes the query up; false where there is nothing to answer.
func (s *Searcher) begin(ix *Index, q *Query) bool {
	s.ix, s.q, s.k, s.Touched, s.again = ix, q, min(q.K, ix.N), Touched{}, false
	if s.k < 1 {
		return false
	}
	worst := float32(math.Inf(1))
	if q.Bounded {
		worst = q.MaxDist
	}
	s.best.reset(ix, s.k, worst)
	s.compareRows()
	return true
}

// scanFrom is the share of the rows, one in so many, from which on answers are found by measuring all rows: as many
// are measured anyway, scattered, and several times as many bounds kept.
const scanFrom = 8

// measuresAll tells whether searches for k answers measure every row.
func (ix *Index) measuresAll(k int) bool { return ix.N <= max(scanFrom*k, scanAlways) }

func (s *Searcher) answer() error {
	if err := s.exclude(); err != nil {
		return err
	}
	all := s.q.Exact || s.ix.measuresAll(s.k)
	if listed, ok := s.q.Filter.(filter.Sized); ok && s.scansFilter(listed, all) {
		return s.scanFilter(listed)
	}
	if all {
		return s.scanRows()
	}
	if !s.encode() {
		return s.scanRows()
	}
	s.makeTable()
	if err := s.chooseLeaves(); err != nil {
		return err
	}
	s.startBuffer()
	if err := s.scanLeaves(); err != nil {
		return err
	}
	exact, err := s.widen()
	if err == nil && !exact {
		exact, err = s.goOn()
	}
	if err != nil {
		return err
	}
	if s.q.Fixed != nil {
		if err := s.measureFixed(); err != nil {
			return err
		}
	}
	if !exact && s.complete() {
		return nil
	}
	return s.scanRows()
}

// encode maps the query to the coded space, and sets the gauge of its bounds. It is false for a query so long that its
// squared distances are beyond float32.
func (s *Searcher) encode() bool {
	ix := s.ix
	s.coded = grow(s.coded, ix.M*ix.Dims)
	s.vector = grow(s.vector, ix.Dim)
	sp := ix.space()
	x, tail := sp.query(s.q.Vec, s.vector), float32(0)
	coded := s.coded[:len(ix.Mean)]
	s.gauge = newGauge(ix, sp, s.q, x)
	if ix.Axes != nil {
		tail = s.turn(x, coded)
		x = coded
	}
	for i, mean := range ix.Mean {
		coded[i] = x[i] - mean
	}
	s.largest = largestOf(coded)
	clear(s.coded[ix.Coded:])
	s.square = kernel.Dot(s.coded, s.coded) + tail
	return s.square-s.square == 0
}

// largestOf is the largest of the components' magnitudes, compared as integers: as floats it takes five times as long.
func largestOf(x []float32) float32 {
	largest := uint32(0)
	for _, v := range x {
		largest = max(largest, math.Float32bits(v)&^(1<<31))
	}
	return math.Float32frombits(largest)
}

// turn sets out to the coordinates of x along the axes, and returns the square of its length off them. Both are in int8, whose
// error is a hundredth of a code's.
func (s *Searcher) turn(x, out []float32) (tail float32) {
	ix, r := s.ix, &s.route
	flat := s.vector
	if &x[0] != &flat[0] {
		copy(flat, x)
	}
	kernel.Blend(flat, 1, ix.Center, -1)
	scale := largestOf(flat) / 127
	if scale == 0 {
		scale = 1
	}
	r.q8 = grow(r.q8, (ix.Dim+3)&^3)
	kernel.Quantize8(flat, 1/scale, r.q8)
	// RouteMany's distances are not negative: the base, which no product exceeds, makes these positive.
	base := float32(128 * 127 * len(r.q8))
	s.norms = grow(s.norms, len(out))
	clear(s.norms)
	kernel.RouteMany(r.q8, ix.Axes, s.norms, ix.AxisBias, kernel.RouteParams{Base: base, Mul: -1}, out)
	for i, step := range ix.AxisScale {
		out[i] = (out[i] - base) * (scale * step)
	}
	return max(0, kernel.Dot(flat, flat)-kernel.Dot(out, out))
}

// makeTable fills the table of what each nibble adds to the estimate.
func (s *Searcher) makeTable() {
	ix := s.ix
	s.table = grow(s.table, ix.M*Codewords)
	s.partial = grow(s.partial, ix.M*Codewords)
	s.gauge.unit, s.gauge.bias = kernel.Table(s.coded, ix.Codebook, ix.M, ix.Dims, s.partial, s.table)
}

// grow returns a slice of n elements, s itself where it is large enough. What is in it does not matter.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
