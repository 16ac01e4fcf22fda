package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"unsafe"
)

// edgeLengths are the lengths at which some kernel changes its way: every count of lanes and blocks, and one beside.
var edgeLengths = func() []int {
	var n []int
	for i := range 71 {
		n = append(n, i)
	}
	return append(n, 96, 100, 127, 128, 129, 191, 192, 193, 255, 256, 257, 384, 768, 1000, 1536)
}()

// newRand returns a random source whose seed the test prints; ANNOY_TEST_SEED replays one.
func newRand(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	if s := os.Getenv("ANNOY_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d; replay with ANNOY_TEST_SEED=%d go test -run '^%s$' ./internal/kernel", seed, seed, t.Name())
	return rand.New(rand.NewPCG(seed, 0))
}

// onPaths runs f once for every path of the machine.
func onPaths(t *testing.T, f func(t *testing.T)) {
	for _, p := range Paths() {
		t.Run(p.String(), func(t *testing.T) {
			defer Force(p)()
			f(t)
		})
	}
}

// scattered is a set of rows of n components, at some distance and not aligned, between guard values that would spoil
// any sum they get into.
type scattered struct {
	memory []byte
	rows   Rows
	n      int
	count  int
}

func newScattered(r *rand.Rand, count, n, offset, gap int) *scattered {
	stride := 4*n + gap
	s := &scattered{memory: make([]byte, offset+count*stride+64), n: n, count: count}
	for i := range s.memory {
		s.memory[i] = 0x7f // floats of 0x7f7f7f7f: 3.4e38
	}
	s.rows = Rows{Base: unsafe.Pointer(&s.memory[offset]), Stride: uintptr(stride)}
	for i := range count {
		fill(r, s.row(i))
	}
	return s
}

func (s *scattered) row(i int) []float32 { return row[float32](s.rows, int32(i), s.n) }

func fill(r *rand.Rand, v []float32) {
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
}

// shuffledIDs returns n ids below count, in no order and with repeats.
func shuffledIDs(r *rand.Rand, n, count int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(r.IntN(count))
	}
	return ids
}

// floatKernels are the float32 kernels with what they compute, in float64: the sum, and the sum of the magnitudes
// that its error is relative to.
var floatKernels = []struct {
	name      string
	one       func(a, b []float32) float32
	many      func(q []float32, rows Rows, ids []int32, out []float32)
	bound     func(q []float32, rows Rows, ids []int32, out []float32, bound float32)
	reference func(a, b []float32) (sum, magnitude float64)
}{
	{"Dot", Dot, DotMany, nil, func(a, b []float32) (s, m float64) {
		for i := range a {
			p := float64(a[i]) * float64(b[i])
			s, m = s+p, m+math.Abs(p)
		}
		return s, m
	}},
	{"L2", L2, L2Many, L2ManyBound, func(a, b []float32) (s, m float64) {
		for i := range a {
			d := float64(a[i]) - float64(b[i])
			s += d * d
		}
		return s, s
	}},
	{"L1", L1, L1Many, L1ManyBound, func(a, b []float32) (s, m float64) {
		for i := range a {
			s += math.Abs(float64(a[i]) - float64(b[i]))
		}
		return s, s
	}},
}

// TestFloatKernels compares every float32 kernel with its sum in float64, at every edge length and alignment, and the
// Many forms with the single form, bit by bit.
func TestFloatKernels(t *testing.T) {
	r := newRand(t)
	onPaths(t, func(t *testing.T) {
		for _, n := range edgeLengths {
			for _, offset := range []int{0, 4, 12, 20, 61} {
				s := newScattered(r, 23, n, offset, 4*r.IntN(9))
				buffer := make([]float32, n+offset)
				q := buffer[offset/4 : offset/4+n]
				fill(r, q)
				for _, k := range floatKernels {
					for i := range s.count {
						got := float64(k.one(q, s.row(i)))
						want, magnitude := k.reference(q, s.row(i))
						if !(math.Abs(got-want) <= 1e-5*magnitude) {
							t.Fatalf("%s of %d components at offset %d: %v, want %v", k.name, n, offset, got, want)
						}
					}
					for _, count := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 18, 19, 20, 21, 50} {
						checkMany(t, k.name, k.one, k.many, q, s, shuffledIDs(r, count, s.count))
					}
				}
			}
		}
	})
}

func checkMany(t *testing.T, name string, one func(a, b []float32) float32,
	many func([]float32, Rows, []int32, []float32), q []float32, s *scattered, ids []int32) {
	t.Helper()
	out := make([]float32, len(ids)+2)
	out[len(ids)], out[len(ids)+1] = -7, -7
	many(q, s.rows, ids, out)
	for j, id := range ids {
		if want := one(q, s.row(int(id))); math.Float32bits(out[j]) != math.Float32bits(want) {
			t.Fatalf("%sMany of %d components, %d rows: row %d gives %v, %s %v", name, len(q), len(ids), j, out[j], name, want)
		}
	}
	if out[len(ids)] != -7 || out[len(ids)+1] != -7 {
		t.Fatalf("%sMany of %d components wrote beyond its %d results", name, len(q), len(ids))
	}
}

// TestBound checks both promises of the bounded forms: a value is that of the unbounded form or +Inf, and +Inf only if
// that value is greater than the bound. Bounds are taken from the values themselves, where a sum in another order
// would be caught.
func TestBound(t *testing.T) {
	r := newRand(t)
	onPaths(t, func(t *testing.T) {
		given := 0
		lengths := slices.Clone(edgeLengths)
		for n := range 65 { // all tails behind the length from which assembly gives up rows
			lengths = append(lengths, boundFrom+n)
		}
		for _, n := range lengths {
			s := newScattered(r, 40, n, 4, 12)
			// Half of the rows are zero from the first half on, so that their sum so far can be their whole sum.
			q := make([]float32, n)
			fill(r, q[:n/2])
			for i := range s.count / 2 {
				clear(s.row(i)[n/2:])
			}
			ids := shuffledIDs(r, 100, s.count)
			exact, got := make([]float32, len(ids)), make([]float32, len(ids))
			for _, k := range floatKernels {
				if k.bound == nil {
					continue
				}
				k.many(q, s.rows, ids, exact)
				bounds := append([]float32{0, -1, infinity, float32(math.NaN())}, exact[:20]...)
				for _, x := range exact[:20] {
					bounds = append(bounds, math.Nextafter32(x, 0), x/2, x*0.9)
				}
				for _, bound := range bounds {
					k.bound(q, s.rows, ids, got, bound)
					for j := range got {
						switch {
						case got[j] == exact[j]:
						case got[j] == infinity && exact[j] > bound:
							given++
						default:
							t.Fatalf("%sManyBound of %d components, bound %v: %v, exact %v", k.name, n, bound, got[j], exact[j])
						}
					}
				}
			}
		}
		if given == 0 {
			t.Error("no row was given up under any bound")
		}
	})
}

// TestHamming compares both forms with a count of bits, one by one.
func TestHamming(t *testing.T) {
	r := newRand(t)
	onPaths(t, func(t *testing.T) {
		for _, n := range edgeLengths {
			for _, gap := range []int{0, 8, 24} {
				testHamming(t, r, n, gap)
			}
		}
	})
}

func testHamming(t *testing.T, r *rand.Rand, n, gap int) {
	t.Helper()
	const count = 23
	memory := make([]byte, count*(8*n+gap)+16)
	for i := range memory {
		memory[i] = 0xff
	}
	rows := Rows{Base: unsafe.Pointer(&memory[8]), Stride: uintptr(8*n + gap)}
	q := make([]uint64, n)
	for i := range q {
		q[i] = r.Uint64()
	}
	want := make([]int, count)
	for id := range count {
		v := row[uint64](rows, int32(id), n)
		for i := range v {
			v[i] = r.Uint64()
			for bit := range 64 {
				if (v[i]^q[i])>>bit&1 != 0 {
					want[id]++
				}
			}
		}
		if got := Hamming(q, v); got != want[id] {
			t.Fatalf("Hamming of %d words: %d, want %d", n, got, want[id])
		}
	}
	for _, k := range []int{0, 1, 2, 5, 8, 9, 33} {
		ids := shuffledIDs(r, k, count)
		out := make([]float32, k)
		HammingMany(q, rows, ids, out)
		for j, id := range ids {
			if out[j] != float32(want[id]) {
				t.Fatalf("HammingMany of %d words, %d rows: row %d gives %v, want %d", n, k, j, out[j], want[id])
			}
		}
	}
}

// TestBlend asks for the same bits on all paths, and for nothing written outside of y.
func TestBlend(t *testing.T) {
	r := newRand(t)
	onPaths(t, func(t *testing.T) {
		for _, n := range edgeLengths {
			for offset := range 3 {
				memory, x := make([]float32, n+offset+1), make([]float32, n)
				fill(r, memory)
				fill(r, x)
				before := append([]float32(nil), memory...)
				a, b := float32(r.NormFloat64()), float32(r.NormFloat64())
				Blend(memory[offset:offset+n], a, x, b)
				for i := range memory {
					want := before[i]
					if i >= offset && i < offset+n {
						want = float32(a*before[i]) + float32(b*x[i-offset])
					}
					if memory[i] != want {
						t.Fatalf("Blend of %d components at offset %d: component %d is %v, want %v", n, offset, i-offset, memory[i], want)
					}
				}
			}
		}
	})
}

// TestPrefetch gives addresses that would fault if they were read.
func TestPrefetch(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		var x [1000]byte
		at := uintptr(unsafe.Pointer(&x))
		for _, n := range []int{-1, 0, 1, 63, 64, 65, 1000, 1 << 20} {
			for _, at := range []uintptr{at, 0, 1, ^uintptr(0), 1 << (8*unsafe.Sizeof(at) - 2)} {
				Prefetch(at, n)
			}
		}
	})
}

// TestShorterSecond asks for a panic, not for a read beyond the second vector.
func TestShorterSecond(t *testing.T) {
	a, b, y := make([]float32, 40), make([]float32, 39), make([]uint64, 40)
	rows := Rows{unsafe.Pointer(&a[0]), 160}
	onPaths(t, func(t *testing.T) {
		for name, f := range map[string]func(){
			"Dot":     func() { Dot(a, b) },
			"L2":      func() { L2(a, b) },
			"L1":      func() { L1(a, b) },
			"Hamming": func() { Hamming(y, y[:39:39]) },
			"Blend":   func() { Blend(a, 1, b, 1) },
			"DotMany": func() { DotMany(a, rows, make([]int32, 2), b[:1:1]) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s accepted a second slice that is too short", name)
					}
				}()
				f()
			}()
		}
	})
}

func TestForce(t *testing.T) {
	before := Current()
	for _, p := range Paths() {
		restore := Force(p)
		if Current() != p {
			t.Errorf("Force(%v) left %v in use", p, Current())
		}
		restore()
		if Current() != before {
			t.Errorf("restore left %v in use, want %v", Current(), before)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Force of an unknown path did not panic")
		}
	}()
	Force(Path(200))
}

func ExampleL2() {
	fmt.Println(L2([]float32{1, 2}, []float32{4, 6}))
	// Output: 25
}
