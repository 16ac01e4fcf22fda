//go:build purego || !(amd64 || arm64)

package kernel

import "unsafe"

// hasTypedRows: there are no kernels for typed rows but Go.
const hasTypedRows = false

// With hasTypedRows false nothing below is ever called.

func l2Rows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32) {
	panic(noTypedRows)
}

func dotRows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32) {
	panic(noTypedRows)
}

func l1Rows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32) {
	panic(noTypedRows)
}

func dotNormRows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, dots, norms *float32) {
	panic(noTypedRows)
}

const noTypedRows = "annoy: kernel: no kernel for typed rows on this path"
