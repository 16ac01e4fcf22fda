package vecio

import (
	"math"
	"testing"
)

// float16Value is the definition, in float64: sign, 5 bits of exponent, 10 of mantissa.
func float16Value(h uint16) float64 {
	exp, man := int(h>>10&31), float64(h&0x3ff)
	var v float64
	switch exp {
	case 0:
		v = math.Ldexp(man, -24)
	case 31:
		v = math.Inf(1)
		if man != 0 {
			return math.NaN()
		}
	default:
		v = math.Ldexp(1024+man, exp-25)
	}
	if h&0x8000 != 0 {
		v = -v
	}
	return v
}

func TestFloat16AllValues(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		want, got := float16Value(h), float16To32(h)
		if math.IsNaN(want) {
			if !math.IsNaN(float64(got)) || !math.IsNaN(float64(float16To32(float32To16(got)))) {
				t.Fatalf("%#04x: %v, want NaN both ways", h, got)
			}
			continue
		}
		if float64(got) != want || math.Signbit(float64(got)) != math.Signbit(want) {
			t.Fatalf("%#04x: %v, want %v", h, got, want)
		}
		if back := float32To16(got); back != h {
			t.Fatalf("%#04x: %v goes back to %#04x", h, got, back)
		}
	}
}

// Between any two neighbours the midpoint goes to the even one, and the float32
// on either side of it to the nearer.
func TestFloat16RoundsToNearestEven(t *testing.T) {
	for h := uint16(0); h < float16Inf; h++ {
		low := float64(float16To32(h))
		high := low + math.Ldexp(1, max(int(h>>10), 1)-25) // the next, or 65536 after the last
		mid := float32((low + high) / 2)
		even := h + h&1
		below, above := math.Nextafter32(mid, 0), math.Nextafter32(mid, 1e9)
		for _, c := range []struct {
			v    float32
			want uint16
		}{{below, h}, {mid, even}, {above, h + 1}} {
			if got := float32To16(c.v); got != c.want {
				t.Fatalf("%v: %#04x, want %#04x", c.v, got, c.want)
			}
			if got := float32To16(-c.v); got != c.want|0x8000 {
				t.Fatalf("%v: %#04x, want %#04x", -c.v, got, c.want|0x8000)
			}
		}
	}
	for _, v := range []float32{65536, 1e30, math.MaxFloat32, float32(math.Inf(1))} {
		if got := float32To16(v); got != float16Inf {
			t.Errorf("%v: %#04x, want infinity", v, got)
		}
	}
}
