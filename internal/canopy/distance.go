package canopy

import (
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
)

// compareRows prepares the query for the distances of rows. A row holds components divided by RowScale: the query is
// divided too, or, for products, the result multiplied.
func (s *Searcher) compareRows() {
	ix, x := s.ix, s.q.Vec
	s.rows = kernel.Rows{Base: ix.Row(0), Stride: uintptr(ix.RowStride)}
	s.unit = 1
	switch {
	case ix.Metric == Angular || ix.Metric == Cosine:
		s.norm = math.Sqrt(squares(x))
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
		for i, product := range out {
			if out[i] = angular(product, norms[i], s.norm); out[i] < closeAngle {
				out[i] = s.smallAngle(unsafe.Add(from.Base, uintptr(rows[i])*from.Stride))
			}
		}
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

// closeAngle is the raw distance below which the roundings of float32, some 1e-7, are too much of it.
const closeAngle = 1e-3

// smallAngle is 2 − 2cos of the query and a row in float64: equal vectors are at distance 0, and not at 3e-4.
func (s *Searcher) smallAngle(row unsafe.Pointer) float32 {
	s.scaled = grow(s.scaled, s.ix.Dim)
	kernel.Widen(s.ix.Element, row, s.scaled)
	product, squared := 0.0, 0.0
	for i, v := range s.scaled {
		product += float64(v) * float64(s.against[i])
		squared += float64(v) * float64(v)
	}
	return float32(max(0, 2-2*product/math.Sqrt(squared*squares(s.against))))
}

// angular is 2 − 2cos of a product, a row's squared norm and the query's norm, and 2 where either vector is zero.
func angular(product, squared float32, norm float64) float32 {
	n := math.Sqrt(float64(squared)) * norm
	if !(n > 0) {
		return 2
	}
	return float32(2 - 2*float64(product)/n)
}
