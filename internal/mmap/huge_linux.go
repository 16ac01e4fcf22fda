package mmap

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size below which asking for huge pages is pointless.
const hugePage = 2 << 20

// AdviseHuge asks the system to back memory with huge pages: scattered reads of large arrays
// then miss the translation cache less, and the first touch faults 512 times less often. It is a hint about private,
// writable memory; a mapping of a file does not profit. Elsewhere than on Linux it does nothing.
func AdviseHuge(b []byte) {
	if len(b) < 2*hugePage {
		return
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	skip := -start & (hugePage - 1)
	inner := b[skip : skip+(uintptr(len(b))-skip)&^(hugePage-1)]
	_ = unix.Madvise(inner, unix.MADV_HUGEPAGE) // a hint: a kernel without it says EINVAL
}
