package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/metric"
)

// space maps vectors to the coded space, where partition and codes see squared Euclidean distances:
//
//	Angular, Cosine       the normalised vector; a zero vector stays zero
//	Euclidean, Manhattan  the vector itself
//	Hamming               +1 where a component is greater than 0.5, −1 elsewhere: the squared distance is 4 times Hamming's
//	Dot                   the vector itself; a query is scaled to the length √limit, which keeps the order of the products
//
// For Dot it is not distances that codes estimate but ‖q‖² + limit − 2⟨q, x⟩, which ascends as the product descends: it is
// the squared distance of q and x with one coordinate more, √(limit − ‖x‖²) for x and 0 for q (Bachrach et al., RecSys 2014),
// but that coordinate is in no code and no centroid. Coding it touched as many bytes a query where all norms are equal, and 4 to 45 times as
// many where they vary as e^{0.3·normal}: it is then the largest of all, and most of a code's error.
type space struct {
	metric Metric
	dim    int
	limit  float64 // Dot: the largest ‖x‖²; otherwise 0
	axes   *axes   // nil: coded as it is. Items come from a reader then, and queries from Searcher.turn
}

func newSpace(m Metric, dim int) space { return space{metric: m, dim: dim} }

// within is s for items of squared norms up to limit.
func (s space) within(limit float64) space {
	if s.metric == Dot {
		s.limit = limit
	}
	return s
}

// coded is the number of components of a vector in the coded space.
func (s space) coded() int {
	if s.axes != nil {
		return s.axes.n
	}
	return s.dim
}

// fold is how many dimensions a component of the coded space stands for.
func (s space) fold() int {
	if s.axes != nil {
		return s.axes.fold
	}
	return 1
}

// item returns an item's vector in the coded space, before it is turned to axes: x itself where nothing changes, else in buf,
// which has room for dim components.
func (s space) item(x, buf []float32) []float32 {
	switch s.metric {
	case Angular, Cosine:
		return normalize(x, 1, buf[:len(x)])
	case Hamming:
		buf = buf[:len(x)]
		for i, v := range x {
			if v > 0.5 {
				buf[i] = 1
			} else {
				buf[i] = -1
			}
		}
		return buf
	}
	return x
}

// query returns a query's vector in the coded space, on the terms of item.
func (s space) query(x, buf []float32) []float32 {
	if s.metric == Dot {
		return normalize(x, math.Sqrt(s.limit), buf[:len(x)])
	}
	return s.item(x, buf)
}

// normalize sets out to x at some length, or to zero where x is zero.
func normalize(x []float32, length float64, out []float32) []float32 {
	const least = 1e-30 // of a squared norm that float32 holds well enough
	if n := kernel.Dot(x, x); n >= least && n <= math.MaxFloat32 {
		scale := float32(length / math.Sqrt(float64(n)))
		for i, v := range x {
			out[i] = v * scale
		}
		return out
	}
	scale := 0.0
	if n := metric.Squares(x); n > 0 {
		scale = length / math.Sqrt(n)
	}
	for i, v := range x {
		out[i] = float32(float64(v) * scale)
	}
	return out
}
