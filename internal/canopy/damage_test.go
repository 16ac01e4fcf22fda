package canopy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/format"
	"github.com/annoy-go/annoy/internal/kernel"
)

// atMultipleOf8 is data where a reader may find it.
func atMultipleOf8(data []byte) []byte { return append(aligned(len(data))[:0], data...) }

// reseal makes the header's checksum right again, so that what it says is what is tested.
func reseal(data []byte) {
	if len(data) >= headerBytes {
		if n := binary.LittleEndian.Uint32(data[12:]); n >= headerBytes && uint64(n) <= uint64(len(data)) {
			seal(data[:n])
		}
	}
}

func refused(err error) bool {
	return errors.Is(err, format.ErrCorrupt) || errors.Is(err, format.ErrVersion)
}

// walk asks an index all that can be asked. Any bytes may give an error, or wrong answers; ids and rows must be ones
// that there are.
func walk(t *testing.T, ix *Index) {
	t.Helper()
	ask := func(err error) bool {
		if err != nil && !refused(err) {
			t.Errorf("error %v", err)
		}
		return err == nil
	}
	ask(ix.Verify(t.Context()))
	for top := range uint32(ix.NTops) {
		first, end, err := ix.Children(top)
		if !ask(err) {
			continue
		}
		for l := first; l < end; l++ {
			if leaf, err := ix.Leaf(l); ask(err) {
				_ = ix.LeafBlocks(leaf)
			}
		}
	}
	for row := range uint32(min(ix.N, 50)) {
		k, err := ix.Key(row)
		ask(err)
		if r, ok, err := ix.Lookup(k); ask(err) && ok && int(r) >= ix.N {
			t.Errorf("key %q is of row %d of %d", k, r, ix.N)
		}
		if r, ok, err := ix.FindRow(ix.RowID(row)); ask(err) && ok && ix.RowID(r) != ix.RowID(row) {
			t.Errorf("id %d is of row %d, whose id is %d", ix.RowID(row), r, ix.RowID(r))
		}
	}
	_, err := ix.Calibration()
	ask(err)
	ix.Sections()
	if ix.Dim > 1<<12 {
		return
	}
	s := new(Searcher)
	for _, q := range []Query{
		{K: 10, Effort: Effort{Probes: 2, Z: 1}},
		{K: 3, Effort: Effort{Probes: 1000, Tops: 1000, Z: 3}, Exclude: []int64{0, 1}},
		{K: 5, Exact: true},
		{K: 10, Effort: Effort{Probes: 3, Z: 1}, Fixed: &FixedRerank{Rows: 20, More: 20}},
		{K: 10, Effort: Effort{Probes: 1000, Tops: 1000, Z: 3}, Fixed: &FixedRerank{Rows: 1000, From: bytes.NewReader(ix.data), Offset: ix.RowsAt()}},
	} {
		q.Vec = normal(1, ix.Dim, 3).rows
		hits, err := s.Search(ix, &q)
		ask(err)
		for _, h := range hits {
			if int(h.Row) >= ix.N {
				t.Errorf("hit of row %d of %d", h.Row, ix.N)
			}
		}
	}
}

// Every byte of the header, changed, is noticed; and with a checksum that fits, does no harm.
func TestDamagedHeader(t *testing.T) {
	for _, f := range fixtures[2:5] {
		good := assemble(t, f.assembly(t))
		header := int(binary.LittleEndian.Uint32(good[12:]))
		data := atMultipleOf8(good)
		for at := range header {
			bit := byte(1) << (at % 8)
			data[at] ^= bit
			if _, err := Open(data); !refused(err) {
				t.Errorf("byte %d changed by %#x: %v", at, bit, err)
			}
			reseal(data)
			if ix, err := Open(data); err == nil {
				walk(t, ix)
			} else if !refused(err) {
				t.Errorf("byte %d changed by %#x and resealed: %v", at, bit, err)
			}
			copy(data, good[:header])
		}
	}
}

// Each field that decides about sizes, at its limits.
func TestDamagedFields(t *testing.T) {
	good := assemble(t, fixtures[0].assembly(t))
	for at := 32; at < 128; at += 4 {
		for _, v := range []uint32{0, 1, 15, 16, 17, 1<<24 + 1, 1 << 27, 1<<31 - 1, 1 << 31, math.MaxUint32 - 1, math.MaxUint32} {
			data := atMultipleOf8(good)
			binary.LittleEndian.PutUint32(data[at:], v)
			reseal(data)
			if ix, err := Open(data); err == nil {
				walk(t, ix)
			} else if !refused(err) {
				t.Errorf("%d at %d: %v", v, at, err)
			}
		}
	}
	sections := int(binary.LittleEndian.Uint32(good[24:]))
	for i := range sections {
		for _, field := range []int{8, 16} {
			at := headerBytes + i*entryBytes + field
			for _, v := range []uint64{0, 64, uint64(len(good)), 1 << 32, 1 << 63, math.MaxUint64 - 63, math.MaxUint64} {
				data := atMultipleOf8(good)
				binary.LittleEndian.PutUint64(data[at:], v)
				reseal(data)
				if ix, err := Open(data); err == nil {
					walk(t, ix)
				} else if !refused(err) {
					t.Errorf("section %d: %d at %d: %v", i, v, at, err)
				}
			}
		}
	}
}

// A file cut short, or with something behind it, does not open; nor does one whose size was adapted to the cut.
func TestDamagedLength(t *testing.T) {
	good := assemble(t, fixtures[0].assembly(t))
	cuts := []int{0, 1, 7, 8, headerBytes - 1, headerBytes, len(good) - 1}
	for _, s := range mustOpen(t, good).Sections() {
		for _, at := range []int64{s.Offset, s.Offset + s.Bytes} {
			cuts = append(cuts, int(at)-1, int(at), int(at)+1)
		}
	}
	for _, n := range cuts {
		if n >= len(good) {
			continue
		}
		data := atMultipleOf8(good[:n])
		if _, err := Open(data); !errors.Is(err, format.ErrCorrupt) {
			t.Errorf("%d bytes of %d: %v", n, len(good), err)
		}
		if n >= headerBytes {
			binary.LittleEndian.PutUint64(data[16:], uint64(n))
			reseal(data)
			if _, err := Open(data); !errors.Is(err, format.ErrCorrupt) {
				t.Errorf("%d bytes of %d, as the header says: %v", n, len(good), err)
			}
		}
	}
	if _, err := Open(atMultipleOf8(append(slices.Clone(good), 0))); !errors.Is(err, format.ErrCorrupt) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, err := Open(append(aligned(len(good) + 8)[:1], good...)[1:]); err == nil || refused(err) {
		t.Errorf("at an odd address: %v", err)
	}
}

// Any byte behind the header that changes is named by Verify, and nothing that is asked of the index breaks.
func TestDamagedAnywhere(t *testing.T) {
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, f := range fixtures {
		good := assemble(t, f.assembly(t))
		header := int(binary.LittleEndian.Uint32(good[12:]))
		rounds := 40
		if testing.Short() {
			rounds = 8
		}
		for range rounds {
			data := atMultipleOf8(good)
			var ats []int
			for range 1 + rng.IntN(20) {
				at := header + rng.IntN(len(good)-header)
				data[at] ^= byte(1 + rng.IntN(255))
				ats = append(ats, at)
			}
			ix := mustOpen(t, data)
			if err := ix.Verify(t.Context()); !errors.Is(err, format.ErrCorrupt) {
				t.Errorf("%v, seed %d, bytes %d changed: %v", f, seed, ats, err)
			}
			walk(t, ix)
		}
	}
}

// damage changes the numbers of one section and makes its checksum right again: only their meaning is wrong.
func damage[T any](data []byte, k kind, do func([]T)) *Index {
	data = atMultipleOf8(data)
	ix, err := Open(data)
	if err != nil {
		panic(err)
	}
	for i := range ix.table {
		if e := &ix.table[i]; e.kind == k {
			b := data[e.offset:][:e.bytes]
			do(cast[T](b))
			e.crc = crc32.Checksum(b, castagnoli)
		}
	}
	copy(data, ix.head.encode(ix.table))
	return ix
}

// What checksums do not notice Verify does: every rule of the format, broken alone.
func TestVerifyNamesEveryRule(t *testing.T) {
	two := assemble(t, fixtures[0].assembly(t))
	one := assemble(t, fixtures[1].assembly(t))
	ix := mustOpen(t, two)
	padded := slices.IndexFunc(ix.Leaves, func(l Leaf) bool { return l.Slots%kernel.BlockSlots != 0 && l.Own < l.Slots })
	leaf, size := ix.Leaves[padded], kernel.BlockBytes(ix.M)
	first := leaf.FirstBlock * kernel.BlockSlots
	factor := func(slot uint32) int {
		return int(slot/kernel.BlockSlots)*size + 16*ix.M + int(slot%kernel.BlockSlots)*4
	}
	nan := float32(math.NaN())
	for what, damaged := range map[string]*Index{
		"mean":                  damage(two, kindMean, func(x []float32) { x[3] = nan }),
		"codeword":              damage(two, kindCodebook, func(x []float32) { x[30] = float32(math.Inf(-1)) }),
		"top norm":              damage(two, kindTopNorms, func(x []float32) { x[0] = nan }),
		"negative norm":         damage(two, kindLeafNorms, func(x []float32) { x[0] = -1 }),
		"top that is padding":   damage(two, kindTopNorms, func(x []float32) { x[0] = float32(math.Inf(1)) }),
		"padding that is a top": damage(two, kindTopNorms, func(x []float32) { x[len(x)-1] = 1 }),
		"top bias":              damage(two, kindTopBias, func(x []int32) { x[0]++ }),
		"leaf bias":             damage(two, kindLeafBias, func(x []int32) { x[0]++ }),
		"leaf centroid":         damage(two, kindLeafGroups, func(x []int8) { x[0]++ }),
		"children overlap":      damage(two, kindTopFirst, func(x []uint32) { x[1] += group }),
		"children unaligned":    damage(two, kindTopFirst, func(x []uint32) { x[1]++ }),
		"first leaf":            damage(two, kindTopFirst, func(x []uint32) { x[0] = group }),
		"last leaf":             damage(two, kindTopFirst, func(x []uint32) { x[len(x)-1] -= group }),
		"blocks overlap":        damage(two, kindLeaves, func(x []Leaf) { x[1].FirstBlock-- }),
		"blocks beyond":         damage(two, kindLeaves, func(x []Leaf) { x[0].FirstBlock = math.MaxUint32 }),
		"rows overlap":          damage(two, kindLeaves, func(x []Leaf) { x[1].FirstRow-- }),
		"slots beyond":          damage(two, kindLeaves, func(x []Leaf) { x[0].Slots = math.MaxUint32 }),
		"fewer slots":           damage(two, kindLeaves, func(x []Leaf) { x[padded].Slots-- }),
		"more own than slots":   damage(two, kindLeaves, func(x []Leaf) { x[0].Own = x[0].Slots + 1 }),
		"own of one assignment": damage(one, kindLeaves, func(x []Leaf) { x[0].Own-- }),
		"padding leaf": damage(two, kindLeaves, func(x []Leaf) {
			x[slices.Index(x, Leaf{})].Slots = 1
		}),
		"padding slot": damage(two, kindBlocks, func(x []byte) { x[factor(first+leaf.Slots)]++ }),
		"padding nibble": damage(two, kindBlocks, func(x []byte) {
			slot := int(first + leaf.Slots)
			at, shift := kernel.NibbleAt(ix.M-1, slot%kernel.BlockSlots)
			x[slot/kernel.BlockSlots*size+at] |= 1 << shift
		}),
		"padding slot one": damage(one, kindBlocks, func(x []byte) { binary.LittleEndian.PutUint32(x[len(x)-4:], 0) }),
		"fadd":             damage(two, kindBlocks, func(x []byte) { binary.LittleEndian.PutUint32(x[factor(first):], 0x7fc0<<16) }),
		"infinite fadd":    damage(two, kindBlocks, func(x []byte) { binary.LittleEndian.PutUint32(x[factor(first):], inert) }),
		"fresc":            damage(two, kindBlocks, func(x []byte) { binary.LittleEndian.PutUint16(x[factor(first):], 0x7f80) }),
		"positive fresc":   damage(two, kindBlocks, func(x []byte) { binary.LittleEndian.PutUint16(x[factor(first):], 0x3f80) }),
		"own slot":         damage(two, kindSlotRows, func(x []uint32) { x[first]++ }),
		"row beyond":       damage(two, kindSlotRows, func(x []uint32) { x[first+leaf.Own] = uint32(ix.N) }),
		"away at home":     damage(two, kindSlotRows, func(x []uint32) { x[first+leaf.Own] = leaf.FirstRow }),
		"away twice": damage(two, kindSlotRows, func(x []uint32) {
			other := slices.IndexFunc(ix.Leaves, func(l Leaf) bool { return l.Own < l.Slots && l != leaf })
			from := ix.Leaves[other]
			for s := from.Own; s < from.Slots; s++ {
				if row := x[from.FirstBlock*kernel.BlockSlots+s]; row-leaf.FirstRow >= leaf.Own {
					x[first+leaf.Own] = row
				}
			}
		}),
		"padding's row": damage(two, kindSlotRows, func(x []uint32) { x[first+leaf.Slots] = 0 }),
		"component":     damage(two, kindRows, func(x []float32) { x[5] = nan }),
		"id twice":      damage(two, kindRowIDs, func(x []uint32) { x[1] = x[0] }),
		"wide id twice": damage(one, kindRowIDs, func(x []int64) { x[1] = x[0] }),
		"id to no row":  damage(two, kindDirect, func(x []uint32) { x[1] = NoRow }),
		"id to another": damage(two, kindDirect, func(x []uint32) { x[1] = x[2] }),
		"id beyond":     damage(two, kindDirect, func(x []uint32) { x[1] = uint32(ix.N) }),
		"order":         damage(one, kindOrder, func(x []uint32) { x[0], x[1] = x[1], x[0] }),
		"order twice":   damage(one, kindOrder, func(x []uint32) { x[0] = x[1] }),
		"order beyond":  damage(one, kindOrder, func(x []uint32) { x[0] = math.MaxUint32 }),
		"key offset":    damage(two, kindKeyOffsets, func(x []uint32) { x[7] = math.MaxUint32 }),
		"first key":     damage(two, kindKeyOffsets, func(x []uint32) { x[0]++ }),
		"last key":      damage(two, kindKeyOffsets, func(x []uint32) { x[len(x)-1]-- }),
		"key":           damage(two, kindKeyBytes, func(x []byte) { x[0] = 'a' }),
		"key order":     damage(two, kindKeyOrder, func(x []uint32) { x[0], x[1] = x[1], x[0] }),
		"key beyond":    damage(two, kindKeyOrder, func(x []uint32) { x[0] = uint32(ix.N) }),
	} {
		if err := damaged.Verify(t.Context()); !errors.Is(err, format.ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
		walk(t, damaged)
	}
	if err := damage(two, kindMean, func([]float32) {}).Verify(t.Context()); err != nil {
		t.Errorf("nothing damaged: %v", err)
	}
}

// Verify ends when its context does, at the start and on the way.
func TestVerifyEnds(t *testing.T) {
	f := fixtures[0]
	f.meta = make([]byte, 3*verifyStep)
	ix := mustOpen(t, assemble(t, f.assembly(t)))
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	err := ix.VerifyWith(ctx, func(int64, int64) {
		told++
		cancel()
	})
	if !errors.Is(err, context.Canceled) || told != 1 {
		t.Errorf("told %d times: %v", told, err)
	}
	if err := ix.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
}

// A later version may add sections: those that a search can do without are passed over.
func TestUnknownSections(t *testing.T) {
	a := fixtures[0].assembly(t)
	data := assemble(t, a)
	last := func(flags uint32) []byte {
		b := atMultipleOf8(data)
		for i := range int(binary.LittleEndian.Uint32(b[24:])) {
			e := b[headerBytes+i*entryBytes:]
			if kind(binary.LittleEndian.Uint32(e)) == kindMetadata {
				binary.LittleEndian.PutUint32(e, 999)
				binary.LittleEndian.PutUint32(e[4:], flags)
			}
		}
		reseal(b)
		return b
	}
	ix := mustOpen(t, last(0))
	if ix.Metadata() != nil || ix.Verify(t.Context()) != nil || !slices.ContainsFunc(ix.Sections(), func(s Section) bool { return s.Name == "unknown section 999" }) {
		t.Errorf("sections %v", ix.Sections())
	}
	if _, err := Open(last(flagRequired)); !errors.Is(err, format.ErrVersion) {
		t.Errorf("a required section of a later version: %v", err)
	}
	data = atMultipleOf8(data)
	binary.LittleEndian.PutUint32(data[8:], Version+1)
	if _, err := Open(data); !errors.Is(err, format.ErrVersion) {
		t.Errorf("a later version: %v", err)
	}
}
