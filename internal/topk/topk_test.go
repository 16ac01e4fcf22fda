package topk

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	inf     = float32(math.Inf(1))
	nan     = float32(math.NaN())
	negZero = float32(math.Copysign(0, -1))
)

// less is the order that the package promises, written from its words.
func less(a, b Pair) bool {
	aNaN, bNaN := a.Dist != a.Dist, b.Dist != b.Dist
	switch {
	case aNaN != bNaN:
		return bNaN
	case !aNaN && a.Dist != b.Dist:
		return a.Dist < b.Dist
	}
	return a.ID < b.ID
}

// same compares pairs, NaN with NaN equal.
func same(a, b []Pair) bool {
	return slices.EqualFunc(a, b, func(a, b Pair) bool { return !less(a, b) && !less(b, a) })
}

func TestKeyKeepsOrderAndValue(t *testing.T) {
	var pairs []Pair
	for _, d := range []float32{-inf, -math.MaxFloat32, -1, -math.SmallestNonzeroFloat32, negZero, 0,
		math.SmallestNonzeroFloat32, 1, math.Nextafter32(1, 2), math.MaxFloat32, inf, nan, -nan,
		math.Float32frombits(0xffffffff), math.Float32frombits(0x7fffffff)} {
		for _, id := range []int32{math.MinInt32, -1, 0, 1, math.MaxInt32} {
			pairs = append(pairs, Pair{d, id})
		}
	}
	for _, a := range pairs {
		if got := pair(key(a.Dist, a.ID)); !same([]Pair{got}, []Pair{a}) {
			t.Errorf("%v comes back as %v", a, got)
		}
		for _, b := range pairs {
			if (key(a.Dist, a.ID) < key(b.Dist, b.ID)) != less(a, b) {
				t.Errorf("the keys of %v and %v are in another order", a, b)
			}
		}
	}
}

func TestSelectAgainstSorting(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var s Select
	for round := range 500 {
		k, n, values := rng.IntN(40), rng.IntN(200), 1+rng.IntN(50)
		s.Reset(k)
		var all []Pair
		for i := range n {
			p := Pair{float32(rng.IntN(values)) - 3, int32(rng.IntN(1000))}
			switch rng.IntN(50) {
			case 0:
				p.Dist = inf
			case 1:
				p.Dist = nan
			case 2:
				p.Dist = negZero
			}
			all = append(all, p)
			s.Push(p.Dist, p.ID)
			slices.SortFunc(all, func(a, b Pair) int {
				if less(a, b) {
					return -1
				}
				return 1
			})
			want := all[:min(k, len(all))]
			bound := inf // of the k-th so far, in the order of the keys
			if k == 0 {
				bound = -inf
			} else if len(want) == k {
				bound = want[k-1].Dist
			}
			if got := s.Bound(); less(Pair{got, 0}, Pair{bound, 0}) && bound == bound {
				t.Fatalf("round %d, push %d, k=%d: bound %v below the k-th distance %v", round, i, k, got, bound)
			}
			if s.Len() != len(want) {
				t.Fatalf("round %d, push %d, k=%d: %d held, want %d", round, i, k, s.Len(), len(want))
			}
			if rng.IntN(20) == 0 || i == n-1 { // also in the middle: pushing goes on afterwards
				if got := s.Sorted(); !same(got, want) {
					t.Fatalf("round %d, push %d, k=%d:\n got %v\nwant %v", round, i, k, got, want)
				}
				if got := s.Bound(); got != bound && (got == got || bound == bound) {
					t.Fatalf("round %d, push %d, k=%d: bound %v after Sorted, want %v", round, i, k, got, bound)
				}
			}
		}
	}
}

// Orders that make a naive quickselect quadratic, and keys that are all equal.
func TestSplitOnEveryOrder(t *testing.T) {
	const n = 1 << 12
	rng := rand.New(rand.NewPCG(3, 4))
	for name, at := range map[string]func(i int) uint64{
		"ascending":  func(i int) uint64 { return uint64(i) },
		"descending": func(i int) uint64 { return uint64(n - i) },
		"equal":      func(int) uint64 { return 7 },
		"organ pipe": func(i int) uint64 { return uint64(min(i, n-i)) },
		"two values": func(i int) uint64 { return uint64(i & 1) },
		"random":     func(int) uint64 { return rng.Uint64() },
	} {
		for _, nth := range []int{0, 1, n / 4, n / 2, n - 2, n - 1} {
			a := make([]uint64, n)
			for i := range a {
				a[i] = at(i)
			}
			sorted := slices.Sorted(slices.Values(a))
			split(a, nth)
			if a[nth] != sorted[nth] {
				t.Errorf("%s: rank %d is %d, want %d", name, nth, a[nth], sorted[nth])
			}
			if slices.Max(a[:nth+1]) > a[nth] || slices.Min(a[nth:]) < a[nth] {
				t.Errorf("%s: rank %d does not divide the keys", name, nth)
			}
		}
	}
}

func TestZeroSelectAndNegativeK(t *testing.T) {
	var s Select
	s.Push(1, 1)
	if s.Len() != 0 || len(s.Sorted()) != 0 {
		t.Error("the zero Select keeps something")
	}
	s.Reset(-1)
	s.Push(1, 1)
	if s.Len() != 0 || s.Bound() != -inf {
		t.Errorf("k=-1 holds %d, bound %v", s.Len(), s.Bound())
	}
	s.Reset(math.MaxInt) // must not allocate for it
	s.Push(1, 1)
	if got := s.Append([]Pair{{0, 7}}); !same(got, []Pair{{0, 7}, {1, 1}}) {
		t.Errorf("Append gave %v", got)
	}
}

func TestNothingIsAllocatedAfterGrowth(t *testing.T) {
	var s Select
	dst := make([]Pair, 0, 10)
	if n := testing.AllocsPerRun(10, func() {
		s.Reset(10)
		for i := range int32(100) {
			s.Push(float32(-i), i)
		}
		s.Sorted()
		dst = s.Append(dst[:0])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPush(b *testing.B) {
	const n = 20_000
	rng := rand.New(rand.NewPCG(1, 2))
	random, descending := make([]float32, n), make([]float32, n)
	for i := range random {
		random[i], descending[i] = rng.Float32(), float32(n-i)
	}
	for _, k := range []int{10, 100} {
		for _, in := range []struct {
			name  string
			dists []float32
		}{{"random", random}, {"descending", descending}} {
			b.Run(fmt.Sprintf("k=%d/%s", k, in.name), func(b *testing.B) {
				var s Select
				b.ReportAllocs()
				for b.Loop() {
					s.Reset(k)
					for i, d := range in.dists {
						s.Push(d, int32(i))
					}
					s.Sorted()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/push")
			})
		}
	}
}
