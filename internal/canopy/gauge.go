package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/metric"
)

// gauge relates what a search compares: the g of leaves, the bounds of codes, raw distances. All that differs between
// metrics is here.
//
// The estimate of a code is g + fadd + fresc·S, S = sum·unit + bias, and its deviation |fresc|·(2·CErr/√Coded)·√g: fresc
// is not positive, so that z deviations less are z·(2·CErr/√Coded)·√g more in S, the same for all codes of a leaf.
type gauge struct {
	unit, bias float32
	deviation  float32 // 2·CErr/√Coded
	spread     float32 // z times that

	add, mul float64 // a raw distance is add + mul·raw as a bound

	// For Manhattan, whose codes estimate squared Euclidean distances: how much larger the distance itself is than the
	// Euclidean one, z deviations below the mean of the rows measured first; before that 0.
	manhattan bool
	ratio     float64
}

func newGauge(ix *Index, sp space, q *Query, x []float32) gauge {
	g := gauge{mul: 1, manhattan: ix.Metric == Manhattan}
	g.deviation = float32(2 * float64(ix.CErr) / math.Sqrt(float64(ix.Coded)))
	g.spread = q.Effort.Z * g.deviation
	switch ix.Metric {
	case Dot:
		g.add, g.mul = metric.Squares(x)+sp.limit, 0
		if n := metric.Squares(q.Vec); n > 0 {
			g.mul = 2 * math.Sqrt(metric.Squares(x)/n)
		}
	case Hamming: // of vectors of ±1 the squared distance is 4 times as much
		g.mul = 4
	}
	return g
}

// shift is what is added to S in the leaf at g, for estimates to become lower bounds.
func (g *gauge) shift(near float32) float32 {
	return g.bias + g.spread*float32(math.Sqrt(float64(near)))
}

// limit is the raw distance as a bound: codes are of interest whose bound is below it.
func (g *gauge) limit(raw float32) float32 {
	if !g.manhattan {
		return float32(g.add + g.mul*float64(raw))
	}
	if g.ratio == 0 {
		return float32(math.Inf(1))
	}
	d := float64(raw) / g.ratio
	return float32(d * d)
}

// learn sets the ratio by rows whose Manhattan and squared Euclidean distances are known.
func (g *gauge) learn(l1, l2 []float32, z float32) {
	n, sum, squares := 0.0, 0.0, 0.0
	for i, d := range l1 {
		if r := float64(d) / math.Sqrt(float64(l2[i])); r > 0 && r <= math.MaxFloat32 {
			n, sum, squares = n+1, sum+r, squares+r*r
		}
	}
	if n == 0 {
		return
	}
	mean := sum / n
	deviation := math.Sqrt(max(0, squares/n-mean*mean))
	g.ratio = max(1, mean-float64(z)*deviation) // never less than 1: ‖x‖₁ ≥ ‖x‖₂
}

// space is the one that the vectors were coded in.
func (ix *Index) space() space { return newSpace(ix.Metric, ix.Dim).within(ix.MaxNorm2) }
