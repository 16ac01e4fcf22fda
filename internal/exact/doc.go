// Package exact finds exact nearest neighbours: what calibration and evaluation measure against.
//
// Queries are held in memory, the base streams by in blocks, so that it may be larger than memory. In each block all
// pairs go through the tile kernels of package kernel, in float32; what those sums prove not to be among a query's k
// nearest is dropped (bound.go says why no neighbour is lost), and the few that are left are computed again in float64
// from the stored values by the formula itself. So ids, order and distances are those of float64, at the speed of a
// float32 matrix product. Ties go to the smaller row.
//
// Two paces are known to be slow, not wrong: where very many rows lie at the k-th distance within float32's error
// (all equal, say), each is computed in float64; and for Dot a single row of a norm that dwarfs all others of its
// block makes the error so large that many are.
package exact

import (
	"fmt"
	"math"

	"github.com/annoy-go/annoy/internal/metric"
)

// Metric says how far apart two vectors are. The values are those of annoy.Metric.
type Metric uint8

// The metrics, as package annoy defines them.
const (
	Angular Metric = iota + 1
	Euclidean
	Manhattan
	Dot
	Hamming
	Cosine
)

// MaxDim is the largest number of components for which the error bound is proved.
const MaxDim = 1 << 20

// Distance is the distance of two vectors of equal length in float64, by the formula of the metric; for Dot the
// product. The cosine of a zero vector is 0 with every vector.
func Distance(m Metric, a, b []float32) float64 {
	return m.distance(m.key(a, b, m.norm(a)))
}

// norm is Σv² where the metric's key takes it, otherwise 0.
func (m Metric) norm(v []float32) float64 {
	if m != Angular && m != Cosine {
		return 0
	}
	return metric.Squares(v)
}

// key is what neighbours are ordered by, smaller is nearer: the squared distance for Euclidean, the negative product
// for Dot, 1 − cos for Angular and Cosine, the distance itself for the others. qq is m.norm(q).
func (m Metric) key(q, x []float32, qq float64) float64 {
	x = x[:len(q)]
	var s, t float64
	switch m {
	case Euclidean:
		i := 0
		for ; i+1 < len(q); i += 2 { // two sums, for their additions to overlap
			d, e := float64(q[i])-float64(x[i]), float64(q[i+1])-float64(x[i+1])
			s += d * d
			t += e * e
		}
		if i < len(q) {
			d := float64(q[i]) - float64(x[i])
			s += d * d
		}
		return s + t
	case Manhattan:
		for i, a := range q {
			s += math.Abs(float64(a) - float64(x[i]))
		}
		return s
	case Hamming:
		for i, a := range q {
			if (a > 0.5) != (x[i] > 0.5) {
				s++
			}
		}
		return s
	case Dot:
		for i, a := range q {
			s += float64(a) * float64(x[i])
		}
		return 0 - s
	}
	return metric.Apart(q, x, qq)
}

// estimated is the key as the tile kernels estimate it: for angles they add up products, whose negative sum is −cos.
func (m Metric) estimated(key float64) float64 {
	if m == Angular || m == Cosine {
		return key - 1
	}
	return key
}

// distance is the distance of a key.
func (m Metric) distance(key float64) float64 {
	switch m {
	case Euclidean:
		return math.Sqrt(key)
	case Angular:
		return math.Sqrt(2 * key)
	case Dot:
		return 0 - key // not −key: of 0 that is −0
	}
	return key
}

func (m Metric) valid() error {
	if m < Angular || m > Cosine {
		return fmt.Errorf("annoy: exact search: metric %d does not exist", uint8(m))
	}
	return nil
}
