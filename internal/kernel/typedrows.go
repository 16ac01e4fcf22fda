package kernel

import (
	"fmt"
	"unsafe"

	"github.com/annoy-go/annoy/internal/invariants"
)

// Element is the type of a row's components. A narrow row costs less to read, and reading rows from all over memory is
// what their distances cost: the caller picks the narrowest type that holds its values exactly (see Fits).
type Element uint8

// The types of components. Float32 is in the byte order of the machine, Float16 (IEEE 754 binary16) little-endian.
const (
	Float32 Element = iota
	Float16
	Int8
	Uint8
)

// Size returns the bytes of a component.
func (e Element) Size() int {
	switch e {
	case Float32:
		return 4
	case Float16:
		return 2
	}
	return 1
}

// String returns the name of the type as numpy writes it.
func (e Element) String() string {
	if int(e) < len(elementNames) {
		return elementNames[e]
	}
	return fmt.Sprintf("Element(%d)", uint8(e))
}

var elementNames = [...]string{"float32", "float16", "int8", "uint8"}

// L2Rows sets out[j] to the squared Euclidean distance between q and row ids[j], whose len(q) components are of type e,
// for every j. The components are widened to float32 exactly; a row's value does not depend on where in ids it is. Rows
// of narrow types may lie at any address. With ahead above 0 each row is requested from memory that many rows before it
// is read; 0 is for rows that the caller has requested. It panics if out is shorter than ids.
func L2Rows(e Element, q []float32, rows Rows, ids []uint32, ahead int, out []float32) {
	out = out[:len(ids)]
	checkBase(rows, ids)
	if len(q) < short || !hasTypedRows || current == Go {
		for j, id := range ids {
			out[j] = sumGo(l2Sum, e, q, rows.at(id))
		}
		return
	}
	if len(ids) > 0 {
		l2Rows(e, &q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead, &out[0])
	}
}

// DotRows sets out[j] to the product of q and row ids[j] for every j, on the terms of L2Rows.
func DotRows(e Element, q []float32, rows Rows, ids []uint32, ahead int, out []float32) {
	out = out[:len(ids)]
	checkBase(rows, ids)
	if len(q) < short || !hasTypedRows || current == Go {
		for j, id := range ids {
			out[j] = sumGo(dotSum, e, q, rows.at(id))
		}
		return
	}
	if len(ids) > 0 {
		dotRows(e, &q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead, &out[0])
	}
}

// L1Rows sets out[j] to the Manhattan distance between q and row ids[j] for every j, on the terms of L2Rows.
func L1Rows(e Element, q []float32, rows Rows, ids []uint32, ahead int, out []float32) {
	out = out[:len(ids)]
	checkBase(rows, ids)
	if len(q) < short || !hasTypedRows || current == Go {
		for j, id := range ids {
			out[j] = sumGo(l1Sum, e, q, rows.at(id))
		}
		return
	}
	if len(ids) > 0 {
		l1Rows(e, &q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead, &out[0])
	}
}

// DotNormRows sets dots[j] to the product of q and row ids[j] and norms[j] to that of the row and itself, for every j,
// reading each row once, on the terms of L2Rows: the cosine with rows that are stored as they were given. Dots may
// differ from DotRows's in the last bits.
func DotNormRows(e Element, q []float32, rows Rows, ids []uint32, ahead int, dots, norms []float32) {
	dots, norms = dots[:len(ids)], norms[:len(ids)]
	checkBase(rows, ids)
	if len(q) < short || !hasTypedRows || current == Go {
		for j, id := range ids {
			dots[j] = sumGo(dotSum, e, q, rows.at(id))
			norms[j] = sumGo(normSum, e, q, rows.at(id))
		}
		return
	}
	if len(ids) > 0 {
		dotNormRows(e, &q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead, &dots[0], &norms[0])
	}
}

// at returns the address of row id.
func (r Rows) at(id uint32) unsafe.Pointer { return unsafe.Add(r.Base, uintptr(id)*r.Stride) }

// checkBase panics, in a build with the tag "invariants", if there are rows to read and no base.
func checkBase(rows Rows, ids []uint32) {
	if invariants.Enabled && len(ids) > 0 && rows.Base == nil {
		panic("annoy: kernel: rows without a base")
	}
}
