package kernel

import (
	"encoding/binary"
	"math"
	"testing"
	"unsafe"
)

// halfValue is the value of a finite float16 by the definition of IEEE 754.
func halfValue(h uint16) float64 {
	sign, exponent, mantissa := 1-2*float64(h>>15), int(h>>10&31), float64(h&0x3ff)
	if exponent == 0 {
		return math.Copysign(math.Ldexp(mantissa, -24), sign)
	}
	return sign * math.Ldexp(1024+mantissa, exponent-25)
}

// TestFloat16 goes through all values of the type, and all borders at which rounding changes.
func TestFloat16(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		all := make([]uint16, 1<<16)
		stored := make([]byte, 2<<16)
		for i := range all {
			all[i] = uint16(i)
			stored[2*i], stored[2*i+1] = byte(i), byte(i>>8)
		}
		wide := make([]float32, len(all))
		Widen(Float16, unsafe.Pointer(&stored[0]), wide)
		for i, x := range wide {
			switch h := all[i]; {
			case h&0x7fff == 0x7c00:
				if !math.IsInf(float64(x), 1-2*int(h>>15)) {
					t.Fatalf("%#04x is %v, want an infinity", h, x)
				}
			case h&0x7c00 == 0x7c00:
				if x == x {
					t.Fatalf("%#04x is %v, want NaN", h, x)
				}
			case math.Float64bits(float64(x)) != math.Float64bits(halfValue(h)):
				t.Fatalf("%#04x is %v, want %v", h, x, halfValue(h))
			}
		}
		// Between two neighbours, the nearer one; half way, the one whose last bit is 0. 65536 would follow 65504.
		for h := range uint16(0x7c00) {
			low, high := float32(halfValue(h)), float32(65536)
			if h+1 < 0x7c00 {
				high = float32(halfValue(h + 1))
			}
			middle := (low + high) / 2
			for _, c := range []struct {
				x    float32
				want uint16
			}{
				{low, h}, {math.Nextafter32(middle, 0), h}, {middle, h + h&1}, {math.Nextafter32(middle, infinity), h + 1},
			} {
				if got := narrowHalf(c.x); got != c.want {
					t.Fatalf("%v becomes %#04x, want %#04x", c.x, got, c.want)
				}
				if got := narrowHalf(-c.x); got != c.want|0x8000 {
					t.Fatalf("%v becomes %#04x, want %#04x", -c.x, got, c.want|0x8000)
				}
				exact := c.want < 0x7c00 && float64(c.x) == halfValue(c.want)
				if fits := Fits([]float32{c.x}, 1<<Float16) != 0; fits != exact {
					t.Fatalf("Fits: %v is a float16: %v, want %v", c.x, fits, exact)
				}
			}
		}
		for _, x := range []float32{math.SmallestNonzeroFloat32, 0x1p-26, 0x1p-127, 65520, 1e30, math.MaxFloat32, infinity} {
			want := uint16(0)
			if x > 1 {
				want = 0x7c00
			}
			if got := narrowHalf(x); got != want {
				t.Errorf("%v becomes %#04x, want %#04x", x, got, want)
			}
			if Fits([]float32{x}, 1<<Float16) != 0 {
				t.Errorf("%v is a float16", x)
			}
		}
	})
}

func narrowHalf(x float32) uint16 {
	var stored [2]byte
	Narrow(Float16, []float32{x}, unsafe.Pointer(&stored))
	return binary.LittleEndian.Uint16(stored[:])
}

// TestNarrowIntegers goes through all values of the integer types, the borders between them and beyond.
func TestNarrowIntegers(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		for twice := -1000; twice <= 1000; twice++ {
			for _, beside := range []float32{-1e-3, 0, 1e-3} {
				x := float32(twice)/2 + beside
				rounded := math.RoundToEven(float64(x))
				var i int8
				var u uint8
				Narrow(Int8, []float32{x}, unsafe.Pointer(&i))
				Narrow(Uint8, []float32{x}, unsafe.Pointer(&u))
				if float64(i) != min(max(rounded, -128), 127) || float64(u) != min(max(rounded, 0), 255) {
					t.Fatalf("%v becomes %d and %d", x, i, u)
				}
				var want uint8
				if x == float32(i) {
					want |= 1 << Int8
				}
				if x == float32(u) {
					want |= 1 << Uint8
				}
				if got := Fits([]float32{x}, 1<<Int8|1<<Uint8); got != want {
					t.Fatalf("Fits of %v: %04b, want %04b", x, got, want)
				}
			}
		}
		for _, x := range []float32{-math.MaxFloat32, -1e10, 1e10, math.MaxFloat32} {
			var i int8
			var u uint8
			Narrow(Int8, []float32{x}, unsafe.Pointer(&i))
			Narrow(Uint8, []float32{x}, unsafe.Pointer(&u))
			if x < 0 && (i != -128 || u != 0) || x > 0 && (i != 127 || u != 255) {
				t.Errorf("%v becomes %d and %d", x, i, u)
			}
		}
	})
}

// TestNarrowLengths converts rows of every length at odd addresses, and asks that nothing beyond them is written.
func TestNarrowLengths(t *testing.T) {
	r := newRand(t)
	onPaths(t, func(t *testing.T) {
		for _, e := range elements {
			for _, n := range typedLengths {
				for offset := 0; offset < 4; offset += map[bool]int{true: 4, false: 1}[e == Float32] {
					v := make([]float32, n)
					for i := range v {
						v[i] = float32(r.IntN(128))
					}
					stored := make([]byte, offset+n*e.Size()+9)
					for i := range stored {
						stored[i] = 0xa5
					}
					Narrow(e, v, unsafe.Pointer(&stored[offset]))
					for i, b := range stored {
						if (i < offset || i >= offset+n*e.Size()) && b != 0xa5 {
							t.Fatalf("Narrow to %d %vs wrote beyond them", n, e)
						}
					}
					back := append(make([]float32, n), -7, -7)
					Widen(e, unsafe.Pointer(&stored[offset]), back[:n])
					for i := range v {
						if back[i] != v[i] {
							t.Fatalf("component %d of %d %vs: %v, want %v", i, n, e, back[i], v[i])
						}
					}
					if back[n] != -7 || back[n+1] != -7 {
						t.Fatalf("Widen of %d %vs wrote beyond them", n, e)
					}
				}
			}
		}
	})
}

// TestFits puts one component that a type does not hold into each place of vectors that it does.
func TestFits(t *testing.T) {
	const all = 1<<Float32 | 1<<Float16 | 1<<Int8 | 1<<Uint8
	minusZero := float32(math.Copysign(0, -1))
	onPaths(t, func(t *testing.T) {
		for _, c := range []struct {
			x    float32
			want uint8
		}{
			{0, all}, {127, all}, {128, all &^ (1 << Int8)}, {255, all &^ (1 << Int8)}, {-1, all &^ (1 << Uint8)},
			{-128, all &^ (1 << Uint8)}, {256, 1<<Float32 | 1<<Float16}, {-129, 1<<Float32 | 1<<Float16},
			{0.5, 1<<Float32 | 1<<Float16}, {minusZero, 1<<Float32 | 1<<Float16}, {2048, 1<<Float32 | 1<<Float16},
			{2049, 1 << Float32}, {0.1, 1 << Float32}, {1 << 22, 1 << Float32}, {-1e30, 1 << Float32},
			{math.SmallestNonzeroFloat32, 1 << Float32},
		} {
			for _, n := range []int{1, 7, 16, 63, 64, 65, 130} {
				for _, place := range []int{0, n / 2, n - 1} {
					v := make([]float32, n)
					for i := range v {
						v[i] = float32(i % 128)
					}
					v[place] = c.x
					for mask := range uint8(all + 1) {
						if got := Fits(v, mask); got != c.want&mask {
							t.Fatalf("Fits of %d components with %v at %d, of %04b: %04b, want %04b", n, c.x, place, mask, got, c.want&mask)
						}
					}
				}
			}
		}
		if got := Fits(nil, all); got != all {
			t.Errorf("Fits of no component: %04b", got)
		}
		// Two components that no integer type holds both.
		if got := Fits([]float32{-1, 200}, all); got != 1<<Float32|1<<Float16 {
			t.Errorf("Fits of -1 and 200: %04b", got)
		}
	})
}
