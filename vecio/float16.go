package vecio

import "math"

// Conversions between float32 and IEEE 754 binary16: a sign, 5 bits of
// exponent (bias 15) and 10 of mantissa.

const (
	float16Inf = 0x7c00 // the exponent of infinities and NaN, all ones
	// float16Over is the bits of 65520, half way between the largest float16
	// and the next power of two: from here on the nearest float16 is infinite.
	float16Over = 0x477ff000
)

// float16To32 returns the float32 of the same value; every float16 has one.
func float16To32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	mag := uint32(h & 0x7fff)
	if mag >= float16Inf {
		return math.Float32frombits(sign | 0x7f800000 | (mag&0x3ff)<<13)
	}
	// Moved by 13 bits, exponent and mantissa stand in float32's places with an
	// exponent too small by 127 − 15 = 112; the product is exact, for
	// subnormals too.
	f := math.Float32frombits(mag<<13) * 0x1p112
	return math.Float32frombits(sign | math.Float32bits(f))
}

// float32To16 returns the nearest float16, of two equally near the one with an
// even last bit. From 65520 on, the result is an infinity; below 2⁻²⁵, zero.
// NaN gives a NaN.
func float32To16(f float32) uint16 {
	u := math.Float32bits(f)
	sign := uint16(u>>16) & 0x8000
	u &= 0x7fffffff
	switch {
	case u > 0x7f800000:
		return sign | 0x7e00
	case u >= float16Over:
		return sign | float16Inf
	case u < 0x38800000: // below 2⁻¹⁴: a subnormal, in steps of 2⁻²⁴
		// The last bit of 0.5 is worth 2⁻²⁴ as well, so the sum rounds as wanted.
		v := math.Float32frombits(u) + 0.5
		return sign | uint16(math.Float32bits(v)-math.Float32bits(0.5))
	default:
		u += 0xfff + u>>13&1 // carries into the exponent where it has to
		return sign | uint16((u-112<<23)>>13)
	}
}
