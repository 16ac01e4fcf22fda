package canopy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/format"
	"github.com/annoy-go/annoy/internal/kernel"
)

// A file cannot make a search cost more than reading it a few times: leaves that each span all blocks, and tops that each have
// all leaves, are refused once more has been looked at than there is.
func TestSearchCostIsBounded(t *testing.T) {
	two := assemble(t, fixtures[0].assembly(t))
	one := assemble(t, fixtures[1].assembly(t))
	whole := func(x []Leaf, ix *Index) {
		for i := range x {
			if x[i].Slots > 0 {
				x[i] = Leaf{Slots: uint32(ix.blocks) * kernel.BlockSlots, Own: uint32(ix.N)}
				if ix.SlotRow == nil {
					x[i].Own = x[i].Slots
				}
			}
		}
	}
	plain := mustOpen(t, two)
	shared := mustOpen(t, one)
	all, half := Effort{Probes: 1000, Tops: 1000, Z: 3}, Effort{Probes: 1000, Tops: (plain.NTops + 1) / 2, Z: 3}
	none := Query{K: 10, Effort: all, Bounded: true, MaxDist: -1} // no code passes
	for _, c := range []struct {
		what    string
		ix      *Index
		queries []Query
	}{
		{"leaves of all blocks", damage(two, kindLeaves, func(x []Leaf) { whole(x, plain) }), []Query{{K: 10, Effort: all}, none}},
		{"the same, of one assignment", damage(one, kindLeaves, func(x []Leaf) {
			whole(x, shared)
			for i := range x {
				x[i].Slots = min(x[i].Slots, uint32(shared.N))
				x[i].Own = x[i].Slots
			}
		}), []Query{{K: 10, Effort: all}, none, {K: 10, Effort: all, Fixed: &FixedRerank{Rows: 20, More: 20}}}},
		{"tops of all leaves", damage(damage(two, kindTopFirst, func(x []uint32) {
			for i := range x {
				x[i] = uint32(i%2) * uint32(len(plain.Leaves))
			}
		}).data, kindTopNorms, func(x []float32) {
			for i := 1; i < plain.NTops; i += 2 { // those that end before they begin are never near
				x[i] = math.MaxFloat32
			}
		}), []Query{{K: 10, Effort: half}}},
		{"codes of padding", damage(damage(two, kindSlotRows, func(x []uint32) {
			for i, row := range x {
				if row == NoRow {
					x[i] = 0
				}
			}
		}).data, kindBlocks, func(x []byte) {
			size := kernel.BlockBytes(plain.M)
			for ; len(x) > 0; x = x[size:] {
				for s := range kernel.BlockSlots { // all pass
					binary.LittleEndian.PutUint32(x[size-4*(s+1):], 0xff00<<16)
				}
			}
		}), []Query{{K: 10, Effort: all}}},
	} {
		if c.ix.NTops < 3 {
			t.Fatalf("%d tops", c.ix.NTops)
		}
		for _, q := range c.queries {
			s := new(Searcher)
			q.Vec = normal(1, c.ix.Dim, 3).rows
			if _, err := s.Search(c.ix, &q); !errors.Is(err, format.ErrCorrupt) {
				t.Errorf("%s: %v", c.what, err)
			}
			if n := s.Touched.Blocks; n > 2*int(c.ix.blocks) {
				t.Errorf("%s: %d blocks of %d scanned", c.what, n, c.ix.blocks)
			}
			if n := s.Touched.Centroids; n > len(c.ix.TopNorm)+len(c.ix.Leaves) {
				t.Errorf("%s: %d centroids of %d compared", c.what, n, len(c.ix.TopNorm)+len(c.ix.Leaves))
			}
			if n := s.Touched.Rows; uint64(n) > c.ix.head.slots {
				t.Errorf("%s: %d rows measured of %d slots", c.what, n, c.ix.head.slots)
			}
		}
	}
}

// Of a padding slot that is not inert, in the last leaf of an index with one assignment, no row is there: an error however rows are
// read, and no end of the file without a word of damage.
func TestPaddingSlotWithoutRow(t *testing.T) {
	// The rows are not the last section: there is something to be read behind them.
	ix := damage(reordered(t, assemble(t, fixtures[1].assembly(t)), kindBlocks), kindBlocks, func(x []byte) {
		binary.LittleEndian.PutUint32(x[len(x)-4:], 0xff00<<16) // fadd is far below 0
	})
	for what, fixed := range map[string]*FixedRerank{
		"mapped":           nil,
		"cold":             {Rows: 20, From: bytes.NewReader(ix.data), Offset: ix.RowsAt()},
		"cold, rows last":  {Rows: 20, From: bytes.NewReader(ix.Rows)},
		"a fixed number":   {Rows: 20},
		"cold, much later": {Rows: ix.N, More: ix.N, From: bytes.NewReader(ix.Rows)},
	} {
		q := &Query{Vec: normal(1, ix.Dim, 3).rows, K: 10, Effort: Effort{Probes: 1000, Tops: 1000, Z: 3}, Fixed: fixed}
		if _, err := new(Searcher).Search(ix, q); !errors.Is(err, format.ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	sound := mustOpen(t, assemble(t, fixtures[1].assembly(t)))
	q := &Query{Vec: normal(1, ix.Dim, 3).rows, K: 10, Effort: Effort{Probes: 3}, Fixed: &FixedRerank{From: bytes.NewReader(sound.Rows[:ix.RowStride])}}
	if _, err := new(Searcher).Search(sound, q); !errors.Is(err, format.ErrCorrupt) {
		t.Errorf("a file cut short: %v", err)
	}
}

// More blocks than codes can fill do not open: a search would measure a row for each of their slots.
func TestTooManyBlocks(t *testing.T) {
	ix := mustOpen(t, assemble(t, fixtures[4].assembly(t)))
	h := ix.head
	h.blocks += 100
	data := rewritten(t, ix, h, slices.Clone(ix.table), func(k kind, b []byte) []byte {
		if k == kindBlocks {
			b = append(b, make([]byte, 100*kernel.BlockBytes(ix.M))...)
		}
		return b
	})
	if _, err := Open(data); !errors.Is(err, format.ErrCorrupt) {
		t.Errorf("opened: %v", err)
	}
}
