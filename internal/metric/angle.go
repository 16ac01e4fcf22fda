// Package metric computes distances of pairs of vectors in float64, where float32 is too coarse.
package metric

import "math"

// Raw angles, 2 − 2cos, that sums in float32 give are off by some 3e-7.
const (
	// CloseAngle is the raw angle below which that is more than the rule of recall allows. Such vectors are measured in float64,
	// for their order to be right.
	CloseAngle = 0.03
	// ToldAngle is the raw angle below which it is more than a millionth of the distance that is told.
	ToldAngle = 0.5
)

// LeastNorm2 is the least squared norm that float32 holds well enough: squares of smaller vectors' components vanish.
const LeastNorm2 = 1e-30

// apart is the 1 − cos below which the difference of 1 and the cosine has lost more digits than a distance may: the roundings of
// float64, some 1e-16 for each of the sums, are up to 1e-11 of it there.
const apart = 1e-4

// parallel is the square of an angle that is taken for 0: what the roundings of float64 make of vectors in one direction.
const parallel = 0x1p-100

// Apart is 1 − cos of q and x in float64, 1 where either is zero. It is at least 0, and 0 for vectors in one direction. qq is the squared norm
// of q. What is small is right too: for an angle of 1e-12 the error is some 1e-8 of it.
func Apart(q, x []float32, qq float64) float64 {
	s, t := products(q, x)
	if !(qq > 0 && t > 0) {
		return 1
	}
	if d := 1 - s/math.Sqrt(qq*t); d >= apart {
		return d
	}
	return angleOff(q, x, s/qq, t)
}

// products are Σqx and Σx².
func products(q, x []float32) (s, t float64) {
	x = x[:len(q)]
	var s0, s1, s2, s3, t0, t1, t2, t3 float64 // several sums, for their additions to overlap
	i := 0
	for ; i+3 < len(q); i += 4 {
		a, b, c, d := float64(x[i]), float64(x[i+1]), float64(x[i+2]), float64(x[i+3])
		s0 += float64(q[i]) * a
		s1 += float64(q[i+1]) * b
		s2 += float64(q[i+2]) * c
		s3 += float64(q[i+3]) * d
		t0 += a * a
		t1 += b * b
		t2 += c * c
		t3 += d * d
	}
	for ; i < len(q); i++ {
		a := float64(x[i])
		s0 += float64(q[i]) * a
		t0 += a * a
	}
	return (s0 + s1) + (s2 + s3), (t0 + t1) + (t2 + t3)
}

// angleOff is 1 − cos by what of x is orthogonal to q: x − ratio·q, ratio being ⟨q, x⟩/‖q‖². Its length by that of x is the sine. An
// error of the ratio makes it longer along q, and so to second order only.
func angleOff(q, x []float32, ratio, t float64) float64 {
	off := 0.0
	for i, a := range q {
		r := math.FMA(-ratio, float64(a), float64(x[i]))
		off += r * r
	}
	sin2 := min(1, off/t)
	if sin2 < parallel {
		return 0
	}
	return sin2 / (1 + math.Sqrt(1-sin2))
}

// Squares is ‖v‖² in float64.
func Squares(v []float32) float64 {
	var s float64
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	return s
}
