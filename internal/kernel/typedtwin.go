package kernel

import "unsafe"

// The Go twins of the kernels for typed rows: they widen a row piece by piece and leave each to the twin for float32.

// sum is what sumGo adds up.
type sum uint8

const (
	l2Sum sum = iota
	dotSum
	l1Sum
	normSum // of the row alone
)

// sumGo returns the sum of q and the row of type e at p, piece by piece.
func sumGo(s sum, e Element, q []float32, p unsafe.Pointer) float32 {
	if e == Float32 {
		return s.of(q, unsafe.Slice((*float32)(p), len(q)))
	}
	var total float32
	var piece [128]float32
	for i := 0; i < len(q); i += len(piece) {
		n := min(len(q)-i, len(piece))
		Widen(e, unsafe.Add(p, i*e.Size()), piece[:n])
		total += s.of(q[i:i+n], piece[:n])
	}
	return total
}

func (s sum) of(q, x []float32) float32 {
	switch s {
	case l2Sum:
		return l2Go(q, x, infinity)
	case dotSum:
		return dotGo(q, x)
	case l1Sum:
		return l1Go(q, x, infinity)
	default:
		return dotGo(x, x)
	}
}
