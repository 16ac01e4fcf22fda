package command

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// angularDistance is sqrt(2 − 2cos) in float64, √2 when a vector is zero.
func angularDistance(a, b []float32) float64 {
	var ab, aa, bb float64
	for i, x := range a {
		x, y := float64(x), float64(b[i])
		ab += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return math.Sqrt2
	}
	return math.Sqrt(max(0, 2-2*ab/math.Sqrt(aa*bb)))
}

// kthDistances gives for each query its exact angular distance to the k-th
// nearest of items, by comparing it with all of them on all cores. k counts
// from 1 and is at most len(items).
func kthDistances(ctx context.Context, items, queries [][]float32, k int) ([]float64, error) {
	kth := make([]float64, len(queries))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			distances := make([]float64, len(items))
			for ctx.Err() == nil {
				q := int(next.Add(1)) - 1
				if q >= len(queries) {
					return
				}
				for i, v := range items {
					distances[i] = angularDistance(queries[q], v)
				}
				slices.Sort(distances)
				kth[q] = distances[k-1]
			}
		})
	}
	wg.Wait()
	return kth, ctx.Err()
}

// isHit tells whether an answer at an exact distance counts for recall: it is
// as near as the true k-th, within the rounding that float32 brings.
func isHit(distance, kth float64) bool { return distance <= kth*(1+1e-5)+1e-6 }
