package kernel

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"unsafe"
)

// scanMemory is 512 MB that make blocks of any number of nibbles: every word is of two bfloat16 of usual magnitudes. It
// repeats itself, which no cache knows.
var scanMemory = sync.OnceValue(func() []byte {
	r := benchRand()
	memory := make([]byte, 512<<20+64)
	memory = memory[-uintptr(unsafe.Pointer(&memory[0]))&63:][:512<<20]
	const pattern = 1<<20 + 64
	for i := 0; i < pattern; i += 4 {
		binary.LittleEndian.PutUint32(memory[i:], r.Uint32()&^0x40004000|0x20002000)
	}
	for i := pattern; i < len(memory); {
		i += copy(memory[i:], memory[:i])
	}
	return memory
})

// BenchmarkScan measures ns/block of leaves of 8 blocks, of which one slot in a hundred passes: in 400 KB ("near") and
// in random places of 512 MB ("far"), with the next leaf requested ahead as a query does.
func BenchmarkScan(b *testing.B) {
	const blocks = 8
	r := benchRand()
	memory := scanMemory()
	for _, m := range []int{32, 48, 96} {
		table := make([]byte, 16*m)
		for i := range table {
			table[i] = byte(r.IntN(256))
		}
		size := blocks * BlockBytes(m)
		bounds, slots := make([]float32, BlockSlots*blocks+16), make([]uint32, BlockSlots*blocks+16)
		var sample []float32
		for i := range 100 {
			n := Scan(table, m, memory[i*size:][:size], &ScanParams{Unit: 1, Threshold: infinity}, bounds, slots)
			sample = append(sample, bounds[:n]...)
		}
		p := &ScanParams{Unit: 1, Threshold: Threshold(sample, len(sample)/100, 0)}
		for _, place := range []struct {
			name  string
			bytes int
		}{{"near", 400 << 10}, {"far", len(memory)}} {
			leaves := r.Perm(place.bytes / size)
			for _, path := range Paths() {
				b.Run(fmt.Sprintf("m=%d/%s/%v", m, place.name, path), func(b *testing.B) {
					defer Force(path)()
					for i := 0; b.Loop(); i++ {
						if i+1 == len(leaves) {
							i = 0
						}
						p.Ahead = uintptr(unsafe.Pointer(&memory[leaves[i+1]*size]))
						Scan(table, m, memory[leaves[i]*size:][:size], p, bounds, slots)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*blocks), "ns/block")
				})
			}
		}
	}
}

// BenchmarkTable measures the table of one query.
func BenchmarkTable(b *testing.B) {
	r := benchRand()
	for _, shape := range [][2]int{{32, 4}, {16, 8}, {48, 8}, {96, 4}} {
		m, dims := shape[0], shape[1]
		q, codebook := make([]float32, m*dims), make([]float32, m*dims*16)
		fill(r, q)
		fill(r, codebook)
		scratch, table := make([]float32, 16*m), make([]byte, 16*m)
		for _, path := range Paths() {
			b.Run(fmt.Sprintf("m=%d/dims=%d/%v", m, dims, path), func(b *testing.B) {
				defer Force(path)()
				for b.Loop() {
					Table(q, codebook, m, dims, scratch, table)
				}
			})
		}
	}
}

// BenchmarkRoute measures ns/group of calls for five groups, as the leaves of a top are, in 1 MB of centroids, and the
// rounding of a query.
func BenchmarkRoute(b *testing.B) {
	const groups = 5
	r := benchRand()
	comps := make([]int8, 1<<20)
	for i := range comps {
		comps[i] = int8(r.IntN(255) - 127)
	}
	for _, dim := range []int{128, 384} {
		x, q8 := make([]float32, dim), make([]uint8, dim)
		fill(r, x)
		norms, bias, out := make([]float32, groups*RouteGroup), make([]int32, groups*RouteGroup), make([]float32, groups*RouteGroup)
		size := groups * RouteGroup * dim
		calls := r.Perm(len(comps) / size)
		for _, path := range Paths() {
			b.Run(fmt.Sprintf("RouteMany/dim=%d/%v", dim, path), func(b *testing.B) {
				defer Force(path)()
				for i := 0; b.Loop(); i++ {
					RouteMany(q8, comps[calls[i%len(calls)]*size:][:size], norms, bias, RouteParams{1, 1e-4}, out)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*groups), "ns/group")
			})
			b.Run(fmt.Sprintf("Quantize8/dim=%d/%v", dim, path), func(b *testing.B) {
				defer Force(path)()
				for b.Loop() {
					Quantize8(x, 40, q8)
				}
			})
		}
	}
}

// BenchmarkChoose measures how a query picks leaves and rows to rerank: a number of the smallest of some values, other
// values each time, distributed as squared distances are.
func BenchmarkChoose(b *testing.B) {
	r := benchRand()
	for _, shape := range [][3]int{{96, 12, 1}, {200, 48, 12}, {1000, 60, 4}, {4096, 60, 4}} {
		n, want, excess := shape[0], shape[1], shape[2]
		lists, thresholds := make([][]float32, 64), make([]float32, 64)
		for i := range lists {
			lists[i] = make([]float32, n)
			for j := range lists[i] {
				for range 20 {
					x := float32(r.NormFloat64())
					lists[i][j] += x * x
				}
			}
			thresholds[i] = Threshold(lists[i], want, excess)
		}
		out, id := make([]float32, n+16), make([]uint32, n+16)
		for _, path := range Paths() {
			name := fmt.Sprintf("%d of %d/%v", want, n, path)
			b.Run("Threshold/"+name, func(b *testing.B) {
				defer Force(path)()
				for i := 0; b.Loop(); i++ {
					Threshold(lists[i%64], want, excess)
				}
			})
			b.Run("Below/"+name, func(b *testing.B) {
				defer Force(path)()
				for i := 0; b.Loop(); i++ {
					Below(lists[i%64], nil, thresholds[i%64], out, id)
				}
			})
		}
	}
}
