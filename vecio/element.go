package vecio

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Element is the type of a component in a file. Rows are float32 on this
// side of the file whatever it is. The zero Element is a format's default.
type Element uint8

// The element types. Reading gives the exact value as float32, but for
// Float64, which is rounded to nearest (beyond float32's range is an error),
// and Int32 and Int64, where a value without an exact float32 (possible beyond
// ±2²⁴) is an error. Int64 is only read. Writing Float16 rounds to nearest, ties to even (from ±65520 on is
// an error); writing an integer type takes exact integers in range only.
const (
	Float32 Element = iota + 1
	Float64
	Float16
	Uint8
	Int8
	Int32
	Int64
)

// String returns the name as NumPy spells it, "default" for 0.
func (e Element) String() string {
	switch e {
	case 0:
		return "default"
	case Float32:
		return "float32"
	case Float64:
		return "float64"
	case Float16:
		return "float16"
	case Uint8:
		return "uint8"
	case Int8:
		return "int8"
	case Int32:
		return "int32"
	case Int64:
		return "int64"
	}
	return fmt.Sprintf("Element(%d)", uint8(e))
}

// codec converts between one element type and float32. decode and encode take
// slices of equal numbers of components (encode is nil where no format is
// written with the type) and return the index of the first
// component they refuse, −1 when there is none; the whyNot functions say why.
type codec struct {
	size         int // bytes
	decode       func(dst []float32, src []byte) int
	whyNotDecode func(src []byte) string
	encode       func(dst []byte, src []float32) int
	whyNotEncode func(v float32) string
}

// codecs is indexed by Element.
var codecs = [...]codec{
	Float32: {4, decodeFloat32,
		func(b []byte) string {
			return notFinite(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
		},
		encodeFloat32, func(v float32) string { return notFinite(float64(v)) }},
	Float64: {8, decodeFloat64,
		func(b []byte) string { return notFinite(math.Float64frombits(binary.LittleEndian.Uint64(b))) },
		encodeFloat64, func(v float32) string { return notFinite(float64(v)) }},
	Float16: {2, decodeFloat16,
		func(b []byte) string { return notFinite(float64(float16To32(binary.LittleEndian.Uint16(b)))) },
		encodeFloat16, func(v float32) string {
			if finite(v) {
				return fmt.Sprintf("%v is beyond the range of float16 (±65504)", v)
			}
			return notFinite(float64(v))
		}},
	Uint8: {1, decodeUint8, nil,
		encodeUint8, func(v float32) string { return fmt.Sprintf("%v is not an integer from 0 to 255", v) }},
	Int8: {1, decodeInt8, nil,
		encodeInt8, func(v float32) string { return fmt.Sprintf("%v is not an integer from -128 to 127", v) }},
	Int32: {4, decodeInt32,
		func(b []byte) string {
			return fmt.Sprintf("%d has no exact float32", int32(binary.LittleEndian.Uint32(b)))
		},
		encodeInt32, func(v float32) string { return fmt.Sprintf("%v is not an integer of 32 bits", v) }},
	Int64: {8, decodeInt64,
		func(b []byte) string {
			return fmt.Sprintf("%d has no exact float32", int64(binary.LittleEndian.Uint64(b)))
		}, nil, nil},
}

// finite says whether v is neither NaN nor infinite.
func finite(v float32) bool {
	return math.Float32bits(v)&0x7f800000 != 0x7f800000
}

// notFinite says why v is refused as a component.
func notFinite(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprintf("%v is refused: components must be finite", v)
	}
	return fmt.Sprintf("%v is beyond the range of float32", v)
}

// firstNotFinite returns the index of the first NaN or infinity, or −1.
func firstNotFinite(v []float32) int {
	for i, x := range v {
		if !finite(x) {
			return i
		}
	}
	return -1
}

func decodeFloat32(dst []float32, src []byte) int {
	// An exponent of all ones carries into the top bit of over: one test for
	// the whole block instead of a branch a component.
	var over uint32
	all := dst
	src = src[:4*len(dst)]
	for len(dst) >= 4 {
		d, s := dst[:4:4], src[:16:16]
		a, b := binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[8:])
		u0, u1, u2, u3 := uint32(a), uint32(a>>32), uint32(b), uint32(b>>32)
		over |= (u0&0x7f800000 + 0x00800000) | (u1&0x7f800000 + 0x00800000) |
			(u2&0x7f800000 + 0x00800000) | (u3&0x7f800000 + 0x00800000)
		d[0], d[1] = math.Float32frombits(u0), math.Float32frombits(u1)
		d[2], d[3] = math.Float32frombits(u2), math.Float32frombits(u3)
		dst, src = dst[4:], src[16:]
	}
	for i := range dst {
		u := binary.LittleEndian.Uint32(src[4*i:])
		over |= u&0x7f800000 + 0x00800000
		dst[i] = math.Float32frombits(u)
	}
	if over>>31 == 0 {
		return -1
	}
	return firstNotFinite(all)
}

func decodeFloat64(dst []float32, src []byte) int {
	for i := range dst {
		v := float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
		if !finite(v) {
			return i
		}
		dst[i] = v
	}
	return -1
}

func decodeFloat16(dst []float32, src []byte) int {
	for i := range dst {
		h := binary.LittleEndian.Uint16(src[2*i:])
		if h&float16Inf == float16Inf {
			return i
		}
		dst[i] = float16To32(h)
	}
	return -1
}

func decodeUint8(dst []float32, src []byte) int {
	src = src[:len(dst)]
	for i, b := range src {
		dst[i] = float32(b)
	}
	return -1
}

func decodeInt8(dst []float32, src []byte) int {
	src = src[:len(dst)]
	for i, b := range src {
		dst[i] = float32(int8(b))
	}
	return -1
}

func decodeInt32(dst []float32, src []byte) int {
	for i := range dst {
		n := int32(binary.LittleEndian.Uint32(src[4*i:]))
		v := float32(n)
		if int64(v) != int64(n) {
			return i
		}
		dst[i] = v
	}
	return -1
}

func decodeInt64(dst []float32, src []byte) int {
	for i := range dst {
		n := int64(binary.LittleEndian.Uint64(src[8*i:]))
		v := float32(n)
		// 2⁶³ itself is a float32, and is no int64.
		if v >= 0x1p63 || int64(v) != n {
			return i
		}
		dst[i] = v
	}
	return -1
}

func encodeFloat32(dst []byte, src []float32) int {
	for i, v := range src {
		if !finite(v) {
			return i
		}
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
	return -1
}

func encodeFloat64(dst []byte, src []float32) int {
	for i, v := range src {
		if !finite(v) {
			return i
		}
		binary.LittleEndian.PutUint64(dst[8*i:], math.Float64bits(float64(v)))
	}
	return -1
}

func encodeFloat16(dst []byte, src []float32) int {
	for i, v := range src {
		h := float32To16(v)
		if h&float16Inf == float16Inf {
			return i
		}
		binary.LittleEndian.PutUint16(dst[2*i:], h)
	}
	return -1
}

func encodeUint8(dst []byte, src []float32) int {
	for i, v := range src {
		if !(v >= 0 && v <= 255) || v != float32(uint8(v)) {
			return i
		}
		dst[i] = uint8(v)
	}
	return -1
}

func encodeInt8(dst []byte, src []float32) int {
	for i, v := range src {
		if !(v >= -128 && v <= 127) || v != float32(int8(v)) {
			return i
		}
		dst[i] = uint8(int8(v))
	}
	return -1
}

func encodeInt32(dst []byte, src []float32) int {
	for i, v := range src {
		// 2³¹ itself is a float32, and is one too many.
		if !(v >= -0x1p31 && v < 0x1p31) || v != float32(int32(v)) {
			return i
		}
		binary.LittleEndian.PutUint32(dst[4*i:], uint32(int32(v)))
	}
	return -1
}
