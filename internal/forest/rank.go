package forest

import (
	"cmp"
	"math"
	"slices"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/metric"
	"github.com/annoy-go/annoy/internal/topk"
)

// block is how many distances one kernel call computes: enough to keep
// prefetches in flight, few enough that the bound of the answers so far helps the next.
const block = 256

// rank computes the exact distance of every candidate and keeps the nearest. Seven eighths of a
// query's time are the rows that the kernels wait for here.
//
// Tried, a wash: candidates in ascending order, read off the bitmap, for the sake of pages and page tables (sift and
// gloss, 10 trees: within the noise of ±5 %). For angular, the first two thirds of each row, and the rest only where
// the norms of both remainders leave the vector a chance: 69 % of gloss's rows have none, and no time is saved, since
// the processor's own prefetcher has fetched the rest already. Blocks of 512 to 4096: the same or slower.
func (s *Searcher) rank(im *annfile.Image, q *Query) {
	if len(s.dist) < block {
		s.dist = make([]float32, block)
	}
	rows := kernel.Rows{Base: unsafe.Add(im.ItemBase(), im.Vec), Stride: im.Size}
	var queryNorm float32
	if im.Metric == annfile.Angular {
		queryNorm = kernel.Dot(q.Vec, q.Vec)
	}
	for ids := s.ids; len(ids) > 0; {
		n := min(block, len(ids))
		out := s.dist[:n]
		switch im.Metric {
		case annfile.Angular:
			kernel.DotMany(q.Vec, rows, ids[:n], out)
			if q.Precise {
				s.preciseAngles(im, ids[:n], q.Vec, queryNorm)
			} else {
				s.angular(im, ids[:n], q.Vec, queryNorm)
			}
		case annfile.Euclidean:
			kernel.L2ManyBound(q.Vec, rows, ids[:n], out, s.top.Bound())
			s.keep(im, ids[:n])
		case annfile.Manhattan:
			kernel.L1ManyBound(q.Vec, rows, ids[:n], out, s.top.Bound())
			s.keep(im, ids[:n])
		case annfile.Dot:
			kernel.DotMany(q.Vec, rows, ids[:n], out)
			for j := range out {
				out[j] = -out[j]
			}
			s.keep(im, ids[:n])
		case annfile.Hamming:
			kernel.HammingMany(q.Bits, rows, ids[:n], out)
			s.keep(im, ids[:n])
		}
		ids = ids[n:]
	}
}

// keep pushes the distances in s.dist that can be among the answers: any, while the bound is NaN, as it is where
// the file has a NaN that Annoy took. Holes are told by
// their header, which is read only here: most candidates are too far to be asked.
func (s *Searcher) keep(im *annfile.Image, ids []int32) {
	bound := s.top.Bound()
	for j, id := range ids {
		if d := s.dist[j]; !(d > bound) && im.Descendants(im.Node(id)) == 1 {
			s.top.Push(d, id)
			bound = s.top.Bound()
		}
	}
}

// angularSlack lets rounding errors of the quick test below pass.
const angularSlack = 1 - 1e-5

// angular turns the products in s.dist into 2 − 2cos and pushes those that can be among the
// answers. The square root is taken only of those that pass the same test squared.
func (s *Searcher) angular(im *annfile.Image, ids []int32, q []float32, queryNorm float32) {
	limit := cosineLimit(s.top.Bound(), queryNorm)
	for j, id := range ids {
		p := im.Node(id)
		dot, norm := s.dist[j], im.NormSquared(p)
		if norm == 0 {
			norm = storedNorm(im, p)
		}
		if limit > 0 && (dot < 0 || float64(dot)*float64(dot) < limit*float64(norm)) {
			continue
		}
		if im.Descendants(p) != 1 {
			continue
		}
		s.top.Push(angularRaw(dot, norm, queryNorm), id)
		limit = cosineLimit(s.top.Bound(), queryNorm)
	}
}

// cosineLimit is x such that dot² < x·norm² proves 2 − 2cos > bound; 0 where nothing can be proved.
// In float64, since squares of short vectors' products are no float32.
func cosineLimit(bound, queryNorm float32) float64 {
	cos := 1 - float64(bound)/2
	if !(cos > 0) {
		return 0
	}
	return cos * cos * angularSlack * float64(queryNorm)
}

// storedNorm recomputes a squared norm that the file does not hold: old versions of Annoy stored 0.
func storedNorm(im *annfile.Image, p unsafe.Pointer) float32 {
	v := im.Floats(p)
	return kernel.Dot(v, v)
}

// angularRaw is 2 − 2cos, and 2 where either vector is zero.
func angularRaw(dot, norm, queryNorm float32) float32 {
	product := float64(norm) * float64(queryNorm)
	if !(product > 0) {
		return 2
	}
	return float32(2 - 2*float64(dot)/math.Sqrt(product))
}

// preciseAngles is angular with small angles, and those of vectors whose squares vanish in float32, in float64.
func (s *Searcher) preciseAngles(im *annfile.Image, ids []int32, q []float32, queryNorm float32) {
	limit := cosineLimit(s.top.Bound()+roundedAngle, queryNorm)
	for j, id := range ids {
		p := im.Node(id)
		dot, norm := s.dist[j], im.NormSquared(p)
		if norm == 0 {
			norm = storedNorm(im, p)
		}
		held := norm >= metric.LeastNorm2 && queryNorm >= metric.LeastNorm2
		if held && limit > 0 && (dot < 0 || float64(dot)*float64(dot) < limit*float64(norm)) {
			continue
		}
		if im.Descendants(p) != 1 {
			continue
		}
		d := angularRaw(dot, norm, queryNorm)
		if !held || !(d >= metric.CloseAngle) {
			d = preciseAngle(q, im.Floats(p))
		}
		s.top.Push(d, id)
		limit = cosineLimit(s.top.Bound()+roundedAngle, queryNorm)
	}
}

// roundedAngle is more than float32 rounds off a raw angle.
const roundedAngle = 1e-5

// preciseAngle is 2 − 2cos, computed in float64.
func preciseAngle(a, b []float32) float32 { return float32(2 * metric.Apart(a, b, metric.Squares(a))) }

// refine measures answers in float64 that are nearer than float32 can tell, and puts them in order.
func refine(im *annfile.Image, q []float32, pairs []topk.Pair) {
	for i, p := range pairs {
		if p.Dist >= metric.CloseAngle && p.Dist < metric.ToldAngle {
			pairs[i].Dist = preciseAngle(q, im.Floats(im.Node(p.ID)))
		}
	}
	slices.SortFunc(pairs, func(a, b topk.Pair) int {
		return cmp.Or(cmp.Compare(a.Dist, b.Dist), cmp.Compare(a.ID, b.ID))
	})
}

// Same tells whether two items of an angular index have the same direction.
func Same(im *annfile.Image, i, j int32) bool {
	return preciseAngle(im.Floats(im.Node(i)), im.Floats(im.Node(j))) == 0
}

// Raw is the raw distance of items i and j of im, as a precise Search computes it.
func Raw(im *annfile.Image, i, j int32) float32 {
	p, o := im.Node(i), im.Node(j)
	switch im.Metric {
	case annfile.Angular:
		return preciseAngle(im.Floats(p), im.Floats(o))
	case annfile.Euclidean:
		return kernel.L2(im.Floats(p), im.Floats(o))
	case annfile.Manhattan:
		return kernel.L1(im.Floats(p), im.Floats(o))
	case annfile.Dot:
		return -kernel.Dot(im.Floats(p), im.Floats(o))
	default:
		return float32(kernel.Hamming(im.Bits(p), im.Bits(o)))
	}
}

// Distance is what the user is told for a raw distance: euclidean and angular are rooted, dot is the product.
func Distance(m annfile.Metric, raw float32) float32 {
	switch m {
	case annfile.Angular, annfile.Euclidean:
		return float32(math.Sqrt(float64(max(raw, 0))))
	case annfile.Dot:
		return 0 - raw // and not −raw, which is −0 for a product of 0
	default:
		return raw
	}
}

func corrupt(im *annfile.Image, i int32, reason string) error {
	return &annfile.CorruptError{Offset: im.OffsetOf(i), Reason: reason}
}
