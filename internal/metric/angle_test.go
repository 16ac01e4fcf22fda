package metric

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// trueAngle is √(2 − 2cos) of the vectors, in 400 bits.
func trueAngle(a, b []float32) float64 {
	num := func() *big.Float { return new(big.Float).SetPrec(400) }
	sum := func(x, y []float32) *big.Float {
		s := num()
		for i := range x {
			s.Add(s, num().Mul(num().SetFloat64(float64(x[i])), num().SetFloat64(float64(y[i]))))
		}
		return s
	}
	cos := num().Quo(sum(a, b), num().Sqrt(num().Mul(sum(a, a), sum(b, b))))
	two := num().Sub(num().SetInt64(2), num().Add(cos, cos))
	if two.Sign() <= 0 {
		return 0
	}
	d, _ := num().Sqrt(two).Float64()
	return d
}

// TestAngles compares angles of all sizes that float32 vectors can have, at all scales, with those in 400 bits: the error is to be
// less than 1e-6 of all distances from 1e-12 on.
func TestAngles(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	least := 1.0
	for _, dim := range []int{2, 3, 7, 16, 100, 769} {
		for _, scale := range []float64{1e-22, 1e-7, 1, 1e7, 1e15} {
			for _, large := range []float64{0, 1e3, 1e6, 1e12} { // of the last component
				for step := range 14 {
					off := math.Pow(10, -float64(step)/2)
					a, b := make([]float32, dim), make([]float32, dim)
					for c := range a {
						x := rng.NormFloat64()
						if c == dim-1 {
							x += large
						}
						a[c], b[c] = float32(x*scale), float32((x+off*rng.NormFloat64())*scale)
					}
					want, apart := trueAngle(a, b), Apart(a, b, Squares(a))
					got := math.Sqrt(2 * apart)
					if want < 1e-12 {
						continue
					}
					least = min(least, want)
					if math.Abs(got-want) > 1e-6*want {
						t.Errorf("%d components of %v, the last %v: %v, want %v", dim, scale, large, got, want)
					}
					if cos := want * want / 2; math.Abs(apart-cos) > 1e-6*cos {
						t.Errorf("%d components of %v, the last %v: cosine %v, want %v", dim, scale, large, apart, cos)
					}
				}
			}
		}
	}
	if least > 1e-11 {
		t.Errorf("the smallest distance was %v: none is small", least)
	}
	for _, c := range []struct {
		b    []float32
		want float64
	}{
		{[]float32{1, 2, 3}, 0}, {[]float32{3, 6, 9}, 0}, {[]float32{0.1, 0.2, 0.3}, 2.1e-8}, {[]float32{-1, -2, -3}, 2}, {[]float32{0, 0, 0}, math.Sqrt2},
	} {
		if got := math.Sqrt(2 * Apart([]float32{1, 2, 3}, c.b, 14)); math.Abs(got-c.want) > 1e-8 {
			t.Errorf("%v: %v, want %v", c.b, got, c.want)
		}
	}
}
