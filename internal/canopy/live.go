package canopy

import (
	"cmp"
	"math"
	"slices"
)

// Live is which of n vectors, ascending, have an id that no later vector has; nil where all do. An id that was added
// again replaces the vector that it had.
func Live(n int, id func(i int) int64) []uint32 {
	smallest, largest, ascending := int64(math.MaxInt64), int64(math.MinInt64), true
	for i := range n {
		v := id(i)
		ascending = ascending && (i == 0 || v > largest)
		smallest, largest = min(smallest, v), max(largest, v)
	}
	if ascending {
		return nil
	}
	// Unsigned, since the difference of two int64 may not be one.
	if spread := uint64(largest) - uint64(smallest); spread < 64*uint64(n) {
		return liveDense(n, id, smallest, spread)
	}
	return LiveFunc(n, func(a, b int) int { return cmp.Compare(id(a), id(b)) })
}

// liveDense goes backwards and marks the ids that it has seen: up to 8 bytes a vector.
func liveDense(n int, id func(i int) int64, smallest int64, spread uint64) []uint32 {
	seen := make([]uint64, spread/64+1)
	live := make([]uint32, 0, n)
	for i := n - 1; i >= 0; i-- {
		v := uint64(id(i)) - uint64(smallest)
		if bit := uint64(1) << (v % 64); seen[v/64]&bit == 0 {
			seen[v/64] |= bit
			live = append(live, uint32(i))
		}
	}
	if len(live) == n {
		return nil
	}
	slices.Reverse(live)
	return live
}

// LiveFunc is Live by any order: of vectors that compare equal the last one counts.
func LiveFunc(n int, compare func(a, b int) int) []uint32 {
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(compare(int(a), int(b)), cmp.Compare(a, b))
	})
	live := order[:0]
	for i, v := range order {
		if i+1 == n || compare(int(v), int(order[i+1])) != 0 {
			live = append(live, v)
		}
	}
	if len(live) == n {
		return nil
	}
	slices.Sort(live)
	return live
}
