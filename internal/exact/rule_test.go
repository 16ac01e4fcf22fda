package exact

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestUnit scales and shifts a set: the unit follows what the vectors differ by, and few far ones do not change it.
func TestUnit(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 0))
	const n, dim = 400, 64
	made := func(scale, shift float64) [][]float32 {
		vs := make([][]float32, n)
		for i := range vs {
			vs[i] = make([]float32, dim)
			for c := range vs[i] {
				vs[i][c] = float32(scale * (rng.NormFloat64()/math.Sqrt(dim) + shift))
			}
		}
		return vs
	}
	outlier := made(1, 0)
	outlier[7][0] = 1e6
	same := make([][]float32, n)
	for i := range same {
		same[i] = []float32{3, 4}
	}
	for _, c := range []struct {
		name   string
		metric Metric
		sample [][]float32
		want   float64
	}{
		{"about length 1", Euclidean, made(1, 0), 1},
		{"millionths", Euclidean, made(1e-6, 0), 1e-6},
		{"millions", Euclidean, made(1e6, 0), 1e6},
		{"far from 0", Euclidean, made(1, 100), 1},
		{"one far away", Euclidean, outlier, 1},
		{"about length 1", Angular, made(1, 0), 1},
		{"millionths", Angular, made(1e-6, 0), 1},
		{"far from 0", Angular, made(1, 100), 1 / (100 * math.Sqrt(dim))},
		{"about length 1", Dot, made(1, 0), 1},
		{"millions", Dot, made(1e6, 0), 1e6},
		{"bits", Hamming, made(1, 0), 1},
		{"all equal", Euclidean, same, 0},
		{"all equal", Dot, same, 5},
		{"none", Euclidean, nil, 0},
	} {
		if got := NewRule(c.metric, c.sample).Unit(); math.Abs(got-c.want) > 0.1*c.want {
			t.Errorf("%s, metric %d: unit %v, want %v", c.name, c.metric, got, c.want)
		}
	}
}

func TestRule(t *testing.T) {
	q := []float32{0, 2}
	for _, c := range []struct {
		rule   Rule
		d, kth float64
		want   bool
	}{
		{Rule{Euclidean, 1}, 1.00001, 1, true},
		{Rule{Euclidean, 1}, 1.000012, 1, false},
		{Rule{Euclidean, 1e-6}, 1e-12, 0, true},
		{Rule{Euclidean, 1e-6}, 1.1e-12, 0, false},
		{Rule{Euclidean, 0}, 0, 0, true},
		{Rule{Dot, 1}, -2e-6, 0, true},
		{Rule{Dot, 1}, -2.1e-6, 0, false},
		{Rule{Dot, 1}, -1.00001, -1, true},
	} {
		if got := c.rule.Near(q, c.d, c.kth); got != c.want {
			t.Errorf("%+v: %v for a k-th of %v: %v", c.rule, c.d, c.kth, got)
		}
	}
}
