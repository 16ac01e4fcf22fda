//go:build arm64 && !purego

package kernel

import "unsafe"

// machinePaths returns NEON, which every arm64 processor has.
func machinePaths() []Path { return []Path{NEON} }

// The kernels of neon_arm64.s; n ≥ 16 components, or ≥ 1 word or byte, and count ≥ 1. The Many forms request rows from
// memory ahead rows before they read them.

//go:noescape
func dot(a, b *float32, n int) float32

//go:noescape
func l2(a, b *float32, n int) float32

//go:noescape
func l1(a, b *float32, n int) float32

//go:noescape
func hamming(a, b *uint64, n int) int

//go:noescape
func dotMany(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32)

//go:noescape
func l2Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32)

//go:noescape
func l1Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32)

//go:noescape
func hammingMany(q *uint64, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32)

//go:noescape
func l2ManyBound(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32, bound float32, half int)

//go:noescape
func l1ManyBound(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32, bound float32, half int)

//go:noescape
func blend(y *float32, a float32, x *float32, b float32, n int)

//go:noescape
func prefetch(at uintptr, n int)
