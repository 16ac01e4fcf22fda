package exact

import "math"

// The tile kernels give, for a query and a row, an estimate of their scaled key: key·scale, the scale a power of two
// that keeps every sum far from overflow (1 for angles, whose vectors are normalised instead). The estimate e of a
// scaled key a satisfies
//
//	|e − a| ≤ E + g·|a|
//
// with E and g of the metric and the dimension n; u = 2⁻²⁴ is the unit roundoff of float32, γ(m) = m·u/(1 − m·u)
// (Higham, Accuracy and Stability of Numerical Algorithms, 2002, lemma 3.1 and section 3.1).
//
// Angular, Cosine, Dot. Both vectors have norm at most 1 (to within 2⁻⁵⁰). A sum of n products, rounded at each step
// (and, on the Go path, at each product), is off by at most γ(n+1)·Σ|qᵢxᵢ| ≤ γ(n+1) by Cauchy and Schwarz. For
// angles, the components of both normalised vectors were rounded to float32 before: another 2u + u². So with room for
// what follows, E = γ(n+16), g = 0.
//
// Euclidean, Manhattan. Scaling is exact, each difference is rounded once, each square at most once more, and n
// additions of terms that are not negative follow: the sum is off by at most γ(n+3) of itself. E covers underflow
// alone, g = γ(n+16).
//
// Hamming. Counts are exact: E = g = 0.
//
// Underflow. A scaled component below 2⁻¹²⁶ is off by up to 2⁻¹⁵⁰, and so is each product; components are at most 1
// and differences at most 2, which makes less than n·2⁻¹⁴⁴ in all: E has n·2⁻¹⁴⁰ for it.
//
// For angles the key of package exact is 1 − cos, and a is that less 1, −cos: of a key near 0 the subtraction rounds off 2⁻⁵³.
//
// The key itself is a sum in float64, off by some n·2⁻⁵³ of the same magnitudes; for n ≤ MaxDim = 2²⁰ that is below
// 2⁻³² and far within the 12u left over. What is proved is therefore about the keys as they are computed.
//
// Two conclusions:
//
// (1) If a query's k-th smallest scaled key so far is at most t, a row whose estimate exceeds pass(t) = t + g·|t| + E
// has a key a > t: otherwise e ≤ a + g·|a| + E ≤ pass(t), as a + g·|a| does not fall with a for g < 1. So the row is
// none of the k nearest, not even by a tie.
//
// (2) If k rows have estimates of at most e, their keys, and so the k-th smallest, are at most t = (e + E)/(1 − g):
// for g = 0 that is the inequality above, and otherwise a ≥ 0 and a − g·a − E ≤ e.
type bound struct{ E, g float64 }

func (m Metric) bound(dim int) bound {
	const u = 0x1p-24
	mu := float64(dim+16) * u
	gamma := mu / (1 - mu)
	underflow := float64(dim) * 0x1p-140
	switch m {
	case Hamming:
		return bound{}
	case Euclidean, Manhattan:
		return bound{E: underflow, g: gamma}
	}
	return bound{E: gamma + underflow}
}

// pass is the largest estimate that a row can have whose scaled key is at most t, rounded up to a float32.
func (b bound) pass(t float64) float32 {
	if math.IsInf(t, 1) { // times g it may be NaN
		return float32(t)
	}
	p := t + b.g*math.Abs(t) + b.E
	f := float32(p)
	if float64(f) < p {
		f = math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}

// kth is the largest scaled key that a row with the estimate e can have.
func (b bound) kth(e float32) float64 { return (float64(e) + b.E) / (1 - b.g) }
