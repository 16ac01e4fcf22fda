// Package kiss is Annoy's random source: George Marsaglia's 64-bit KISS, the sum of a multiply-with-carry, an
// xorshift and a congruential generator (posted to comp.lang.c and sci.math, 28 February 2009, "64-bit KISS
// RNGs"). Period about 2^250; it passes the usual batteries and is not for cryptography.
package kiss

import "math/bits"

// DefaultSeed is the seed that Annoy uses when none is set.
const DefaultSeed = 1234567890987654321

// Marsaglia's starting values of the carry, the xorshift and the congruential generator. They are part of what a
// seed means: another value here is another sequence for every seed.
const (
	startC = 123456123456123456
	startY = 362436362436362436
	startZ = 1066149217761810
)

// A Source is the state of one generator. It is a value: a copy continues on its own. The zero Source is not
// valid; New and Stream make one. Not safe for concurrent use.
type Source struct {
	x, c uint64 // multiply-with-carry, multiplier 2^58+1; not both zero, c ≤ 2^58
	y    uint64 // xorshift; never zero
	z    uint64 // congruential; any value
}

// New returns the sequence that Annoy draws after set_seed(seed). Every seed is allowed.
func New(seed uint64) Source {
	return Source{x: seed, c: startC, y: startY, z: startZ}
}

// Stream returns a sequence of its own for a seed, a tree and a place in that tree, so that what a node draws
// does not depend on which worker builds it or when. The path is whatever number identifies the place. The four
// words of the state come from SplitMix64 (Steele, Lea and Flood, 2014) run from a hash of the three numbers.
func Stream(seed uint64, tree int, path uint64) Source {
	// Each number passes the finaliser before the next is added: nearby numbers give unrelated states, and
	// (seed, tree) and (tree, seed) differ.
	h := mix(seed + gamma)
	h = mix(h + uint64(tree) + gamma)
	h = mix(h + path + gamma)
	word := func() uint64 {
		h += gamma
		return mix(h)
	}
	s := Source{x: word(), y: word(), z: word()}
	s.c = word() >> 6 // below 2^58, as the multiplier demands
	if s.x == 0 && s.c == 0 {
		s.c = startC // the two would stay zero
	}
	if s.y == 0 {
		s.y = startY
	}
	return s
}

const gamma = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio, odd

// mix is the finaliser of SplitMix64: a bijection in which every bit of the input reaches every bit.
func mix(v uint64) uint64 {
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// Uint64 returns the next 64 random bits.
func (s *Source) Uint64() uint64 {
	s.z = 6906969069*s.z + 1234567

	s.y ^= s.y << 13
	s.y ^= s.y >> 17
	s.y ^= s.y << 43

	t := s.x<<58 + s.c
	s.c = s.x >> 6
	s.x += t
	if s.x < t {
		s.c++
	}
	return s.x + s.y + s.z
}

// Index returns a number from 0 to n−1. It is the high word of a random word times n: no value is more than
// n/2^64 likelier than another, too little to see in any number of draws. It panics when n < 1.
func (s *Source) Index(n int) int {
	if n < 1 {
		panic("kiss: Index of an empty range")
	}
	hi, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(hi)
}

// Flip returns one random bit, the highest: the low bits of the congruential part repeat soon.
func (s *Source) Flip() bool { return s.Uint64()>>63 != 0 }
