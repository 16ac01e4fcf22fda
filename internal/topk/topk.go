// Package topk keeps the k smallest of many (distance, id) pairs.
package topk

import (
	"math"
	"slices"
)

// A Pair is a distance and the item that lies so far away.
type Pair struct {
	Dist float32
	ID   int32
}

// A Select keeps the k smallest pairs of those pushed since Reset, ordered by distance and, where that is equal, by
// id. NaN comes after +Inf, and −0 equals 0. The zero Select keeps nothing; Reset says how many. It reuses its
// memory: after the first use with some k nothing is allocated. Not safe for concurrent use.
//
// The pairs are a max-heap of at most k keys, so that almost every Push is one comparison with the largest kept.
type Select struct {
	keys  []uint64 // a max-heap
	pairs []Pair   // what Sorted returns
	k     int
	worst uint64 // a key below it belongs to the k smallest: keys[0] once k are held, none before
}

// none is above every key: no key has the distance part of all ones (that NaN is made the canonical one).
const none = math.MaxUint64

// Reset forgets all pairs and keeps the k smallest from now on; none where k < 1. Memory grows with the pairs that
// come, not with k.
func (s *Select) Reset(k int) {
	s.k, s.keys, s.worst = k, s.keys[:0], none
	if k < 1 {
		s.worst = 0
	}
}

// Push offers a pair.
func (s *Select) Push(d float32, id int32) {
	if k := key(d, id); k < s.worst {
		s.keep(k)
	}
}

func (s *Select) keep(key uint64) {
	h := s.keys
	if len(h) < s.k {
		i := len(h)
		h = append(h, key)
		for i > 0 {
			parent := (i - 1) / 2
			if h[parent] >= key {
				break
			}
			h[i] = h[parent]
			i = parent
		}
		h[i] = key
		s.keys = h
		if len(h) == s.k {
			s.worst = h[0]
		}
		return
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if r := child + 1; r < len(h) && h[r] > h[child] {
			child = r
		}
		if h[child] <= key {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = key
	s.worst = h[0]
}

// Bound returns the k-th smallest distance so far, +Inf until k pairs are held: a pair further away than it will not
// be kept. It is NaN when the k-th distance is, and −Inf where k < 1.
func (s *Select) Bound() float32 {
	switch s.worst {
	case none:
		return float32(math.Inf(1))
	case 0:
		return float32(math.Inf(-1))
	}
	return pair(s.worst).Dist
}

// Len returns how many pairs are held, k at most.
func (s *Select) Len() int { return len(s.keys) }

// Sorted returns the pairs held, smallest first. The slice is the Select's own, valid until the next Sorted; the
// Select can be pushed to afterwards.
func (s *Select) Sorted() []Pair {
	s.pairs = s.Append(s.pairs[:0])
	return s.pairs
}

// Append appends the pairs held to dst, smallest first.
func (s *Select) Append(dst []Pair) []Pair {
	slices.Sort(s.keys)
	for _, k := range s.keys {
		dst = append(dst, pair(k))
	}
	slices.Reverse(s.keys) // descending order is a max-heap
	return dst
}

// key maps a pair to a number of the same order: the distance's bits, made monotonic, above the id's.
func key(d float32, id int32) uint64 {
	b := math.Float32bits(d + 0) // −0 becomes 0
	if d != d {
		b = 0x7fc00000 // every NaN is one, above +Inf
	}
	// A negative float grows in magnitude with its bits: flip them all. Otherwise flip the sign alone.
	b ^= uint32(int32(b)>>31) | 1<<31
	return uint64(b)<<32 | uint64(uint32(id)^1<<31)
}

// pair is the inverse of key.
func pair(k uint64) Pair {
	b := uint32(k >> 32)
	b ^= ^uint32(int32(b)>>31) | 1<<31
	return Pair{math.Float32frombits(b), int32(uint32(k) ^ 1<<31)}
}
