package canopy

import (
	"hash/crc32"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// reordered is a file with its sections in another order, as the format allows: those of the kinds last, in that order.
func reordered(t testing.TB, data []byte, last ...kind) []byte {
	t.Helper()
	ix := mustOpen(t, data)
	table := slices.Clone(ix.table)
	slices.SortStableFunc(table, func(a, b entry) int {
		return slices.Index(last, a.kind) - slices.Index(last, b.kind)
	})
	return rewritten(t, ix, ix.head, table, nil)
}

// rewritten is the file of a header and the sections of an index, in the order of the table, each as do leaves it; nil: as it is.
// All checksums are right.
func rewritten(t testing.TB, ix *Index, h header, table []entry, do func(k kind, b []byte) []byte) []byte {
	t.Helper()
	end := uint64(headerBytes + len(table)*entryBytes)
	out := make([]byte, end)
	for i := range table {
		e := &table[i]
		b := slices.Clone(ix.data[e.offset:][:e.bytes])
		if do != nil {
			b = do(e.kind, b)
		}
		end = (end + alignment - 1) &^ (alignment - 1)
		out = append(out, make([]byte, int(end)-len(out))...)
		out = append(out, b...)
		e.offset, e.bytes, e.crc = end, uint64(len(b)), crc32.Checksum(b, castagnoli)
		end += e.bytes
	}
	h.size = end
	copy(out, h.encode(table))
	return atMultipleOf8(out)
}

// A leaf of more blocks than are scanned in one call, codes that end where the memory ends: whatever is requested ahead, no
// pointer leaves the codes, or the collector ends the process.
func TestRequestsKeepWithinMemory(t *testing.T) {
	if runtime.GOARCH == "wasm" {
		t.Skip("nothing is requested ahead there, and one thread takes minutes")
	}
	m := normal(20_400, 4, 5)
	for i := range m.rows { // three points: no partition divides equal vectors, and the first one's leaf has 625 blocks
		m.rows[i] = float32(max(0, i/4-19_800)/200) * float32(i%4)
	}
	data := reordered(t, assemble(t, fixture{metric: Euclidean, dim: 4, shape: One4, id: count}.assemblyOf(t, m)), kindBlocks)
	if err := mustOpen(t, data).Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Of the memory behind the codes there is some that was in use and no longer is: what a pointer must not lead to.
	var around [9][]byte
	for i := range around {
		around[i] = atMultipleOf8(data)
	}
	ix := mustOpen(t, around[4])
	clear(around[:])
	var leaves []Leaf
	for _, leaf := range ix.Leaves {
		if leaf.Slots > 0 {
			leaves = append(leaves, leaf)
		}
	}
	if len(leaves) != 1+ahead || leaves[0].Blocks() <= 2*chunk || leaves[ahead].Blocks() >= chunk {
		t.Fatalf("leaves %+v", leaves)
	}
	var stop atomic.Bool
	var searching sync.WaitGroup
	for range 2 {
		searching.Go(func() {
			s := new(Searcher)
			for !stop.Load() {
				if _, err := s.Search(ix, &Query{Vec: make([]float32, 4), K: 10, Effort: Effort{Probes: len(leaves)}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 15 {
		runtime.GC()
	}
	stop.Store(true)
	searching.Wait()
}
