package forest

import (
	"math"
	"sync/atomic"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/kiss"
)

// split divides items in two: by a plane, or for hamming by one bit.
type split struct {
	normal   []float32 // Dim components
	extra    float32   // dot: the normal's component beyond them
	offset   float32   // euclidean, manhattan
	position uint64    // hamming
	lot      bool      // sides are drawn, not decided
}

// write fills the fields of node p that a search reads.
func (s *split) write(it *Items, p unsafe.Pointer) {
	switch it.Metric {
	case annfile.Hamming:
		it.SetPosition(p, s.position)
		return
	case annfile.Euclidean, annfile.Manhattan:
		it.SetOffset(p, s.offset)
	case annfile.Dot:
		// In the released dialect the field stays 0: 1.17.3 adds its square to every query's margin.
		if it.Dialect == annfile.Main {
			it.SetFactor(p, s.extra)
		}
	}
	copy(it.Floats(p), s.normal)
}

// drawLots makes the plane that says nothing: items go to either side by lot, and a
// search takes both sides for equally near (for hamming, as near as bit 0 says).
func (s *split) drawLots() {
	clear(s.normal)
	s.extra, s.offset, s.position, s.lot = 0, 0, 0, true
}

const (
	twoMeansSteps = 200
	bitAttempts   = 20
)

// splitter holds the scratch of choosing a split: two centroids, or the bits that differ.
type splitter struct {
	p, q   centroid
	differ []uint64
	halt   *atomic.Bool // the stop flag of the build
}

type centroid struct {
	v     []float32
	extra float32
	norm2 float32 // of v and extra; angular metrics only
	count float32 // vectors in it: the weight that balances the sides
}

// choose finds a plane between two groups of the vectors by Annoy's two-means: up to
// 200 random vectors, one after the other, move the nearer of two centroids, nearness being weighed by
// how many a centroid has. The plane is where both are equally far. len(index) ≥ 2.
//
// Tried, no gain in recall at equal SearchK beyond the spread between seeds (±0.003; gloss and sift, 10
// trees): the best of 3 or 8 planes by mean margin, or by mean margin times balance. 400 steps gain 0.015
// at SearchK 500 and nothing from 10,000 on; 100 steps lose 0.02 at 2,000.
func (sp *splitter) choose(r *rows, index []int32, rng *kiss.Source, s *split) {
	s.lot = false
	if r.it.Metric == annfile.Hamming {
		sp.chooseBit(r, index, rng, s)
		return
	}
	cosine := r.it.Metric == annfile.Angular || r.it.Metric == annfile.Dot
	i := rng.Index(len(index))
	j := rng.Index(len(index) - 1)
	if j >= i {
		j++
	}
	sp.p.start(r, index[i], cosine)
	sp.q.start(r, index[j], cosine)
	for range twoMeansSteps {
		k := index[rng.Index(len(index))]
		v, scale := r.floats(k), float32(1)
		var dp, dq float32
		switch {
		case cosine:
			if scale = r.inverseNorm(k); scale == 0 {
				continue
			}
			extra := r.extra(k)
			dp = sp.p.count * sp.p.cosineDistance(v, extra, scale)
			dq = sp.q.count * sp.q.cosineDistance(v, extra, scale)
		case r.it.Metric == annfile.Manhattan:
			dp, dq = sp.p.count*kernel.L1(sp.p.v, v), sp.q.count*kernel.L1(sp.q.v, v)
		default:
			dp, dq = sp.p.count*kernel.L2(sp.p.v, v), sp.q.count*kernel.L2(sp.q.v, v)
		}
		switch {
		case dp < dq:
			sp.p.add(r, k, scale, cosine)
		case dq < dp:
			sp.q.add(r, k, scale, cosine)
		}
	}
	sp.plane(r.it.Metric, s)
}

// farScale makes the difference of any two centroids, of magnitudes below 2^129, so small that its squares are float32.
const farScale = 0x1p-66

// plane is halfway between the centroids; where even that cannot be computed, it is the plane that says nothing.
func (sp *splitter) plane(m annfile.Metric, s *split) {
	norm := sp.difference(s, 1)
	if !finite(norm) {
		norm = sp.difference(s, farScale)
	}
	if norm > 0 {
		kernel.Blend(s.normal, float32(1/norm), s.normal, 0)
		s.extra = float32(float64(s.extra) / norm)
	}
	s.offset = 0
	if m == annfile.Euclidean || m == annfile.Manhattan {
		// Halved before they are added: the sum of two may overflow.
		s.offset = -(kernel.Dot(s.normal, sp.p.v)/2 + kernel.Dot(s.normal, sp.q.v)/2)
	}
	if !finite(norm) || !finite(float64(s.offset)) {
		clear(s.normal)
		s.extra, s.offset = 0, 0
	}
}

// difference makes the normal the scaled difference of the centroids and returns its length.
func (sp *splitter) difference(s *split, scale float32) float64 {
	copy(s.normal, sp.p.v)
	kernel.Blend(s.normal, scale, sp.q.v, -scale)
	s.extra = scale*sp.p.extra - scale*sp.q.extra
	return math.Sqrt(float64(kernel.Dot(s.normal, s.normal)) + float64(s.extra)*float64(s.extra))
}

func finite(x float64) bool { return x-x == 0 }

// start makes the centroid vector i, normalised for the angular metrics.
func (c *centroid) start(r *rows, i int32, cosine bool) {
	copy(c.v, r.floats(i))
	c.extra, c.count = r.extra(i), 1
	if cosine {
		if scale := r.inverseNorm(i); scale > 0 {
			kernel.Blend(c.v, scale, c.v, 0)
			c.extra *= scale
		}
		c.norm2 = kernel.Dot(c.v, c.v) + c.extra*c.extra
	}
}

// add moves the centroid to the mean with vector i, scaled.
func (c *centroid) add(r *rows, i int32, scale float32, cosine bool) {
	keep := c.count / (c.count + 1)
	take := scale / (c.count + 1)
	kernel.Blend(c.v, keep, r.floats(i), take)
	c.extra = keep*c.extra + take*r.extra(i)
	c.count++
	if cosine {
		c.norm2 = kernel.Dot(c.v, c.v) + c.extra*c.extra
	}
}

// cosineDistance is 2 − 2cos to the vector (v, extra) of inverse norm scale.
func (c *centroid) cosineDistance(v []float32, extra, scale float32) float32 {
	if !(c.norm2 > 0) {
		return 2
	}
	dot := kernel.Dot(c.v, v) + c.extra*extra
	return 2 - 2*dot*scale/float32(math.Sqrt(float64(c.norm2)))
}

// chooseBit takes the first of some random bits, or else of all, that not all vectors share. Where all
// vectors are the same any bit will do: the caller then draws lots.
func (sp *splitter) chooseBit(r *rows, index []int32, rng *kiss.Source, s *split) {
	// differ[w] has the bits of word w in which some vector differs from the first.
	first := r.it.Bits(r.header(index[0]))
	sp.differ = append(sp.differ[:0], make([]uint64, len(first))...)
	for n, i := range index[1:] {
		if n%checkEvery == 0 && sp.halt.Load() {
			return // the partition that follows says so
		}
		for w, x := range r.it.Bits(r.header(i)) {
			sp.differ[w] |= x ^ first[w]
		}
	}
	bits := uint64(len(first)) * 64
	for range bitAttempts {
		if s.position = uint64(rng.Index(int(bits))); annfile.PositionBit(sp.differ, s.position) {
			return
		}
	}
	for s.position = range bits {
		if annfile.PositionBit(sp.differ, s.position) {
			return
		}
	}
}
