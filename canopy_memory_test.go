package annoy_test

import (
	"io"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/annoy-go/annoy"
)

// madeRows is a source whose vectors are nowhere: around a hundred centres.
type madeRows struct{ dim, n, next int }

func (m *madeRows) Dim() int { return m.dim }
func (m *madeRows) Len() int { return m.n }

func (m *madeRows) Next(dst []float32) (int64, error) {
	if m.next == m.n {
		return 0, io.EOF
	}
	rng, centre := seeded(uint64(m.next)), seeded(uint64(m.next%100)<<32)
	for i := range dst {
		dst[i] = float32(4*centre.NormFloat64() + rng.NormFloat64())
	}
	m.next++
	return int64(m.next - 1), nil
}

// TestCanopyBuildMemory: the heap of a build to a file stays within what BuildFile says of it, what the
// collector has left included.
func TestCanopyBuildMemory(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("it takes as many vectors as are more than a build's fixed buffers")
	}
	const items, dim, workers, most = 250_000, 64, 2, 8 << 20
	// The items' numbers, two centroids for each hundred items, the workers, and MaxMemory: 36 MB of vectors of 64 MB.
	const bound = 20*items + items/100*2*4*dim + workers*10<<20 + most
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	used := func() uint64 {
		metrics.Read(heap)
		return heap[0].Value.Uint64()
	}
	runtime.GC()
	idle, peak := used(), uint64(0)
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-over:
				tick.Stop()
				return
			case <-tick.C:
				peak = max(peak, used())
			}
		}
	}()
	path := filepath.Join(t.TempDir(), "x.canopy")
	s, err := annoy.BuildFile(t.Context(), &madeRows{dim: dim, n: items}, annoy.Euclidean, path, &annoy.BuildOptions{MaxMemory: most, Workers: workers, Calibrate: 200})
	close(over)
	<-done
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB of heap, of vectors %d, of the file %d, %d are allowed", (peak-idle)/1e6, 4*items*dim/1_000_000, s.Bytes/1e6, bound/1_000_000)
	if peak < idle+most/2 {
		t.Errorf("a heap of %d bytes at most: it was not looked at", peak-idle)
	}
	if peak > idle+bound {
		t.Errorf("the heap grew by %d bytes, %d are said to be the most", peak-idle, bound)
	}
}
