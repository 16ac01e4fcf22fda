//go:build !purego

package kernel

import "unsafe"

const hasTypedRows = true

func l2Rows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32) {
	if current == AVX512 {
		l2RowsAVX512(uint8(e), q, n, (*byte)(base), stride, ids, count, ahead, lead(n*e.Size()), out)
		return
	}
	l2RowsAVX2(uint8(e), q, n, (*byte)(base), stride, ids, count, ahead, lead(n*e.Size()), out)
}

func dotRows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32) {
	if current == AVX512 {
		dotRowsAVX512(uint8(e), q, n, (*byte)(base), stride, ids, count, ahead, lead(n*e.Size()), out)
		return
	}
	dotRowsAVX2(uint8(e), q, n, (*byte)(base), stride, ids, count, ahead, lead(n*e.Size()), out)
}

func l1Rows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32) {
	if current == AVX512 {
		l1RowsAVX512(uint8(e), q, n, (*byte)(base), stride, ids, count, ahead, lead(n*e.Size()), out)
		return
	}
	l1RowsAVX2(uint8(e), q, n, (*byte)(base), stride, ids, count, ahead, lead(n*e.Size()), out)
}

func dotNormRows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, dots, norms *float32) {
	if current == AVX512 {
		dotNormRowsAVX512(uint8(e), q, n, (*byte)(base), stride, ids, count, ahead, lead(n*e.Size()), dots, norms)
		return
	}
	dotNormRowsAVX2(uint8(e), q, n, (*byte)(base), stride, ids, count, ahead, lead(n*e.Size()), dots, norms)
}
