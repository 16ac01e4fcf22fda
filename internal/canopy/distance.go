package canopy

import (
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/metric"
)

// compareRows prepares the query for the distances of rows. A row holds components divided by RowScale: the query is
// divided too, or, for products, the result multiplied.
func (s *Searcher) compareRows() {
	ix, x := s.ix, s.q.Vec
	s.rows = kernel.Rows{Base: ix.Row(0), Stride: uintptr(ix.RowStride)}
	s.unit, s.close = 1, metric.CloseAngle
	if s.q.Fixed != nil { // rows are read once
		s.close = metric.ToldAngle
	}
	switch {
	case ix.Metric == Angular || ix.Metric == Cosine:
		s.scaled = grow(s.scaled, len(x))
		x = nearOne(x, metric.Squares(x), s.scaled)
		s.norm = math.Sqrt(metric.Squares(x))
	case ix.Metric == Hamming: // rows hold zeros and ones
		s.scaled = grow(s.scaled, len(x))
		for i, v := range x {
			s.scaled[i] = 0
			if v > 0.5 {
				s.scaled[i] = 1
			}
		}
		x = s.scaled
	case ix.RowScale == 1:
	case ix.Metric == Dot:
		s.unit = ix.RowScale
	default:
		s.unit = ix.RowScale
		if ix.Metric == Euclidean {
			s.unit *= ix.RowScale
		}
		s.scaled = grow(s.scaled, len(x))
		for i, v := range x {
			s.scaled[i] = v / ix.RowScale
		}
		x = s.scaled
	}
	s.against = x
}

// distances sets dist to the raw distances of rows, which the kernels request so many ahead.
func (s *Searcher) distances(from kernel.Rows, rows []uint32, ahead int) {
	e, out := s.ix.Element, s.dist[:len(rows)]
	s.Touched.Rows += len(rows)
	unit := s.unit
	switch s.ix.Metric {
	case Euclidean, Hamming:
		kernel.L2Rows(e, s.against, from, rows, ahead, out)
	case Manhattan:
		kernel.L1Rows(e, s.against, from, rows, ahead, out)
	case Dot:
		kernel.DotRows(e, s.against, from, rows, ahead, out)
		for i, product := range out {
			out[i] = 0 - product*unit // and not −product, which is −0 for 0
		}
		return
	default:
		norms := s.norms[:len(rows)]
		kernel.DotNormRows(e, s.against, from, rows, ahead, out, norms)
		s.angles(from, rows, norms, out)
		return
	}
	if unit != 1 {
		for i := range out {
			out[i] *= unit
		}
	}
}

// learnRatio compares the Manhattan distances of the first rows that a search measures, in dist, with their Euclidean ones.
func (s *Searcher) learnRatio(from kernel.Rows, rows []uint32) {
	if !s.gauge.manhattan || s.gauge.ratio != 0 {
		return
	}
	l2 := s.norms[:len(rows)]
	kernel.L2Rows(s.ix.Element, s.against, from, rows, 0, l2)
	for i := range l2 {
		l2[i] *= s.unit * s.unit
	}
	s.gauge.learn(s.dist[:len(rows)], l2, s.q.Effort.Z)
}

// rowsAhead is how many rows the kernels request ahead of those they measure, where nobody has requested them before.
const rowsAhead = 16

// angles sets out, the products of the query and rows, to the raw distances. norms are the rows' squared norms.
func (s *Searcher) angles(from kernel.Rows, rows []uint32, norms, out []float32) {
	for i, product := range out {
		d := float32(2 - 2*float64(product)/(math.Sqrt(float64(norms[i]))*s.norm))
		if !(d >= s.close && norms[i] >= metric.LeastNorm2 && norms[i] <= math.MaxFloat32) { // also NaN
			d = s.angle(unsafe.Add(from.Base, uintptr(rows[i])*from.Stride))
		}
		out[i] = d
	}
}

// angle is 2 − 2cos of the query and a row, computed in float64; 2 where either is zero.
func (s *Searcher) angle(row unsafe.Pointer) float32 {
	s.wide = grow(s.wide, s.ix.Dim)
	kernel.Widen(s.ix.Element, row, s.wide)
	return float32(2 * metric.Apart(s.against, s.wide, s.norm*s.norm))
}

// refine measures the angles of the answers in float64 where it shows in what is told of them.
func (s *Searcher) refine() {
	if s.close == metric.ToldAngle || s.ix.Metric != Angular && s.ix.Metric != Cosine {
		return
	}
	a := &s.best
	changed := false
	for i, key := range a.keys {
		d, row := distOf(key), uint32(key)
		if d >= metric.ToldAngle {
			break
		}
		if d >= metric.CloseAngle {
			a.keys[i] = keyOf(s.angle(s.ix.Row(row)), row)
			changed = true
		}
	}
	if changed {
		a.sort(a.keys)
	}
}

// nearOne scales x by a power of two, for its products with rows neither to vanish nor to overflow in float32. It is x itself where
// that needs no scaling, as nearly always; otherwise out.
func nearOne(x []float32, square float64, out []float32) []float32 {
	const least, most = 0x1p-60, 0x1p60 // of the squared norm
	if square == 0 || square >= least && square <= most {
		return x
	}
	_, exponent := math.Frexp(math.Sqrt(square))
	scale := math.Ldexp(1, -exponent)
	for i, v := range x {
		out[i] = float32(float64(v) * scale)
	}
	return out
}
