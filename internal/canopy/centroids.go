package canopy

import "math"

// scaleOf is the step of the centroids' int8 components: the largest of all, less the mean, is 127 of it.
func scaleOf(p *Partition) float32 {
	var largest float32
	for _, all := range [][]float32{p.Tops, p.Leaves} {
		for i, c := range all {
			largest = max(largest, abs(c-p.Mean[i%p.Dim]))
		}
	}
	if scale := largest / math.MaxInt8; scale > 0 {
		return scale
	}
	return 1
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// centroids is the three routing tables of a run of centroids. A place where no centroid is set is padding: zeros,
// infinitely far away.
type centroids struct {
	part   *Partition
	space  space
	scale  float32
	groups []int8
	norms  []float32
	bias   []int32
	less   []float32 // a centroid less the mean
}

// newCentroids has places for n, and padding up to whole groups.
func newCentroids(p *Partition, sp space, scale float32, n int) *centroids {
	n = (n + group - 1) &^ (group - 1)
	c := &centroids{p, sp, scale, make([]int8, n*((p.Dim+3)&^3)), make([]float32, n), make([]int32, n), make([]float32, p.Dim)}
	for i := range c.norms {
		c.norms[i] = float32(math.Inf(1))
	}
	return c
}

// set puts a centroid in its place.
func (c *centroids) set(place int, centroid []float32) {
	norm := 0.0
	for d, v := range centroid {
		c.less[d] = v - c.part.Mean[d]
		norm += float64(c.less[d]) * float64(c.less[d])
	}
	bias := place8(c.groups, (c.part.Dim+3)&^3, place, c.less, c.scale)
	if c.space.metric == Dot {
		// What makes g = ‖q − mean‖² + norm − 2⟨q − mean, c − mean⟩ into ‖q‖² + limit − 2⟨q, c⟩. It is not negative: no
		// centroid is longer than the longest vector.
		norm = c.space.limit
		for d, v := range centroid {
			mean := float64(c.part.Mean[d])
			norm += mean * (mean - 2*float64(v))
		}
		norm = max(norm, 0)
	}
	c.norms[place], c.bias[place] = float32(min(norm, math.MaxFloat32)), bias // infinite is padding
}
