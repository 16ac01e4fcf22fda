//go:build amd64 && !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go -C _gen run . -out ..

// machinePaths returns the paths beyond Go. The AVX-512 kernels need AVX-512F only, so that every processor that has
// AVX-512 at all runs them; its bit count is a separate extension.
func machinePaths() []Path {
	x := &cpu.X86
	if !x.HasAVX2 || !x.HasFMA || !x.HasPOPCNT {
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

func dotMany(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	if current == AVX512 {
		dotManyAVX512(q, n, (*byte)(base), stride, ids, count, ahead, out)
		return
	}
	dotManyAVX2(q, n, (*byte)(base), stride, ids, count, ahead, out)
}

func l2Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	if current == AVX512 {
		l2ManyAVX512(q, n, (*byte)(base), stride, ids, count, ahead, out)
		return
	}
	l2ManyAVX2(q, n, (*byte)(base), stride, ids, count, ahead, out)
}

func l1Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	if current == AVX512 {
		l1ManyAVX512(q, n, (*byte)(base), stride, ids, count, ahead, out)
		return
	}
	l1ManyAVX2(q, n, (*byte)(base), stride, ids, count, ahead, out)
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
		l2ManyBoundAVX512(q, n, (*byte)(base), stride, ids, count, ahead, out, bound, half)
		return
	}
	l2ManyBoundAVX2(q, n, (*byte)(base), stride, ids, count, ahead, out, bound, half)
}

func l1ManyBound(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32, bound float32, half int) {
	if current == AVX512 {
		l1ManyBoundAVX512(q, n, (*byte)(base), stride, ids, count, ahead, out, bound, half)
		return
	}
	l1ManyBoundAVX2(q, n, (*byte)(base), stride, ids, count, ahead, out, bound, half)
}

func blend(y *float32, a float32, x *float32, b float32, n int) { blendAVX2(y, a, x, b, n) }

func prefetch(p unsafe.Pointer, n int) { prefetchAMD64((*byte)(p), n) }
