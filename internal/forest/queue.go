package forest

import "math"

// infinite is the priority of the roots.
var infinite = float32(math.Inf(1))

// hammingStart is the priority of the roots for hamming, where mismatches are counted down.
const hammingStart = math.MaxUint32

// keyOf maps a priority to an integer of the same order; −0 counts as 0.
func keyOf(f float32) uint32 {
	b := math.Float32bits(f + 0)
	if b&(1<<31) != 0 {
		return ^b
	}
	return b | 1<<31
}

// entry is a node with its priority: of equal priorities the larger node number is the larger entry, as in Annoy's queue of pairs.
func entry(key uint32, node int32) uint64 { return uint64(key)<<32 | uint64(uint32(node)) }

// queue is a binary heap of entries, the largest on top. One integer an entry
// makes a comparison one instruction.
type queue struct{ h []uint64 }

func (q *queue) reset()      { q.h = q.h[:0] }
func (q *queue) empty() bool { return len(q.h) == 0 }
func (q *queue) top() uint64 { return q.h[0] }

func (q *queue) push(e uint64) {
	q.h = append(q.h, e)
	h, i := q.h, len(q.h)-1
	for i > 0 {
		up := (i - 1) / 2
		if h[up] >= e {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = e
}

func (q *queue) pop() uint64 {
	last := len(q.h) - 1
	top, e := q.h[0], q.h[last]
	q.h = q.h[:last]
	if last > 0 {
		q.sink(e)
	}
	return top
}

// replaceTop pops the largest entry and pushes e.
func (q *queue) replaceTop(e uint64) uint64 {
	top := q.h[0]
	if e >= top {
		return e
	}
	q.sink(e)
	return top
}

// sink places e from the top down.
func (q *queue) sink(e uint64) {
	h, i := q.h, 0
	for {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1] > h[c] {
			c++
		}
		if h[c] <= e {
			break
		}
		h[i] = h[c]
		i = c
	}
	h[i] = e
}
