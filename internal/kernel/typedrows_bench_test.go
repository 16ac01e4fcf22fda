package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// BenchmarkTypedRows measures ns/row of batches of 64 rows, as reranking has them: in random places of 512 MB ("far"),
// requested 16 ahead, and in 256 KB ("near"), not requested.
func BenchmarkTypedRows(b *testing.B) {
	const batch, batches = 64, 16000
	memory := scatter()
	out, norms := make([]float32, batch), make([]float32, batch)
	for _, n := range []int{128, 384} {
		q := make([]float32, n)
		fill(benchRand(), q)
		for _, e := range elements {
			rows := Rows{Base: unsafe.Pointer(&memory[0]), Stride: uintptr(n * e.Size())}
			for _, place := range []struct {
				name         string
				bytes, ahead int
			}{{"far", 4 * len(memory), 16}, {"near", 256 << 10, 0}} {
				ids := make([]uint32, batches*batch)
				r := rand.New(rand.NewPCG(3, 4))
				for i := range ids {
					ids[i] = uint32(r.IntN(place.bytes / int(rows.Stride)))
				}
				for _, p := range Paths() {
					run := func(name string, f func(ids []uint32)) {
						b.Run(fmt.Sprintf("%s/dim=%d/%v/%s/%v", name, n, e, place.name, p), func(b *testing.B) {
							defer Force(p)()
							for i := 0; b.Loop(); i++ {
								f(ids[i%batches*batch:][:batch])
							}
							b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/row")
						})
					}
					run("L2", func(ids []uint32) { L2Rows(e, q, rows, ids, place.ahead, out) })
					run("Dot", func(ids []uint32) { DotRows(e, q, rows, ids, place.ahead, out) })
					run("L1", func(ids []uint32) { L1Rows(e, q, rows, ids, place.ahead, out) })
					run("DotNorm", func(ids []uint32) { DotNormRows(e, q, rows, ids, place.ahead, out, norms) })
				}
			}
		}
	}
}
