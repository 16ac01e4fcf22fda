package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/kernel"
)

// Moments say how the vectors of a leaf lie around its centroid c. The squared distances of a query q to them have, with
// g = ‖q − c‖², about the mean g + Square and the variance SquareVar + 4·g·Along.
type Moments struct {
	Square    float32 // mean of ‖x − c‖²
	SquareVar float32 // its variance
	Along     float32 // variance of x − c along a direction, the mean over those in which the leaf's vectors differ
}

// farOff is from how many deviations on a leaf counts as having nothing to find.
const farOff = 4

// below is the share of a leaf's vectors whose squared distance is expected to be below t. A sum of squares is far from normal where it is small: its
// cube root is nearly normal (Wilson and Hilferty, 1931).
func (m *Moments) below(t, g, along float32) float64 {
	mean, variance := g+m.Square, m.SquareVar+along*m.Along
	if !(variance > 0) {
		if mean < t {
			return 1
		}
		return 0
	}
	s := float32(math.Sqrt(float64(variance))) / (3 * mean)
	least := 1 - s*s - farOff*s
	if t <= 0 || least > 0 && t < mean*least*least*least {
		return 0
	}
	return 0.5 * math.Erfc(float64(1-s*s-float32(math.Cbrt(float64(t/mean))))/(math.Sqrt2*float64(s)))
}

// unseen is how many vectors of leaves compared and not scanned are likely nearer than the limit. Leaves up to after are scanned.
func (s *Searcher) unseen(after float32) (sum float64) {
	ix, r, t := s.ix, &s.route, s.buffer.limit
	for i, p := range r.parts {
		end := len(r.near)
		if i+1 < len(r.parts) {
			end = r.parts[i+1].at
		}
		near := r.near[p.at:end]
		moments := ix.Moments[p.first:][:len(near)]
		leaves := ix.Leaves[p.first:][:len(near)]
		for j, g := range near {
			if g > after && g <= math.MaxFloat32 {
				if share := moments[j].below(t, g, s.along(g)); share > 0 {
					sum += share * float64(leaves[j].Own)
				}
			}
		}
	}
	return sum
}

// along is the factor of Moments.Along in the variance of a leaf's squared distances.
func (s *Searcher) along(g float32) float32 {
	if s.ix.Metric == Dot {
		return 4 * float32(s.ix.MaxNorm2)
	}
	return 4 * g
}

// passing is what a filter let through, of how many.
type passing struct{ tested, passed int }

func (b *buffer) passing() passing { return passing{b.tested, b.passed} }

// share is the share of the rows that a filter lets through: in all, or since before, whichever is more.
func (b *buffer) share(before passing) float64 {
	share := func(passed, tested int) float64 { return float64(passed) / float64(max(tested, 1)) }
	if b.tested == 0 {
		return 1
	}
	return max(share(max(b.passed, 1), b.tested), share(b.passed-before.passed, b.tested-before.tested))
}

// morePass tells whether a much larger share of the rows passed the filter since before than until then.
func (b *buffer) morePass(before passing) bool {
	passed, tested := float64(b.passed-before.passed), float64(b.tested-before.tested)
	return passed*float64(max(before.tested, 1)) > 2*tested*float64(max(before.passed, 1))
}

// goOn scans more leaves as long as more answers are likely unseen than the effort allows. It is true where measuring all rows would
// take less than these.
func (s *Searcher) goOn() (exact bool, err error) {
	ix, r, b := s.ix, &s.route, &s.buffer
	if s.q.Effort.Left <= 0 || len(ix.Moments) == 0 || s.q.Fixed != nil || len(r.order) == 0 {
		return false, nil
	}
	after := float32(math.Inf(-1))
	if !r.all {
		after = math.Float32frombits(uint32(r.order[len(r.order)-1] >> 32))
	}
	share, base := b.share(b.late), s.Touched.Blocks
	for first := true; b.limit <= math.MaxFloat32; first = false {
		allowed := float64(s.q.Effort.Left) * float64(max(1, len(s.best.keys)))
		left := s.unseen(after) * share
		if first {
			s.Left = left / float64(max(1, len(s.best.keys)))
		}
		if left <= allowed || !s.again && s.Touched.Blocks > furtherAtMost*base {
			return false, nil
		}
		done := max(1, s.Touched.Blocks*kernel.BlockSlots/int(max(ix.MeanSlots, 1)))
		step := max(done/4, ix.NLeaves/64, 1)
		if first && left > unlike*allowed && s.q.Effort.Sure > 0 {
			s.startAgain()
			step = done
		}
		if !r.all {
			s.compareAll()
			after = float32(math.Inf(-1))
			left = s.unseen(after) * share
		}
		s.choose(8 * step)
		if len(r.order) == 0 {
			return false, nil
		}
		need := 0
		for rest := left; need < len(r.order) && rest > allowed; need++ {
			l := uint32(r.order[need])
			g := math.Float32frombits(uint32(r.order[need] >> 32))
			rest -= share * ix.Moments[l].below(b.limit, g, s.along(g)) * float64(ix.Leaves[l].Own)
		}
		more := Touched{Blocks: int(float64(need) * ix.MeanSlots / kernel.BlockSlots), Rows: int(2 * left)}
		if float64(more.Bytes(ix)) > ix.ExactBytes() {
			return true, nil
		}
		r.order = r.order[:min(max(need, 1), step)]
		s.passOver()
		if err := s.readLeaves(); err != nil {
			return false, err
		}
		before := b.passing()
		if err := s.scanLeaves(); err != nil {
			return false, err
		}
		if err := s.settle(); err != nil {
			return false, err
		}
		share = b.share(before)
	}
	return false, nil
}

// furtherAtMost is how many times as many codes as the effort asks for are scanned at most for a query that is not unlike the others.
const furtherAtMost = 4

// unlike is from how many times as many unseen answers as are allowed on a query counts as unlike those of the calibration. Its bounds are
// then lowered by Effort.Sure deviations, and what was scanned is scanned again.
const unlike = 3

// startAgain forgets which leaves were scanned, keeps the answers, and lowers bounds further.
func (s *Searcher) startAgain() {
	s.again = true
	s.gauge.spread = s.q.Effort.Sure * s.gauge.deviation
	s.route.order, s.route.all = s.route.order[:0], false
}

// momentRows is how many rows of a leaf its moments are computed from.
const momentRows = 32

// measureMoments computes the moments of all leaves from some of their own rows.
func (ix *Index) measureMoments(p *pool) ([]Moments, error) {
	out := make([]Moments, len(ix.Leaves))
	sp := ix.space()
	err := p.chunks(len(ix.Leaves), group, func(_, from, to int) error {
		rows := make([]float32, momentRows*ix.Dim)
		buf, mean := make([]float32, ix.Dim), make([]float32, ix.Dim)
		for l := from; l < to; l++ {
			leaf, err := ix.Leaf(uint32(l))
			if err != nil {
				return err
			}
			n := int(min(leaf.Own, momentRows))
			if n == 0 {
				continue
			}
			clear(mean)
			for i := range n {
				x := rows[i*ix.Dim:][:ix.Dim]
				copy(x, sp.item(ix.Stored().Row(int(leaf.FirstRow)+i*int(leaf.Own)/n, buf), buf))
				kernel.Blend(mean, 1, x, 1/float32(n))
			}
			for i := range n {
				kernel.Blend(rows[i*ix.Dim:][:ix.Dim], 1, mean, -1)
			}
			out[l] = momentsOf(rows, n, ix.Dim, ix.Metric == Dot)
		}
		return nil
	})
	return out, err
}

// momentsOf are the moments of n vectors of mean 0. For dot it is products that leaves are compared by, whose mean is that of the centroid.
func momentsOf(rows []float32, n, dim int, dot bool) (m Moments) {
	sum, squares, products := 0.0, 0.0, 0.0
	for i := range n {
		x := rows[i*dim:][:dim]
		square := float64(kernel.Dot(x, x))
		sum += square
		squares += square * square
		for j := range i {
			p := float64(kernel.Dot(x, rows[j*dim:][:dim]))
			products += p * p
		}
	}
	mean := sum / float64(n)
	if n > 1 && mean > 0 {
		m.Along = float32(2 * products / float64(n*(n-1)) / mean)
	}
	if !dot {
		m.Square, m.SquareVar = float32(mean), float32(max(0, squares/float64(n)-mean*mean))
	}
	return m
}
