package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/kernel"
)

// finder is the memory with which one goroutine finds the leaves of a block's vectors.
type finder struct {
	reader *reader
	tile   tile

	tops  []float32 // of the vectors of a tile ‖c‖² − 2⟨x, c⟩ of all tops
	near  []uint32  // of each vector its nearest tops, so many: ranks
	ranks int
	least []float32 // of each vector the smallest ‖c‖² − 2⟨x, c⟩ so far
	start []uint32  // countingSort's
	order []uint32

	spiller
}

// rank sets near to the nearest tops of each vector of the block, nearest first.
func (f *finder) rank(b *partitioner, bl *block) {
	f.ranks = min(nearTops, b.tops.n)
	f.near = grow(f.near, bl.n*f.ranks)
	if f.ranks == b.tops.n {
		for i := range f.near {
			f.near[i] = uint32(i % f.ranks)
		}
		return
	}
	width := panelCount(b.tops.n) * panelWidth
	f.tops = grow(f.tops, tilePoints*width)
	f.value, f.place = grow(f.value, width+belowRoom), grow(f.place, width+belowRoom)
	for first := 0; first < bl.n; first += tilePoints {
		n := min(tilePoints, bl.n-first)
		f.tile.set(bl.rows, b.Dim, first, n)
		for p := range panelCount(b.tops.n) {
			f.tile.multiply(&b.tops, p)
			norms := b.tops.norms[p*panelWidth : (p+1)*panelWidth]
			for j := range n {
				v := f.tops[j*width+p*panelWidth:][:panelWidth]
				copy(v, f.tile.out[j][:])
				kernel.Blend(v, -2, norms, 1)
			}
		}
		for j := range n {
			f.nearest(f.tops[j*width:(j+1)*width], f.near[(first+j)*f.ranks:][:f.ranks])
		}
	}
}

// nearest sets numbers to the places of the smallest values, the smallest first, of equal ones the first.
func (f *finder) nearest(values []float32, numbers []uint32) {
	// The candidates are a few more than wanted.
	t := kernel.Threshold(values, len(numbers), len(numbers)/2)
	n := kernel.Below(values, nil, t, f.value, f.place)
	var least [nearTops]float32
	for r := range numbers { // a number that is not comes last, and there is none twice
		least[r], numbers[r] = float32(math.Inf(1)), NoLeaf
	}
	insert(least[:len(numbers)], numbers, f.value[:n], f.place[:n])
	fillGaps(numbers)
}

// insert puts those of v that are smaller than the last of values in their places among them, with their ids.
func insert(values []float32, ids []uint32, v []float32, id []uint32) {
	last := len(values) - 1
	for i, x := range v {
		if !(x < values[last]) {
			continue
		}
		at := last
		for ; at > 0 && values[at-1] > x; at-- {
			values[at], ids[at] = values[at-1], ids[at-1]
		}
		values[at], ids[at] = x, id[i]
	}
}

// fillGaps replaces what insert left empty, because distances overflowed, by numbers that are not there.
func fillGaps(numbers []uint32) {
	next := uint32(0)
	for i, t := range numbers {
		if t != NoLeaf {
			continue
		}
		for contains(numbers[:i], next) {
			next++
		}
		numbers[i] = next
	}
}

func contains(numbers []uint32, n uint32) bool {
	for _, m := range numbers {
		if m == n {
			return true
		}
	}
	return false
}

// findLeaves sets own to the nearest leaf of each vector of the block, among those of its nearest tops; of equally near ones
// the first.
func (f *finder) findLeaves(b *partitioner, bl *block, own []uint32) {
	f.rank(b, bl)
	f.least = grow(f.least, bl.n)
	for i := range f.least {
		f.least[i] = float32(math.Inf(1))
		own[i] = uint32(b.First[f.near[i*f.ranks]])
	}
	f.byTop(b, f.near)
	for t := range b.tops.n {
		list := f.order[f.start[t]:f.start[t+1]]
		ps, leaf := &b.leaves[t], uint32(b.First[t])
		for len(list) > 0 {
			n := min(tilePoints, len(list))
			f.pick(bl, b.Dim, list[:n])
			for p := range panelCount(ps.n) {
				f.tile.multiply(ps, p)
				norms := ps.norms[p*panelWidth : (p+1)*panelWidth]
				for j, place := range list[:n] {
					i := place / uint32(f.ranks)
					if c, v := kernel.ArgMin(f.tile.out[j][:], norms, -2); v < f.least[i] {
						f.least[i], own[i] = v, leaf+uint32(p*panelWidth+c)
					}
				}
			}
			list = list[n:]
		}
	}
}

// byTop lists the places of near by top.
func (f *finder) byTop(b *partitioner, near []uint32) {
	f.start = grow(f.start, b.tops.n+1)
	f.order = grow(f.order, len(near))
	countingSort(near, f.start, f.order)
}

// pick makes the vectors of places of near the points of the tile; the last one fills it.
func (f *finder) pick(bl *block, dim int, places []uint32) {
	for j := range f.tile.points {
		i := int(places[min(j, len(places)-1)]) / f.ranks
		f.tile.points[j] = &bl.rows[i*dim]
	}
}
