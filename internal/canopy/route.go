package canopy

import (
	"math"
	"slices"

	"github.com/annoy-go/annoy/internal/kernel"
)

// router is the scratch of routing: which leaves are near, by comparing the query with centroids, all in int8.
type router struct {
	q8     []uint8
	params kernel.RouteParams
	near   []float32 // g of the tops, then of the leaves of the nearest
	parts  []part    // which leaves those are
	value  []float32 // of the chosen ones
	index  []uint32
	count  [maxBuckets + 1]uint32
	order  []uint64 // the chosen leaves, ascending by g: its bits above the leaf's number
	dir    []Leaf   // their entries
	all    bool     // near has every leaf
}

// maxBuckets is the most buckets that leaves are sorted by.
const maxBuckets = 256

// part is a run of leaves in router.near.
type part struct {
	at    int // where it begins
	first uint32
}

// chooseLeaves finds the nearest leaves, among the children of the nearest tops.
func (s *Searcher) chooseLeaves() error {
	ix, r := s.ix, &s.route
	s.quantize()
	r.all = false
	r.near = grow(r.near, len(ix.TopNorm))
	kernel.RouteMany(r.q8, ix.TopGroups, ix.TopNorm, ix.TopBias, r.params, r.near)
	s.Touched.Centroids += len(r.near)
	probes := max(s.q.Effort.Probes, 1)
	tops := s.q.Effort.Tops
	if tops <= 0 {
		tops = ix.TopsFor(probes)
	}
	t := kernel.Threshold(r.near, tops, 1)
	r.value, r.index = grow(r.value, len(r.near)+spare), grow(r.index, len(r.near)+spare)
	chosen := r.index[:kernel.Below(r.near, nil, t, r.value, r.index)]
	r.near, r.parts = r.near[:0], r.parts[:0]
	for _, top := range chosen {
		first, end, err := ix.Children(top)
		if err != nil {
			return err
		}
		if len(r.near)+int(end-first) > len(ix.Leaves) { // tops do not share leaves
			return ix.corruptTop(top, first, end)
		}
		s.compare(first, end)
	}
	s.choose(probes)
	return s.readLeaves()
}

// TopsFor is how many tops have their leaves compared for so many leaves to scan: more changes nothing but the time.
func (ix *Index) TopsFor(probes int) int {
	tops := 10 + 3.25*float64(probes)*float64(ix.NTops)/float64(max(1, ix.NLeaves))
	return min(int(tops), max(1, ix.NTops))
}

// quantize brings the query to int8, as the centroids are.
func (s *Searcher) quantize() {
	ix, r := s.ix, &s.route
	x := s.coded[:ix.routed()]
	scale := s.largest / 127
	if scale == 0 {
		scale = 1
	}
	r.q8 = grow(r.q8, len(x))
	kernel.Quantize8(x, 1/scale, r.q8)
	r.params = kernel.RouteParams{Base: s.square, Mul: 2 * scale * ix.Scale}
}

// routed is the components of a centroid as routing stores it.
func (ix *Index) routed() int { return (ix.Coded + 3) &^ 3 }

// compare appends the g of leaves first to end, both multiples of 16, to near.
func (s *Searcher) compare(first, end uint32) {
	ix, r := s.ix, &s.route
	n := int(end - first)
	r.parts = append(r.parts, part{len(r.near), first})
	r.near = slices.Grow(r.near, n)
	out := r.near[len(r.near):][:n]
	r.near = r.near[:len(r.near)+n]
	bytes := ix.routed()
	kernel.RouteMany(r.q8, ix.LeafGroups[int(first)*bytes:int(end)*bytes], ix.LeafNorm[first:end], ix.LeafBias[first:end], r.params, out)
	s.Touched.Centroids += n
}

// choose sets order to the want nearest of the leaves compared.
func (s *Searcher) choose(want int) {
	r := &s.route
	t := kernel.Threshold(r.near, want, want/16)
	r.value, r.index = grow(r.value, len(r.near)+spare), grow(r.index, len(r.near)+spare)
	n := kernel.Below(r.near, nil, t, r.value, r.index)
	for i, part := 0, 0; i < n; i++ { // both ascend
		at := int(r.index[i])
		for part+1 < len(r.parts) && r.parts[part+1].at <= at {
			part++
		}
		r.index[i] = r.parts[part].first + uint32(at-r.parts[part].at)
	}
	r.sort(n)
	r.order = r.order[:min(want, n)]
}

// crowded is how many leaves share a bucket at most for insertion to sort them.
const crowded = 16

// sort sets order to the first n leaves of index, ascending by their value: by buckets of equal width, as many as there are leaves, and
// insertion, in a third of the time of a sort by comparing.
func (r *router) sort(n int) {
	r.order = grow(r.order, n)
	if n == 0 {
		return
	}
	value := r.value[:n]
	least, most := value[0], value[0]
	for _, v := range value[1:] {
		if v < least {
			least = v
		}
		if v > most {
			most = v
		}
	}
	buckets := min(n, maxBuckets)
	scale := float32(0)
	if most-least > 1e-30 { // or there would be no such scale
		scale = float32(buckets-1) / (most - least)
	}
	bucket := func(v float32) int { return min(int((v-least)*scale), buckets-1) }
	r.count = [maxBuckets + 1]uint32{}
	for _, v := range value {
		r.count[1+bucket(v)]++
	}
	crowd := uint32(0)
	for i := range buckets {
		crowd = max(crowd, r.count[i+1])
		r.count[i+1] += r.count[i]
	}
	for i, v := range value {
		place := &r.count[bucket(v)]
		r.order[*place] = uint64(math.Float32bits(v))<<32 | uint64(r.index[i]) // g is not negative
		*place++
	}
	if crowd > crowded {
		slices.Sort(r.order)
		return
	}
	for i := 1; i < n; i++ {
		key, j := r.order[i], i
		for ; j > 0 && r.order[j-1] > key; j-- {
			r.order[j] = r.order[j-1]
		}
		r.order[j] = key
	}
}

// readLeaves reads the entries of the chosen leaves, before the scan needs them.
func (s *Searcher) readLeaves() error {
	r := &s.route
	r.dir = r.dir[:0]
	for _, key := range r.order {
		leaf, err := s.ix.Leaf(uint32(key))
		if err != nil {
			return err
		}
		r.dir = append(r.dir, leaf)
	}
	return nil
}

// spare is what kernel.Below and kernel.Scan write beyond their results.
const spare = 16
