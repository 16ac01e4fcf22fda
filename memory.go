package annoy

import (
	"unsafe"

	"github.com/annoy-go/annoy/internal/mmap"
)

// alignedBytes is n zero bytes at a multiple of 8, on huge pages where there are many.
func alignedBytes(n int) []byte {
	b := plainBytes(n)
	mmap.AdviseHuge(b[:cap(b)])
	return b
}

// plainBytes is n zero bytes at a multiple of 8, on pages of the usual size.
func plainBytes(n int) []byte {
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)[:n]
}

// allocate is alignedBytes of a size that an input decides: not ok where there is no such memory.
func allocate(n int64) (b []byte, ok bool) {
	if !mmap.CanReserve(n) {
		return nil, false
	}
	return alignedBytes(int(n)), true
}

// smallestBuffer is what a buffer that grows starts with.
const smallestBuffer = 4096

// grow is b with length n ≥ len(b), zeros added, at a multiple of 8; b itself and not ok where there is no such memory.
// What lies behind b in its array must never have been used. The pages are of the usual size: a buffer is given up for one
// twice as large again and again, and where memory is fragmented finding huge pages for each took more time than all else
// that adding items does.
func grow(b []byte, n int64) (_ []byte, ok bool) {
	if n <= int64(cap(b)) {
		return b[:n], true
	}
	size := max(n, 2*int64(cap(b)), smallestBuffer)
	if !mmap.CanReserve(size) { // room for an eighth more may still be had where there is none to double
		if size = n + n/8; !mmap.CanReserve(size) {
			return b, false
		}
	}
	larger := plainBytes(int(size))
	copy(larger, b)
	return larger[:n], true
}
