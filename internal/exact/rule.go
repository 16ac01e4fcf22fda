package exact

import (
	"math"
	"slices"

	"github.com/annoy-go/annoy/internal/metric"
)

// Rule says which items count as found, everywhere that recall is measured. An item counts when its exact distance is at most
//
//	t·(1 + 1e-5) + 1e-6·u
//
// t being the distance of the true k-th neighbour and u the unit of the data: the typical distance of two items, divided by √2. For
// vectors of length 1 in all directions u is 1. It follows the vectors, so that recall means the same for vectors in metres and in
// millimetres, and for vectors that differ by little. For Dot an item counts when its product is at least
//
//	t − 1e-5·|t| − 1e-6·u·‖q‖
//
// u being the typical length of an item, and q the query.
type Rule struct {
	metric Metric
	unit   float64
}

// NewRule is the rule for data that some vectors are a sample of; more than a thousand are more than it needs. The sample says
// what is typical: the median, so that a few vectors far from all others do not matter.
func NewRule(m Metric, sample [][]float32) Rule { return Rule{m, unitOf(m, sample)} }

// Unit is the u of the rule.
func (r Rule) Unit() float64 { return r.unit }

const (
	relative = 1e-5
	absolute = 1e-6
)

// Limit is the largest distance, for Dot the smallest product, that counts for a query whose true k-th neighbour is at kth.
func (r Rule) Limit(q []float32, kth float64) float64 {
	if r.metric == Dot {
		return kth - relative*math.Abs(kth) - absolute*r.unit*math.Sqrt(metric.Squares(q))
	}
	return kth*(1+relative) + absolute*r.unit
}

// Near tells whether an item at distance d, for Dot of product d, counts.
func (r Rule) Near(q []float32, d, kth float64) bool {
	if r.metric == Dot {
		return d >= r.Limit(q, kth)
	}
	return d <= r.Limit(q, kth)
}

// unitOf is the unit of the data that the vectors are a sample of, 0 where all are equal.
func unitOf(m Metric, sample [][]float32) float64 {
	if m == Hamming {
		return 1
	}
	var typical []float64
	take := func(x float64) {
		if x > 0 {
			typical = append(typical, x)
		}
	}
	half := (len(sample) + 1) / 2
	for i, v := range sample {
		if m == Dot {
			take(math.Sqrt(metric.Squares(v)))
		} else if i < half && i+half < len(sample) { // far apart in the sample: neighbours in a file are often alike
			take(Distance(m, v, sample[i+half]) / math.Sqrt2)
		}
	}
	if len(typical) == 0 {
		return 0
	}
	slices.Sort(typical)
	u := typical[len(typical)/2]
	if m == Angular || m == Cosine {
		u = min(u, 1)
	}
	return u
}
