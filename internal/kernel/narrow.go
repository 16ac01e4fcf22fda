package kernel

import (
	"math"
	"unsafe"
)

// Widen converts the len(dst) components of type e at src to float32, exactly. Those of narrow types may lie at any
// address.
func Widen(e Element, src unsafe.Pointer, dst []float32) {
	switch n := len(dst); e {
	case Float32:
		copy(dst, unsafe.Slice((*float32)(src), n))
	case Float16:
		for i, b := range unsafe.Slice((*[2]byte)(src), n) {
			dst[i] = fromFloat16(uint16(b[0]) | uint16(b[1])<<8)
		}
	case Int8:
		for i, x := range unsafe.Slice((*int8)(src), n) {
			dst[i] = float32(x)
		}
	case Uint8:
		for i, x := range unsafe.Slice((*uint8)(src), n) {
			dst[i] = float32(x)
		}
	}
}

// Narrow converts the components of src, which must be finite, to type e at dst, which has room for len(src) of them.
// It rounds to the nearest value and, between two, to the even one. Integers out of range become the nearest one in
// range; from 65520 on, a float16 becomes infinite.
func Narrow(e Element, src []float32, dst unsafe.Pointer) {
	switch n := len(src); e {
	case Float32:
		copy(unsafe.Slice((*float32)(dst), n), src)
	case Float16:
		out := unsafe.Slice((*[2]byte)(dst), n)
		for i, x := range src {
			h := toFloat16(x)
			out[i] = [2]byte{byte(h), byte(h >> 8)}
		}
	case Int8:
		out := unsafe.Slice((*int8)(dst), n)
		for i, x := range src {
			out[i] = int8(roundWithin(x, math.MinInt8, math.MaxInt8))
		}
	case Uint8:
		out := unsafe.Slice((*uint8)(dst), n)
		for i, x := range src {
			out[i] = uint8(roundWithin(x, 0, math.MaxUint8))
		}
	}
}

// roundWithin rounds to the nearest integer, between two to the even one, from low to high. These are far below 2^23,
// from where on there is no room for a fraction: adding such a number rounds.
func roundWithin(x, low, high float32) int32 {
	if x <= low {
		return int32(low)
	}
	if x >= high {
		return int32(high)
	}
	const shift = 3 << 22
	return int32(float32(x+shift) - shift)
}

// Fits returns the types of mask, a set with bit e for Element e, that hold every component of v exactly, all of which
// must be finite. Float32, where it is in mask, always does; no integer is -0.
func Fits(v []float32, mask uint8) uint8 {
	const block = 64 // components between two looks at whether there is anything left to find out
	for narrow := uint8(1<<Float16 | 1<<Int8 | 1<<Uint8); len(v) > 0 && mask&narrow != 0; {
		n := min(len(v), block)
		mask = fitsBlock(v[:n], mask)
		v = v[n:]
	}
	return mask
}

func fitsBlock(v []float32, mask uint8) uint8 {
	if mask&(1<<Float16) != 0 {
		for _, x := range v {
			if !fitsFloat16(x) {
				mask &^= 1 << Float16
				break
			}
		}
	}
	if mask&(1<<Int8|1<<Uint8) == 0 {
		return mask
	}
	// What is in these bits of any component: of the difference between it and the nearest integer towards 0, and of
	// that integer, from 0 and from -128 on. Where an int32 has no room for it, whatever it becomes is out of range.
	var rest, unsigned, signed uint32
	for _, x := range v {
		i := int32(x)
		rest |= math.Float32bits(float32(i)) ^ math.Float32bits(x)
		unsigned |= uint32(i)
		signed |= uint32(i - math.MinInt8)
	}
	if rest != 0 || signed > math.MaxUint8 {
		mask &^= 1 << Int8
	}
	if rest != 0 || unsigned > math.MaxUint8 {
		mask &^= 1 << Uint8
	}
	return mask
}

// A float16 has 1 bit of sign, 5 of exponent and 10 of mantissa, against a float32's 1, 8 and 23: its exponent is
// biased by 15, not 127, and its smallest normal number is 2^-14.
const (
	signBit     = 1 << 31
	smallNormal = 113 << 23 // bits of the float32 2^-14
	pastFloat16 = 143 << 23 // bits of the float32 2^16
	half        = 126 << 23 // bits of the float32 0.5
)

// fromFloat16 shifts exponent and mantissa to where a float32 has them, and mends the bias by a multiplication, which
// is exact for subnormal numbers too.
func fromFloat16(h uint16) float32 {
	bits := uint32(h&0x7fff) << 13
	if h&0x7c00 == 0x7c00 { // infinite or NaN
		bits |= 0xff << 23
	} else {
		bits = math.Float32bits(math.Float32frombits(bits) * 0x1p112)
	}
	return math.Float32frombits(bits | uint32(h&0x8000)<<16)
}

// toFloat16 rounds to the nearest, between two to the even one. A subnormal float16 is a multiple of 2^-24, which is
// what adding 0.5 rounds a smaller float32 to.
func toFloat16(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits >> 16 & 0x8000)
	bits &^= signBit
	switch {
	case bits > 0xff<<23: // NaN
		return sign | 0x7e00
	case bits >= pastFloat16:
		return sign | 0x7c00
	case bits < smallNormal:
		return sign | uint16(math.Float32bits(math.Float32frombits(bits)+0.5)-half)
	}
	bits += 0xfff + bits>>13&1
	return sign | uint16((bits-smallNormal)>>13+1<<10)
}

// fitsFloat16 tells whether toFloat16 loses nothing of x.
func fitsFloat16(x float32) bool {
	bits := math.Float32bits(x) &^ signBit
	if bits < smallNormal {
		x = math.Float32frombits(bits)
		return float32(x+0.5)-0.5 == x
	}
	return bits&0x1fff == 0 && bits < pastFloat16
}
