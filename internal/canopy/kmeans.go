package canopy

import (
	"slices"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/kiss"
)

// assignChunk is how many points are assigned between two looks at the context.
const assignChunk = 1024

// kmeans finds at most k centroids of the points, rows of dim components, by Lloyd's iteration (1957) from k distinct
// points drawn at random. An empty cluster restarts at a random member of the largest; one that is empty in the last
// round is dropped. It ends early once no point changes its cluster. Points that are all equal have one centroid.
func (p *pool) kmeans(points []float32, dim, k, rounds int, rng *kiss.Source) ([]float32, error) {
	n := len(points) / dim
	k = min(k, n)
	if k > 1 && allEqual(points, dim) {
		k = 1
	}
	if k < 1 {
		return nil, nil
	}
	c := &clustering{pool: p, points: points, dim: dim, k: k, centroids: make([]float32, k*dim),
		own: make([]uint32, n), order: make([]uint32, n), start: make([]uint32, k+1), tiles: make([]tile, p.workers)}
	if k == 1 {
		c.sort()
		return c.centroids, c.update()
	}
	for i, at := range distinct(n, k, rng) {
		copy(c.centroids[i*dim:(i+1)*dim], points[at*dim:])
	}
	for round := range rounds {
		changed, err := c.assign(round == 0)
		if err != nil {
			return nil, err
		}
		c.sort()
		if changed && round < rounds-1 {
			c.restart(rng)
		}
		if err := c.update(); err != nil {
			return nil, err
		}
		if !changed {
			break
		}
	}
	return c.compact(), nil
}

func allEqual(points []float32, dim int) bool {
	for at := dim; at < len(points); at += dim {
		if !slices.Equal(points[:dim], points[at:at+dim]) {
			return false
		}
	}
	return true
}

// distinct draws k different numbers below n, k ≤ n, by Floyd's algorithm (Bentley, CACM 1987).
func distinct(n, k int, rng *kiss.Source) []int {
	taken := make(map[int]bool, k)
	drawn := make([]int, 0, k)
	for j := n - k; j < n; j++ {
		at := rng.Index(j + 1)
		if taken[at] {
			at = j
		}
		taken[at] = true
		drawn = append(drawn, at)
	}
	return drawn
}

// clustering is one run of kmeans.
type clustering struct {
	*pool
	points    []float32
	dim, k    int
	centroids []float32
	packed    panels
	own       []uint32 // the cluster of each point
	order     []uint32 // the points by cluster, ascending in each
	start     []uint32 // k+1: where in order a cluster begins
	tiles     []tile   // of each worker
}

// assign finds the nearest centroid of every point, and tells whether any is another than before.
func (c *clustering) assign(first bool) (changed bool, err error) {
	c.packed.pack(c.centroids, c.dim)
	n := len(c.own)
	differ := make([]bool, (n+assignChunk-1)/assignChunk)
	before := make([]uint32, c.workers*assignChunk)
	err = c.chunks(n, assignChunk, func(w, from, to int) error {
		own, old := c.own[from:to], before[w*assignChunk:][:to-from]
		copy(old, own)
		c.tiles[w].nearest(&c.packed, c.points[from*c.dim:to*c.dim], own)
		differ[from/assignChunk] = first || !slices.Equal(own, old)
		return nil
	})
	return slices.Contains(differ, true), err
}

// sort fills order and start.
func (c *clustering) sort() { countingSort(c.own, c.start, c.order) }

// countingSort lists the indexes of keys by key, ascending for each: those of key k are order[start[k]:start[k+1]].
func countingSort(keys, start, order []uint32) {
	clear(start)
	for _, k := range keys {
		start[k]++
	}
	sum := uint32(0)
	for k, n := range start {
		start[k] = sum
		sum += n
	}
	for i, k := range keys {
		order[start[k]] = uint32(i)
		start[k]++
	}
	copy(start[1:], start) // each start is now the end, which is the next one's start
	start[0] = 0
}

// restart puts the centroid of each empty cluster at a random member of the largest, of which it counts half as gone.
// The member moves with it, so that the cluster has a mean.
func (c *clustering) restart(rng *kiss.Source) {
	counts := make([]uint32, c.k)
	empty := false
	for i := range counts {
		counts[i] = c.start[i+1] - c.start[i]
		empty = empty || counts[i] == 0
	}
	if !empty {
		return
	}
	for i := range counts {
		if c.start[i+1] != c.start[i] {
			continue
		}
		largest := 0
		for j, n := range counts {
			if n > counts[largest] {
				largest = j
			}
		}
		members := c.order[c.start[largest]:c.start[largest+1]]
		if len(members) == 0 {
			break // every cluster is one or two points, and the rest has to stay empty
		}
		c.own[members[rng.Index(len(members))]] = uint32(i)
		counts[largest] /= 2
	}
	c.sort()
}

// update moves every centroid to the mean of its points, which are added in ascending order; an empty one stays.
func (c *clustering) update() error {
	return c.chunks(c.k, 16, func(_, from, to int) error {
		for i := from; i < to; i++ {
			members := c.order[c.start[i]:c.start[i+1]]
			if len(members) == 0 {
				continue
			}
			mean := c.centroids[i*c.dim : (i+1)*c.dim]
			clear(mean)
			for at, m := range members {
				if at%assignChunk == assignChunk-1 && c.ctx.Err() != nil {
					return c.ctx.Err()
				}
				kernel.Blend(mean, 1, c.points[int(m)*c.dim:][:c.dim], 1)
			}
			kernel.Blend(mean, 1/float32(len(members)), mean, 0)
		}
		return nil
	})
}

// compact is the centroids whose clusters are not empty.
func (c *clustering) compact() []float32 {
	kept := c.centroids[:0]
	for i := range c.k {
		if c.start[i] != c.start[i+1] {
			kept = append(kept, c.centroids[i*c.dim:(i+1)*c.dim]...)
		}
	}
	return kept
}
