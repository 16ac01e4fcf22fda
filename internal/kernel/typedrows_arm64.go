//go:build !purego

package kernel

import "unsafe"

const hasTypedRows = true

// The kernels of typedrows_arm64.s; n ≥ 16 components, count ≥ 1. They request whole rows.

//go:noescape
func l2Rows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32)

//go:noescape
func dotRows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32)

//go:noescape
func l1Rows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32)

//go:noescape
func dotNormRows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, dots, norms *float32)
