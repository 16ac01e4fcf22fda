package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

var elements = []Element{Float32, Float16, Int8, Uint8}

// typedLengths are all lengths through two blocks of every path, and some beyond.
var typedLengths = func() []int {
	var n []int
	for i := range 131 {
		n = append(n, i)
	}
	return append(n, 191, 192, 193, 255, 256, 257, 384, 500, 768, 1000, 1536)
}()

// typedRows are rows of n components of type e, gap bytes apart, the first offset bytes into the memory, between bytes
// that would spoil any sum they get into.
type typedRows struct {
	memory []byte
	rows   Rows
	e      Element
	n      int
	values [][]float32 // what the rows hold
}

func newTypedRows(r *rand.Rand, e Element, count, n, offset, gap int) *typedRows {
	stride := n*e.Size() + gap
	s := &typedRows{memory: make([]byte, offset+count*stride+64), e: e, n: n}
	for i := range s.memory {
		s.memory[i] = 0x7b // a float32 of 1e36, a float16 of 60,000, an integer of 123
	}
	s.rows = Rows{Base: unsafe.Pointer(&s.memory[offset]), Stride: uintptr(stride)}
	for i := range count {
		s.values = append(s.values, randomRow(r, e, s.rows.at(uint32(i)), n))
	}
	return s
}

// randomRow fills the row of n components at p, over the whole range of a narrow type, and returns what it holds.
func randomRow(r *rand.Rand, e Element, p unsafe.Pointer, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		switch e {
		case Int8:
			v[i] = float32(r.IntN(256) - 128)
		case Uint8:
			v[i] = float32(r.IntN(256))
		default:
			v[i] = float32(r.NormFloat64())
		}
	}
	Narrow(e, v, p)
	Widen(e, p, v)
	return v
}

// typedKernels are the kernels for rows with what they compute, in float64: the sum, and the sum of the magnitudes
// that its error is relative to.
var typedKernels = []struct {
	name string
	rows func(e Element, q []float32, rows Rows, ids []uint32, ahead int, out []float32)
	term func(q, x float64) float64
}{
	{"L2Rows", L2Rows, func(q, x float64) float64 { return (q - x) * (q - x) }},
	{"DotRows", DotRows, func(q, x float64) float64 { return q * x }},
	{"L1Rows", L1Rows, func(q, x float64) float64 { return math.Abs(q - x) }},
	{"DotNormRows's dots", func(e Element, q []float32, rows Rows, ids []uint32, ahead int, out []float32) {
		DotNormRows(e, q, rows, ids, ahead, out, make([]float32, len(ids)))
	}, func(q, x float64) float64 { return q * x }},
	{"DotNormRows's norms", func(e Element, q []float32, rows Rows, ids []uint32, ahead int, out []float32) {
		DotNormRows(e, q, rows, ids, ahead, make([]float32, len(ids)), out)
	}, func(_, x float64) float64 { return x * x }},
}

// TestTypedRows compares every kernel for rows with its sum in float64, for every type at every length and some
// alignments, and asks that a row's value does not depend on the rows around it.
func TestTypedRows(t *testing.T) {
	r := newRand(t)
	const count = 9
	onPaths(t, func(t *testing.T) {
		for _, e := range elements {
			for _, n := range typedLengths {
				gap, offset := r.IntN(9), r.IntN(64)
				if e == Float32 {
					gap, offset = gap&^3, offset&^3
				}
				s := newTypedRows(r, e, count, n, offset, gap)
				q := make([]float32, n+1)[1:]
				fill(r, q)
				if e == Int8 || e == Uint8 {
					for i := range q {
						q[i] *= 100
					}
				}
				for _, k := range typedKernels {
					alone := make([]float32, count)
					for id := range alone {
						k.rows(e, q, s.rows, []uint32{uint32(id)}, 0, alone[id:id+1])
						var want, magnitude float64
						for i, x := range s.values[id] {
							term := k.term(float64(q[i]), float64(x))
							want, magnitude = want+term, magnitude+math.Abs(term)
						}
						if got := float64(alone[id]); !(math.Abs(got-want) <= 1e-5*magnitude) {
							t.Fatalf("%s of %d %vs: %v, want %v", k.name, n, e, got, want)
						}
					}
					for _, length := range []int{0, 2, 3, 4, 5, 6, 7, 8, 9, 13, 30} {
						ids := make([]uint32, length)
						for i := range ids {
							ids[i] = uint32(r.IntN(count))
						}
						out := append(make([]float32, length), -7, -7)
						k.rows(e, q, s.rows, ids, r.IntN(6), out[:length])
						for j, id := range ids {
							if math.Float32bits(out[j]) != math.Float32bits(alone[id]) {
								t.Fatalf("%s of %d %vs: row %d of %d gives %v, alone %v", k.name, n, e, j, length, out[j], alone[id])
							}
						}
						if out[length] != -7 || out[length+1] != -7 {
							t.Fatalf("%s of %d %vs wrote beyond its %d results", k.name, n, e, length)
						}
					}
				}
			}
		}
	})
}

// TestTypedRowsShortOut asks for a panic, not for a write beyond the results.
func TestTypedRowsShortOut(t *testing.T) {
	r := newRand(t)
	s := newTypedRows(r, Float16, 3, 40, 0, 0)
	onPaths(t, func(t *testing.T) {
		for _, k := range typedKernels {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s accepted results that are too short", k.name)
					}
				}()
				k.rows(Float16, make([]float32, 40), s.rows, []uint32{0, 1, 2}, 0, make([]float32, 2))
			}()
		}
	})
}

func TestElementNames(t *testing.T) {
	for e, want := range map[Element]string{Float32: "float32", Float16: "float16", Int8: "int8", Uint8: "uint8", 9: "Element(9)"} {
		if e.String() != want {
			t.Errorf("Element(%d) is called %s, want %s", uint8(e), e, want)
		}
	}
}
