//go:build !race

package canopy

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// TestRewrittenWhileRead: bytes that change between two looks at them give errors, or answers of rows that there are. The races
// are the point: the race detector, which would only find them, has a build without this file.
func TestRewrittenWhileRead(t *testing.T) {
	const seed = 17
	t.Logf("seed %d", seed)
	for i, f := range fixtures[:4] {
		data := assemble(t, f.assembly(t))
		ix := mustOpen(t, data)
		var stop atomic.Bool
		var writing sync.WaitGroup
		writing.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			values := []uint32{0, 1, math.MaxUint32, 1 << 31, math.MaxInt32, uint32(ix.N), uint32(len(ix.Leaves)), 1 << 20}
			for !stop.Load() {
				e := ix.table[rng.IntN(len(ix.table))]
				if e.bytes < 4 {
					continue
				}
				at := e.offset + 4*uint64(rng.IntN(int(e.bytes/4)))
				old, bad := binary.LittleEndian.Uint32(data[at:]), values[rng.IntN(len(values))]
				word := (*uint32)(unsafe.Pointer(&data[at]))
				for range 2000 {
					atomic.StoreUint32(word, bad)
					atomic.StoreUint32(word, old)
				}
				runtime.Gosched() // WebAssembly has one thread, which nobody is taken from
			}
		})
		for deadline := time.Now().Add(300 * time.Millisecond); time.Now().Before(deadline); {
			// Part by part, each many times: nearly always, the checksums would end the whole.
			v := &verifier{Index: ix, ctx: t.Context(), away: make([]uint64, ix.N/64+1)}
			for _, part := range v.parts() {
				for end := time.Now().Add(time.Millisecond); time.Now().Before(end); {
					if err := part(); err != nil && !refused(err) {
						t.Error(err)
					}
				}
			}
			walk(t, ix)
		}
		stop.Store(true)
		writing.Wait()
	}
}
