package vecio

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// Rows of integers, such as the ids of exact neighbours: a float32 holds them
// exactly to ±2²⁴ only, so that Next and Write are not enough for them.

// intRows is a decoder whose rows can be read as integers too.
type intRows interface {
	// begin consumes what stands before the given row of dim components;
	// io.EOF where there is none.
	begin(dim int, row int64) (*input, error)
}

// NextInts is Next for integers: it reads the next row of a file whose element
// type is an integer into dst[:Dim()], every value exactly, whatever float32
// could hold. A value beyond 32 bits is an error, and so is an element type that
// is not an integer.
func (r *Reader) NextInts(dst []int32) error {
	if r.lastErr != nil {
		return r.lastErr
	}
	rows, ok := r.rows.(intRows)
	size, decode, why := intDecoder(r.element)
	switch {
	case !ok || size == 0:
		return fmt.Errorf("annoy: %s: its elements are %v: want integers", r.name, r.element)
	case len(dst) < r.dim:
		return fmt.Errorf("annoy: %s: room for %d components, its rows have %d", r.name, len(dst), r.dim)
	}
	in, err := rows.begin(r.dim, r.row)
	if err == nil {
		err = readComponents(in, dst[:r.dim], size, r.row, decode, why)
	}
	if err != nil {
		r.lastErr = located(err, r.name, r.row)
		return r.lastErr
	}
	r.row++
	return nil
}

// ReadInts reads the whole of a file of integers: npy, ivecs, bvecs or u8bin.
// The rows are slices of one array. A value beyond 32 bits is a *FormatError;
// a file of other elements is an error.
func ReadInts(path string) ([][]int32, error) {
	r, err := Open(path, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var all []int32
	if n := r.Len(); n > 0 && r.Dim() <= math.MaxInt/n { // the file is as long as that
		all = make([]int32, 0, n*r.Dim())
	}
	n := 0
	for ; ; n++ {
		all = slices.Grow(all, r.Dim())
		err := r.NextInts(all[len(all) : len(all)+r.Dim()])
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		all = all[:len(all)+r.Dim()]
	}
	rows := make([][]int32, n)
	for i := range rows {
		rows[i] = all[i*r.Dim() : (i+1)*r.Dim() : (i+1)*r.Dim()]
	}
	return rows, nil
}

// WriteInts is Write for integers: every value as it is. Only files of Int32
// elements take them.
func (w *Writer) WriteInts(row []int32) error {
	switch {
	case w.err != nil:
		return w.err
	case w.element != Int32:
		w.err = w.valueError(-1, fmt.Sprintf("integers of 32 bits, the file's elements are %v", w.element))
		return w.err
	case len(row) != w.dim:
		w.err = w.valueError(-1, fmt.Sprintf("%d components, the file's rows have %d", len(row), w.dim))
		return w.err
	}
	w.row = w.row[:0]
	if w.format == Ivecs {
		w.row = appendVecsPrefix(w.row, w.dim)
	}
	for _, v := range row {
		w.row = binary.LittleEndian.AppendUint32(w.row, uint32(v))
	}
	return w.writeRow()
}

// intDecoder is a codec of an integer type for int32: the bytes of an element, and
// decode and why of a codec. size is 0 for a type that is not an integer.
func intDecoder(e Element) (size int, decode func(dst []int32, src []byte) int, why func(src []byte) string) {
	var at func(b []byte) int64
	switch e {
	case Uint8:
		at = func(b []byte) int64 { return int64(b[0]) }
	case Int8:
		at = func(b []byte) int64 { return int64(int8(b[0])) }
	case Int32:
		at = func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) }
	case Int64:
		at = func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }
	default:
		return 0, nil, nil
	}
	size = codecs[e].size
	decode = func(dst []int32, src []byte) int {
		for i := range dst {
			v := at(src[i*size:])
			if v != int64(int32(v)) {
				return i
			}
			dst[i] = int32(v)
		}
		return -1
	}
	return size, decode, func(b []byte) string { return fmt.Sprintf("%d is beyond the range of int32", at(b)) }
}
