package canopy

import (
	"cmp"
	"math"
	"slices"
)

// answers keeps the k nearest of the rows measured, by distance and, where that is equal, by id. A row may come again: it
// has the same distance, so that it meets itself.
type answers struct {
	ix    *Index
	k     int
	keys  []uint64 // at most k, sorted: the bits of the distance, made monotonic, above the row
	fresh []uint64 // of a batch
	next  []uint64 // what a merge writes
	hits  []Hit
	worst float32 // distance that a row must not exceed to come in: of the k-th, or the largest wanted
	drop  []uint32
}

// insertUpTo is the k up to which rows are inserted one by one. For more, a batch is sorted and merged: that costs its own
// length and k, whatever k is.
const insertUpTo = 32

func (a *answers) reset(ix *Index, k int, worst float32) {
	a.ix, a.k, a.keys, a.worst, a.drop = ix, k, a.keys[:0], worst, a.drop[:0]
}

// full tells whether there are k.
func (a *answers) full() bool { return len(a.keys) == a.k }

// take offers measured rows.
func (a *answers) take(rows []uint32, dist []float32) {
	a.fresh = a.fresh[:0]
	for i, d := range dist[:len(rows)] {
		if d > a.worst {
			continue
		}
		if d != d { // of damaged rows
			d = float32(math.Inf(1))
		}
		if len(a.drop) > 0 && slices.Contains(a.drop, rows[i]) {
			continue
		}
		if a.k <= insertUpTo {
			a.insert(keyOf(d, rows[i]))
		} else {
			a.fresh = append(a.fresh, keyOf(d, rows[i]))
		}
	}
	if len(a.fresh) > 0 {
		a.sort(a.fresh)
		a.merge()
		a.lower()
	}
}

// lower lowers what is still wanted to the k-th distance.
func (a *answers) lower() {
	if a.full() {
		a.worst = min(a.worst, distOf(a.keys[a.k-1]))
	}
}

// insert puts a key in its place, unless it is there or k are before it.
func (a *answers) insert(key uint64) {
	i := len(a.keys)
	for i > 0 && a.less(key, a.keys[i-1]) {
		i--
	}
	if i > 0 && a.keys[i-1] == key || i == a.k {
		return
	}
	if !a.full() {
		a.keys = append(a.keys, 0)
	}
	copy(a.keys[i+1:], a.keys[i:])
	a.keys[i] = key
	a.lower()
}

// merge takes the k smallest of keys and fresh.
func (a *answers) merge() {
	old, fresh, out := a.keys, a.fresh, a.next[:0]
	for len(out) < a.k && (len(old) > 0 || len(fresh) > 0) {
		var key uint64
		if len(fresh) == 0 || len(old) > 0 && !a.less(fresh[0], old[0]) {
			key, old = old[0], old[1:]
		} else {
			key, fresh = fresh[0], fresh[1:]
		}
		if n := len(out); n == 0 || out[n-1] != key {
			out = append(out, key)
		}
	}
	a.keys, a.next = out, a.keys
}

func (a *answers) less(x, y uint64) bool {
	if x>>32 != y>>32 || x == y {
		return x < y
	}
	return a.ix.RowID(uint32(x)) < a.ix.RowID(uint32(y))
}

// sort sorts by distance and row, then puts rows of one distance in the order of their ids.
func (a *answers) sort(keys []uint64) {
	slices.Sort(keys)
	for i := 1; i < len(keys); i++ {
		if keys[i]>>32 != keys[i-1]>>32 {
			continue
		}
		first := i - 1
		for i++; i < len(keys) && keys[i]>>32 == keys[first]>>32; i++ {
		}
		slices.SortFunc(keys[first:i], func(x, y uint64) int {
			return cmp.Compare(a.ix.RowID(uint32(x)), a.ix.RowID(uint32(y)))
		})
	}
}

// within is how many of the answers are no further than dist.
func (a *answers) within(dist float32) int {
	n, _ := slices.BinarySearch(a.keys, keyOf(dist, math.MaxUint32))
	return n
}

// sorted is the answers, valid until the next reset.
func (a *answers) sorted() []Hit {
	a.hits = a.hits[:0]
	for _, key := range a.keys {
		a.hits = append(a.hits, Hit{Dist: distOf(key), Row: uint32(key)})
	}
	return a.hits
}

// keyOf orders by distance, then by row. −0 equals 0.
func keyOf(d float32, row uint32) uint64 {
	b := math.Float32bits(d + 0)
	// A negative float grows in magnitude with its bits: flip them all. Otherwise flip the sign alone.
	b ^= uint32(int32(b)>>31) | 1<<31
	return uint64(b)<<32 | uint64(row)
}

func distOf(key uint64) float32 {
	b := uint32(key >> 32)
	b ^= ^uint32(int32(b)>>31) | 1<<31
	return math.Float32frombits(b)
}
