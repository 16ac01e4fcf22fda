package mmap

import (
	"math"
	"strconv"
)

// worthAsking is the size from which the system is asked: 1 GiB, or 64 MiB where that is much of the address space.
const worthAsking = 64 << 20 << (strconv.IntSize / 64 * 4)

// CanReserve tells whether the system would give n more bytes of memory now. Go's runtime ends the process when it is
// refused memory, so that whoever makes a buffer as large as an input says asks first; of less than worthAsking
// the answer is true without asking. A system that promises more memory than it has says true, and may end the process
// when the memory is used.
func CanReserve(n int64) bool {
	switch {
	case n < 0 || n > math.MaxInt-pageSlack:
		return false
	case n < worthAsking:
		return true
	}
	return reserve(int(n))
}

// pageSlack is what rounding a size up may add.
const pageSlack = 1 << 16
