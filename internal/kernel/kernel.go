// Package kernel holds the distance kernels: float32 dot product, squared Euclidean and Manhattan distance, and the
// Hamming distance of words, each for one pair and for one query against many rows.
//
// Every kernel has a Go twin, which is the reference and runs everywhere; amd64 has AVX2+FMA and AVX-512 forms, arm64
// a NEON form. The fastest path that the machine can run is chosen when the program starts; Force chooses another one
// in tests and benchmarks. The build tag "purego" removes the assembly.
//
// # What is equal to what
//
// Within one path the single forms and the Many forms give bit-identical values for the same pair, at every length,
// alignment and position in the list. Both use the same layout: W lanes times four accumulators, with component i
// (of the whole blocks of 4·W components) in accumulator (i / W) mod 4; of the rest, the next 2·W components if
// present go to accumulators 0 and 1, the next W to accumulator 2, and the last, fewer than W, to accumulator 3. The
// sum is (acc0 + acc1) + (acc2 + acc3), whose upper half is added to its lower until four lanes are left, which are
// added as (l0 + l1) + (l2 + l3). W is 16 for AVX-512, 8 for AVX2, 4 for NEON, 1 for Go. Vectors of fewer than 16
// components take the Go form on every path.
//
// The kernels for typed rows have layouts of their own, with two accumulators, or one for each sum of DotNormRows, on
// amd64, and with four on arm64: theirs are not the bits of the Many forms, but for the same row the same at every
// place in the list.
//
// Values of different paths differ in the last bits, except those of Hamming and Blend, which are the same on all.
// Floating-point results are unspecified when an input is NaN or infinite.
//
// # Memory
//
// No kernel reads a byte outside of its vectors, so a row may end where a mapping ends. A row must be aligned to its
// element's size (4 bytes for float32, 8 for uint64) on architectures that need it; amd64 and arm64 do not. A page
// fault under a row, turned into a panic by debug.SetPanicOnFault, unwinds through the assembly like any other panic.
package kernel

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/invariants"
)

// Path names one implementation of all kernels.
type Path uint8

// The paths, slowest first.
const (
	Go     Path = iota // the Go twins: on every machine
	NEON               // arm64
	AVX2               // amd64 with AVX2, FMA, F16C and POPCNT
	AVX512             // amd64 with what AVX2 asks for and AVX-512F
)

// String returns the name of the path.
func (p Path) String() string {
	switch p {
	case Go:
		return "Go"
	case NEON:
		return "NEON"
	case AVX2:
		return "AVX2"
	case AVX512:
		return "AVX-512"
	}
	return fmt.Sprintf("Path(%d)", uint8(p))
}

var (
	paths   = append([]Path{Go}, machinePaths()...)
	current = paths[len(paths)-1]
)

// Paths returns the paths that this machine can run, slowest first. It always has Go.
func Paths() []Path { return append([]Path(nil), paths...) }

// Current returns the path in use.
func Current() Path { return current }

// Force makes p the path in use until restore is called. It is for tests and benchmarks: not while another goroutine
// runs a kernel. It panics if the machine cannot run p.
func Force(p Path) (restore func()) {
	for _, q := range paths {
		if q == p {
			before := current
			current = p
			return func() { current = before }
		}
	}
	panic(fmt.Sprintf("annoy: kernel path %v cannot run on this machine, which has %v", p, paths))
}

// Rows is a strided array of vectors in memory: row i starts at Base + i·Stride bytes. It does not keep the memory
// alive beyond what Base does, and does not know where it ends: the caller has checked the ids.
type Rows struct {
	Base   unsafe.Pointer
	Stride uintptr
}

// short is the number of components below which a vector is left to the Go form: a call of assembly, which is never
// inlined, costs as much as such a vector. The single and Many forms must agree on it, or their sums would differ.
const short = 16

// aheadBytes is how much of the coming rows is requested from memory before it is needed: enough lines to keep a core's
// miss buffers busy. From 4 to 32 KB measured alike on Zen 4, for rows of 128 and 384 components; 1 and 2 KB slower. On
// a Xeon whose third-level cache answers slowly, 24 KB take 0.82 of the time of 8 KB for whole searches of 128
// components, 0.93 of 384.
const aheadBytes = 24 << 10

// ahead returns the number of rows of n bytes to request ahead, between 2 and 48.
func ahead(n int) int {
	return min(max(aheadBytes/n, 2), 48)
}

// boundFrom is the number of components from which the assembly of the bounded forms gives up rows. Below it they are
// the unbounded forms: where 7 of 10 rows could be given up, that took 0.8 of the time of giving them up at 128
// components, the same at 256 and 1.2 at 384 (AVX-512, rows scattered over 512 MB).
const boundFrom = 256

// firstHalf returns the number of components after which a bounded form looks whether to give up: half of n, in whole
// blocks of every path.
func firstHalf(n int) int { return min((n/2+63)&^63, n) }

// Dot returns the sum of a[i]·b[i] over len(a) components. It panics if b is shorter than a.
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	if len(a) < short || current == Go {
		return dotGo(a, b)
	}
	return dot(&a[0], &b[0], len(a))
}

// L2 returns the squared Euclidean distance, the sum of (a[i]-b[i])² over len(a) components. It panics if b is shorter
// than a.
func L2(a, b []float32) float32 {
	b = b[:len(a)]
	if len(a) < short || current == Go {
		return l2Go(a, b, infinity)
	}
	return l2(&a[0], &b[0], len(a))
}

// L1 returns the Manhattan distance, the sum of |a[i]-b[i]| over len(a) components. It panics if b is shorter than a.
func L1(a, b []float32) float32 {
	b = b[:len(a)]
	if len(a) < short || current == Go {
		return l1Go(a, b, infinity)
	}
	return l1(&a[0], &b[0], len(a))
}

// Hamming returns the number of bits in which a and b differ over len(a) words. It panics if b is shorter than a.
func Hamming(a, b []uint64) int {
	b = b[:len(a)]
	if len(a) < shortWords || current == Go {
		return hammingGo(a, b)
	}
	return hamming(&a[0], &b[0], len(a))
}

// shortWords is the number of words below which Hamming stays in Go.
const shortWords = 4

// DotMany sets out[j] to Dot(q, row ids[j]) for every j. Ids may be in any order but not negative; a row has len(q)
// components. It panics if out is shorter than ids.
func DotMany(q []float32, rows Rows, ids []int32, out []float32) {
	out = out[:len(ids)]
	check(rows, ids)
	if len(q) < short || current == Go {
		for j, id := range ids {
			out[j] = dotGo(q, row[float32](rows, id, len(q)))
		}
		return
	}
	if len(ids) > 0 {
		dotMany(&q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead(4*len(q)), &out[0])
	}
}

// L2Many sets out[j] to L2(q, row ids[j]) for every j, on the terms of DotMany.
func L2Many(q []float32, rows Rows, ids []int32, out []float32) {
	out = out[:len(ids)]
	check(rows, ids)
	if len(q) < short || current == Go {
		for j, id := range ids {
			out[j] = l2Go(q, row[float32](rows, id, len(q)), infinity)
		}
		return
	}
	if len(ids) > 0 {
		l2Many(&q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead(4*len(q)), &out[0])
	}
}

// L1Many sets out[j] to L1(q, row ids[j]) for every j, on the terms of DotMany.
func L1Many(q []float32, rows Rows, ids []int32, out []float32) {
	out = out[:len(ids)]
	check(rows, ids)
	if len(q) < short || current == Go {
		for j, id := range ids {
			out[j] = l1Go(q, row[float32](rows, id, len(q)), infinity)
		}
		return
	}
	if len(ids) > 0 {
		l1Many(&q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead(4*len(q)), &out[0])
	}
}

// HammingMany sets out[j] to Hamming(q, row ids[j]), as a float32, for every j, on the terms of DotMany. Counts up to
// 2^24 are exact.
func HammingMany(q []uint64, rows Rows, ids []int32, out []float32) {
	out = out[:len(ids)]
	check(rows, ids)
	if len(q) == 0 || current == Go {
		for j, id := range ids {
			out[j] = float32(hammingGo(q, row[uint64](rows, id, len(q))))
		}
		return
	}
	if len(ids) > 0 {
		hammingMany(&q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead(8*len(q)), &out[0])
	}
}

// L2ManyBound is L2Many for callers that want only the distances up to bound: out[j] is either exactly the value of
// L2Many or +Inf, and +Inf only if that value is greater than bound. It may give up a row whose sum over about its
// first half is greater than bound, and leave the rest unread. That is exact, not an estimate, because the terms are not
// negative: each accumulator only grows, rounding is monotone, and the sum so far is added up in the order of the final
// one.
func L2ManyBound(q []float32, rows Rows, ids []int32, out []float32, bound float32) {
	if len(q) < boundFrom && current != Go {
		L2Many(q, rows, ids, out)
		return
	}
	out = out[:len(ids)]
	check(rows, ids)
	if current == Go {
		for j, id := range ids {
			out[j] = l2Go(q, row[float32](rows, id, len(q)), bound)
		}
		return
	}
	if len(ids) > 0 {
		half := firstHalf(len(q))
		l2ManyBound(&q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead(4*half), &out[0], bound, half)
	}
}

// L1ManyBound is to L1Many what L2ManyBound is to L2Many.
func L1ManyBound(q []float32, rows Rows, ids []int32, out []float32, bound float32) {
	if len(q) < boundFrom && current != Go {
		L1Many(q, rows, ids, out)
		return
	}
	out = out[:len(ids)]
	check(rows, ids)
	if current == Go {
		for j, id := range ids {
			out[j] = l1Go(q, row[float32](rows, id, len(q)), bound)
		}
		return
	}
	if len(ids) > 0 {
		half := firstHalf(len(q))
		l1ManyBound(&q[0], len(q), rows.Base, rows.Stride, &ids[0], len(ids), ahead(4*half), &out[0], bound, half)
	}
}

// Blend sets y[i] to a·y[i] + b·x[i] for every i of y, each operation rounded to float32: the same bits on every path.
// It panics if x is shorter than y.
func Blend(y []float32, a float32, x []float32, b float32) {
	x = x[:len(y)]
	if len(y) < short || current == Go {
		blendGo(y, a, x, b)
		return
	}
	blend(&y[0], a, &x[0], b, len(y))
}

// Prefetch asks the processor to bring the cache lines of the n bytes from address at closer. It is a hint: it never faults,
// whatever the address is, and does nothing on the Go path. The address is no pointer: what is only requested may lie
// outside of every object, and the collector ends the process where it meets a pointer that does.
func Prefetch(at uintptr, n int) {
	if n > 0 && current != Go {
		prefetch(at, n)
	}
}

// check panics, in a build with the tag "invariants", if an id is negative.
func check(rows Rows, ids []int32) {
	if !invariants.Enabled {
		return
	}
	for j, id := range ids {
		if id < 0 {
			panic(fmt.Sprintf("annoy: kernel: ids[%d] is %d, want it not negative", j, id))
		}
		if rows.Base == nil {
			panic("annoy: kernel: rows without a base")
		}
	}
}

var infinity = float32(math.Inf(1))
