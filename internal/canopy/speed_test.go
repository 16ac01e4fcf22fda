package canopy

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/annoy-go/annoy/internal/cputime"
)

// dataset is the rows of an npy file of shared data, uint8 or float16.
type dataset struct {
	dim, size int
	data      []byte
}

func (d *dataset) Len() int       { return len(d.data) / (d.dim * d.size) }
func (d *dataset) Dim() int       { return d.dim }
func (d *dataset) ID(i int) int64 { return int64(i) }

func (d *dataset) Row(i int, buf []float32) []float32 {
	buf = buf[:d.dim]
	row := d.data[i*d.dim*d.size : (i+1)*d.dim*d.size]
	if d.size == 1 {
		for j, v := range row {
			buf[j] = float32(v)
		}
		return buf
	}
	for j := range buf {
		buf[j] = halfs[binary.LittleEndian.Uint16(row[2*j:])]
	}
	return buf
}

var halfs = func() (t [1 << 16]float32) {
	for i := range t {
		exponent, fraction := i>>10&31, float64(i&1023)
		v := math.Ldexp(1+fraction/1024, exponent-15)
		if exponent == 0 {
			v = math.Ldexp(fraction/1024, -14)
		}
		if i>>15 == 1 {
			v = -v
		}
		t[i] = float32(v)
	}
	return t
}()

// loadDataset reads a file of the folder that ANNOY_DATA names.
func loadDataset(tb testing.TB, name string, dim, size int) *dataset {
	folder := os.Getenv("ANNOY_DATA")
	if folder == "" {
		tb.Skip("ANNOY_DATA does not name the folder of the shared data sets")
	}
	file, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		tb.Fatal(err)
	}
	return &dataset{dim, size, file[10+int(binary.LittleEndian.Uint16(file[8:])):]}
}

// BenchmarkBuild measures the CPU seconds of partition, codebook and codes on the shared sets.
func BenchmarkBuild(b *testing.B) {
	for _, set := range []struct {
		name, file string
		dim, size  int
		metric     Metric
	}{
		{"sift", "sift/base_u8.npy", 128, 1, Euclidean},
		{"gloss", "gloss/base_f16.npy", 384, 2, Angular},
	} {
		for _, shape := range []Shape{One4, Two8} {
			b.Run(fmt.Sprintf("%s/%v", set.name, shape), func(b *testing.B) {
				vs := loadDataset(b, set.file, set.dim, set.size)
				sp := newSpace(set.metric, set.dim)
				workers := runtime.GOMAXPROCS(0)
				for b.Loop() {
					start := cputime.Process()
					lap := func(name string) {
						now := cputime.Process()
						b.ReportMetric((now - start).Seconds(), name+"-s")
						start = now
					}
					part := mustPartition(b, vs, set.metric, PartitionParams{Leaf: shape.LeafTarget(), Spill: shape.Assignments() == 2, Seed: 1, Workers: workers})
					lap("partition")
					book := mustTrain(b, vs, sp, part, shape, workers)
					lap("codebook")
					pool := newPool(context.Background(), workers, nil)
					coders := make([]*Coder, workers)
					err := pool.chunks(vs.Len(), assignChunk, func(w, from, to int) error {
						if coders[w] == nil {
							coders[w] = NewCoder(sp, part, book)
						}
						row, coded, nibbles := make([]float32, set.dim), make([]float32, sp.coded()), make([]byte, book.M)
						for i := from; i < to; i++ {
							x := sp.item(vs.Row(i, row), coded)
							coders[w].Encode(x, 0, int(part.Own[i]), nibbles)
							if part.Spill != nil && part.Spill[i] != NoLeaf {
								coders[w].Encode(x, 0, int(part.Spill[i]), nibbles)
							}
						}
						return nil
					})
					if err != nil {
						b.Fatal(err)
					}
					lap("codes")
					b.ReportMetric(float64(part.NLeaves()), "leaves")
				}
			})
		}
	}
}
