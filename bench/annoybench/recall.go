package main

import (
	"math"

	"github.com/annoy-go/annoy"
)

// distance is the metric's distance in float64; for Dot the product.
func distance(m annoy.Metric, a, b []float32) float64 {
	var sum, aa, bb float64
	for i, x := range a {
		x, y := float64(x), float64(b[i])
		switch m {
		case annoy.Euclidean:
			sum += (x - y) * (x - y)
		case annoy.Manhattan:
			sum += math.Abs(x - y)
		case annoy.Hamming:
			if (x > 0.5) != (y > 0.5) {
				sum++
			}
		default:
			sum += x * y
			aa += x * x
			bb += y * y
		}
	}
	switch m {
	case annoy.Euclidean:
		return math.Sqrt(sum)
	case annoy.Angular, annoy.Cosine:
		cos := 0.0
		if aa > 0 && bb > 0 {
			cos = sum / math.Sqrt(aa*bb)
		}
		if m == annoy.Cosine {
			return 1 - cos
		}
		return math.Sqrt(max(0, 2-2*cos))
	}
	return sum
}

// nearEnough tells whether an item at distance d is a hit when the true k-th neighbour is at distance kth.
func nearEnough(m annoy.Metric, d, kth float64) bool {
	if m == annoy.Dot {
		return d >= kth-1e-5*math.Abs(kth)-1e-6
	}
	return d <= kth*(1+1e-5)+1e-6
}
