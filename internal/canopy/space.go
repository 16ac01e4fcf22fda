package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/kernel"
)

// space maps vectors to the coded space, where partition and codes see squared Euclidean distances:
//
//	Angular, Cosine       the normalised vector; a zero vector stays zero
//	Euclidean, Manhattan  the vector itself
//	Hamming               +1 where a component is greater than 0.5, −1 elsewhere: the squared distance is 4 times Hamming's
//	Dot, lifted           one coordinate more, sqrt(limit − ‖x‖²), 0 in a query (Bachrach et al., RecSys 2014): the
//	                      squared distance is ‖q‖² + limit − 2⟨q, x⟩
//	Dot, direct           the vector itself; the codes estimate −⟨q, x⟩
type space struct {
	metric Metric
	dim    int
	lifted bool
	limit  float64 // lifted: the largest ‖x‖²
}

func newSpace(m Metric, dim int) space { return space{metric: m, dim: dim} }

// lift makes s the space with one coordinate more; limit is the largest squared norm of the items.
func (s space) lift(limit float64) space {
	s.lifted, s.limit = true, limit
	return s
}

// direct tells whether codes estimate the negative product instead of a squared distance.
func (s space) direct() bool { return s.metric == Dot && !s.lifted }

// coded is the number of components of a vector in the coded space.
func (s space) coded() int {
	if s.lifted {
		return s.dim + 1
	}
	return s.dim
}

// item returns an item's vector in the coded space: x itself where nothing changes, else in buf, which has room for
// coded() components.
func (s space) item(x, buf []float32) []float32 {
	if !s.lifted {
		return s.query(x, buf)
	}
	buf = buf[:s.dim+1]
	copy(buf, x)
	buf[s.dim] = float32(math.Sqrt(max(0, s.limit-squares(x))))
	return buf
}

// query returns a query's vector in the coded space, on the terms of item.
func (s space) query(x, buf []float32) []float32 {
	switch {
	case s.metric == Angular || s.metric == Cosine:
		return normalize(x, buf[:len(x)])
	case s.metric == Hamming:
		buf = buf[:len(x)]
		for i, v := range x {
			if v > 0.5 {
				buf[i] = 1
			} else {
				buf[i] = -1
			}
		}
		return buf
	case s.lifted:
		buf = buf[:s.dim+1]
		copy(buf, x)
		buf[s.dim] = 0
		return buf
	}
	return x
}

// normalize sets out to x at length 1, or to zero where x is zero.
func normalize(x, out []float32) []float32 {
	const least = 1e-30 // of a squared norm that float32 holds well enough
	if n := kernel.Dot(x, x); n >= least && n <= math.MaxFloat32 {
		scale := float32(1 / math.Sqrt(float64(n)))
		for i, v := range x {
			out[i] = v * scale
		}
		return out
	}
	scale := 0.0
	if n := squares(x); n > 0 {
		scale = 1 / math.Sqrt(n)
	}
	for i, v := range x {
		out[i] = float32(float64(v) * scale)
	}
	return out
}

// squares is ‖x‖² in float64.
func squares(x []float32) float64 {
	var s float64
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}
