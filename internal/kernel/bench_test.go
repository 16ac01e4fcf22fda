package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"unsafe"
)

// benchRand is the source of the benchmarks' data, the same in every run.
func benchRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// BenchmarkSingle measures one pair, in cache.
func BenchmarkSingle(b *testing.B) {
	for _, n := range []int{10, 25, 100, 128, 384, 1536} {
		r := benchRand()
		x, y := make([]float32, n), make([]float32, n)
		fill(r, x)
		fill(r, y)
		words := make([]uint64, (n+63)/64)
		for _, p := range Paths() {
			run := func(name string, f func()) {
				b.Run(fmt.Sprintf("%s/dim=%d/%v", name, n, p), func(b *testing.B) {
					defer Force(p)()
					for b.Loop() {
						f()
					}
				})
			}
			run("Dot", func() { Dot(x, y) })
			run("L2", func() { L2(x, y) })
			run("L1", func() { L1(x, y) })
			run("Hamming", func() { Hamming(words, words) })
			run("Blend", func() { Blend(x, 0.5, y, 0.5) })
		}
	}
}

// scatter is far more memory than the caches hold, of rows whose squared distances from the origin spread over a
// factor of ten, as those of a query's candidates do.
var scatter = sync.OnceValue(func() []float32 {
	r := benchRand()
	v := make([]float32, 512<<20/4)
	scale := float32(1)
	for i := range v {
		if i%500 == 0 {
			scale = 0.3 + 0.7*r.Float32()
		}
		v[i] = scale * (2*r.Float32() - 1)
	}
	return v
})

// BenchmarkMany measures ns/row of batches of 500 rows: in random places of 512 MB ("far"), as a query meets them, and
// in 256 KB ("near"), as a scan in blocks does. The rows have the stride of an .ann file's nodes.
func BenchmarkMany(b *testing.B) {
	const batch = 500
	memory := scatter()
	for _, n := range []int{128, 384} {
		q := make([]float32, n)
		for i := range q {
			q[i] = 0.01
		}
		words := make([]uint64, n/16) // as many bytes as n/2 components
		rows := Rows{Base: unsafe.Pointer(&memory[3]), Stride: uintptr(12 + 4*n)}
		out := make([]float32, batch)
		for _, place := range []struct {
			name  string
			bytes int
		}{{"far", 4 * len(memory)}, {"near", 256 << 10}} {
			count := place.bytes/int(rows.Stride) - 1
			ids := shuffledIDs(benchRand(), 2000*batch, count)
			// The bound that one row in ten passes.
			sums := make([]float32, len(ids))
			L2Many(q, rows, ids, sums)
			slices.Sort(sums)
			near := sums[len(sums)/10]
			for _, p := range Paths() {
				run := func(name string, f func(ids []int32)) {
					b.Run(fmt.Sprintf("%s/dim=%d/%s/%v", name, n, place.name, p), func(b *testing.B) {
						defer Force(p)()
						for i := 0; b.Loop(); i++ {
							f(ids[i%2000*batch:][:batch])
						}
						b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/row")
					})
				}
				run("Dot", func(ids []int32) { DotMany(q, rows, ids, out) })
				run("L2", func(ids []int32) { L2Many(q, rows, ids, out) })
				run("L1", func(ids []int32) { L1Many(q, rows, ids, out) })
				run("L2Bound", func(ids []int32) { L2ManyBound(q, rows, ids, out, near) })
				run("Hamming", func(ids []int32) {
					HammingMany(words, Rows{unsafe.Pointer(&memory[4]), rows.Stride &^ 7}, ids, out)
				})
			}
		}
	}
}
