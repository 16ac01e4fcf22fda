//go:build amd64 && !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go -C _gen run . -out ..

// machinePaths returns the paths beyond Go. The AVX-512 kernels need AVX-512F only, so that every processor that has
// AVX-512 at all runs them; its bit count is a separate extension. F16C is as old as AVX2.
func machinePaths() []Path {
	x := &cpu.X86
	if !x.HasAVX2 || !x.HasFMA || !x.HasF16C || !x.HasPOPCNT {
		return nil
	}
	if !x.HasAVX512F {
		return []Path{AVX2}
	}
	return []Path{AVX2, AVX512}
}

// vectorPopcount tells whether the AVX-512 path has VPOPCNTQ; without it, its Hamming kernels are those of AVX2.
var vectorPopcount = cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPOPCNTDQ

func dot(a, b *float32, n int) float32 {
	if current == AVX512 {
		return dotAVX512(a, b, n)
	}
	return dotAVX2(a, b, n)
}

func l2(a, b *float32, n int) float32 {
	if current == AVX512 {
		return l2AVX512(a, b, n)
	}
	return l2AVX2(a, b, n)
}

func l1(a, b *float32, n int) float32 {
	if current == AVX512 {
		return l1AVX512(a, b, n)
	}
	return l1AVX2(a, b, n)
}

func hamming(a, b *uint64, n int) int {
	if current == AVX512 && vectorPopcount {
		return hammingAVX512(a, b, n)
	}
	return hammingAVX2(a, b, n)
}

// longLead is how much of a row is requested before it is needed. Intel's servers since Sapphire Rapids, told by
// their AMX, fetch the rest of a longer row better by themselves: 0.85 of the time of requesting all of it, for whole
// searches of 384 components; with 256 bytes to 512 alike, 768 and more slower. Elsewhere whole rows are requested.
const longLead = 512

// lead returns how many bytes of a row of n are requested.
func lead(n int) int {
	if cpu.X86.HasAMXTile {
		return min(n, longLead)
	}
	return n
}

func dotMany(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	if current == AVX512 {
		dotManyAVX512(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*n), out)
		return
	}
	dotManyAVX2(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*n), out)
}

func l2Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	if current == AVX512 {
		l2ManyAVX512(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*n), out)
		return
	}
	l2ManyAVX2(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*n), out)
}

func l1Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	if current == AVX512 {
		l1ManyAVX512(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*n), out)
		return
	}
	l1ManyAVX2(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*n), out)
}

func hammingMany(q *uint64, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	if current == AVX512 && vectorPopcount {
		hammingManyAVX512(q, n, (*byte)(base), stride, ids, count, ahead, out)
		return
	}
	hammingManyAVX2(q, n, (*byte)(base), stride, ids, count, ahead, out)
}

func l2ManyBound(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32, bound float32, half int) {
	if current == AVX512 {
		l2ManyBoundAVX512(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*half), out, bound, half)
		return
	}
	l2ManyBoundAVX2(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*half), out, bound, half)
}

func l1ManyBound(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32, bound float32, half int) {
	if current == AVX512 {
		l1ManyBoundAVX512(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*half), out, bound, half)
		return
	}
	l1ManyBoundAVX2(q, n, (*byte)(base), stride, ids, count, ahead, lead(4*half), out, bound, half)
}

func blend(y *float32, a float32, x *float32, b float32, n int) { blendAVX2(y, a, x, b, n) }

func prefetch(at uintptr, n int) { prefetchAMD64(at, n) }
