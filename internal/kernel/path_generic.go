//go:build purego || !(amd64 || arm64)

package kernel

import "unsafe"

func machinePaths() []Path { return nil }

// Current is always Go here, so that nothing below is ever called.

func dot(a, b *float32, n int) float32 { panic(unreachable) }

func l2(a, b *float32, n int) float32 { panic(unreachable) }

func l1(a, b *float32, n int) float32 { panic(unreachable) }

func hamming(a, b *uint64, n int) int { panic(unreachable) }

func dotMany(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	panic(unreachable)
}

func l2Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	panic(unreachable)
}

func l1Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	panic(unreachable)
}

func hammingMany(q *uint64, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32) {
	panic(unreachable)
}

func l2ManyBound(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32, bound float32, half int) {
	panic(unreachable)
}

func l1ManyBound(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32, bound float32, half int) {
	panic(unreachable)
}

func blend(y *float32, a float32, x *float32, b float32, n int) { panic(unreachable) }

func prefetch(at uintptr, n int) { panic(unreachable) }

const unreachable = "annoy: kernel: no assembly on this path"
