package kiss

import (
	"math"
	"math/big"
	"testing"
)

// reference computes KISS64 in another way: the multiply-with-carry as arithmetic on the number
// x·(2^58+1) + c, in big integers, the others from their definitions.
func reference(seed uint64, n int) []uint64 {
	word := new(big.Int).Lsh(big.NewInt(1), 64)
	mod := func(v *big.Int) *big.Int { return v.Mod(v, word) }
	u := func(v uint64) *big.Int { return new(big.Int).SetUint64(v) }
	a := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 58), big.NewInt(1))
	x, c, y, z := u(seed), u(123456123456123456), u(362436362436362436), u(1066149217761810)
	var out []uint64
	for range n {
		v := new(big.Int).Mul(x, a)
		v.Add(v, c)
		c, x = new(big.Int).DivMod(v, word, new(big.Int))
		for _, shift := range []int{13, -17, 43} {
			if shift > 0 {
				y.Xor(y, mod(new(big.Int).Lsh(y, uint(shift))))
			} else {
				y.Xor(y, new(big.Int).Rsh(y, uint(-shift)))
			}
		}
		z = mod(z.Add(z.Mul(z, u(6906969069)), u(1234567)))
		sum := new(big.Int).Add(x, y)
		out = append(out, mod(sum.Add(sum, z)).Uint64())
	}
	return out
}

func TestFirstNumbersAgainstBigIntegers(t *testing.T) {
	// Not a seed of 58 leading ones: there Marsaglia's C loses a carry that the arithmetic keeps, and Annoy with it.
	for _, seed := range []uint64{DefaultSeed, 0, 1, 42, 1 << 63} {
		s := New(seed)
		for i, want := range reference(seed, 1000) {
			if got := s.Uint64(); got != want {
				t.Fatalf("seed %d, number %d: %d, want %d", seed, i, got, want)
			}
		}
	}
}

// Marsaglia's post gives one number to check an implementation by: the 100 millionth.
func TestMarsagliasHundredMillionth(t *testing.T) {
	s, v := New(DefaultSeed), uint64(0)
	for range 100_000_000 {
		v = s.Uint64()
	}
	if v != 1666297717051644203 {
		t.Fatalf("number 100,000,000 is %d, Marsaglia has 1666297717051644203", v)
	}
}

// Neighbouring streams must look unrelated: half of the bits of their outputs differ, and no two start alike.
func TestStreamsAreIndependent(t *testing.T) {
	seen := map[uint64]bool{}
	var pairs, bits int
	var first []uint64
	for seed := range uint64(8) {
		for tree := range 8 {
			for path := range uint64(64) {
				s := Stream(seed, tree, path)
				v := s.Uint64()
				if seen[v] {
					t.Fatalf("stream (%d, %d, %d) starts like another", seed, tree, path)
				}
				seen[v] = true
				first = append(first, v)
			}
		}
	}
	for i := 1; i < len(first); i++ {
		for d := first[i] ^ first[i-1]; d != 0; d &= d - 1 {
			bits++
		}
		pairs++
	}
	// 64 fair bits a pair: mean 32, standard deviation 4 over the root of the pairs.
	mean, sigma := float64(bits)/float64(pairs), 4/math.Sqrt(float64(pairs))
	if math.Abs(mean-32) > 5*sigma {
		t.Errorf("neighbouring streams differ in %.2f of 64 bits, want 32 ± %.2f", mean, 5*sigma)
	}
	a, b := Stream(1, 2, 3), Stream(1, 2, 3)
	for range 100 {
		if a.Uint64() != b.Uint64() {
			t.Fatal("the same stream twice gives different numbers")
		}
	}
	for _, other := range []Source{Stream(2, 1, 3), Stream(1, 3, 2), Stream(3, 2, 1)} {
		if other == Stream(1, 2, 3) {
			t.Error("two orders of the same numbers give the same stream")
		}
	}
}

// Each cell of Index and each side of Flip gets its share, within five standard deviations.
func TestUniform(t *testing.T) {
	const cells, draws = 7, 70_000
	for _, s := range []Source{New(DefaultSeed), New(0), Stream(0, 0, 0), Stream(DefaultSeed, 3, 1<<40)} {
		var counts [cells]int
		heads := 0
		for range draws {
			counts[s.Index(cells)]++
			if s.Flip() {
				heads++
			}
		}
		check := func(what string, got int, p float64) {
			t.Helper()
			if d := math.Abs(float64(got) - draws*p); d > 5*math.Sqrt(draws*p*(1-p)) {
				t.Errorf("%s came %d times of %d, expected %.0f", what, got, draws, draws*p)
			}
		}
		for i, n := range counts {
			check("index "+string(rune('0'+i)), n, 1.0/cells)
		}
		check("heads", heads, 0.5)
	}
}

func TestIndexOfOneAndNone(t *testing.T) {
	s := New(1)
	if got := s.Index(1); got != 0 {
		t.Errorf("Index(1) = %d", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("Index(0) did not panic")
		}
	}()
	s.Index(0)
}

func TestNothingIsAllocated(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		s := Stream(1, 2, 3)
		s.Index(10)
		s.Flip()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
