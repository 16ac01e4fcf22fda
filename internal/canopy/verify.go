package canopy

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
)

// Verify proves the whole index: the checksum of every section, nothing between them, every centroid and leaf in its
// place, every row at home in one leaf and away in at most one other, ids and keys that lead to their rows and back. It
// reads every byte, once or twice. ctx is looked at now and then.
func (ix *Index) Verify(ctx context.Context) error { return ix.VerifyWith(ctx, nil) }

// VerifyWith is Verify that tells, each time it looks at ctx, how many of total steps are done: about one a byte, and
// one a slot and row.
func (ix *Index) VerifyWith(ctx context.Context, tell func(done, total int64)) error {
	v := &verifier{Index: ix, ctx: ctx, tell: tell}
	v.total = int64(len(ix.data)) + int64(ix.head.slots) + int64(ix.N)
	for _, part := range v.parts() {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// parts is what is proved, one after the other; the first one alone compares checksums.
func (v *verifier) parts() []func() error {
	return []func() error{v.sections, v.header, v.numbers, v.axes, v.tops, v.leaves, v.rows, v.idTables, v.keyTables}
}

type verifier struct {
	*Index
	ctx         context.Context
	tell        func(done, total int64)
	done, total int64
	away        []uint64 // rows with a second leaf, as bits
	real        uint64   // leaves that are no padding
}

// verifyStep is how many steps, or bytes, pass between two looks at the context.
const verifyStep = 1 << 20

// step counts.
func (v *verifier) step(n int) error {
	before := v.done
	v.done += int64(n)
	if before/verifyStep == v.done/verifyStep {
		return nil
	}
	if v.tell != nil {
		v.tell(v.done, v.total)
	}
	return v.ctx.Err()
}

// sections compares the checksums, and finds what lies between sections, which no checksum covers.
func (v *verifier) sections() error {
	if err := v.ctx.Err(); err != nil {
		return err
	}
	end := uint64(v.head.bytes)
	for i := range v.table {
		e := &v.table[i]
		if err := v.zeros(end, e.offset); err != nil {
			return err
		}
		end = e.offset + e.bytes
		var crc uint32
		for b := v.data[e.offset:end]; len(b) > 0; {
			n := min(len(b), verifyStep)
			crc = crc32.Update(crc, castagnoli, b[:n])
			b = b[n:]
			if err := v.step(n); err != nil {
				return err
			}
		}
		if crc != e.crc {
			return corruptAt(int64(e.offset), "%v: checksum %08x, its bytes have %08x", e.kind, e.crc, crc)
		}
	}
	return v.zeros(end, v.head.size)
}

func (v *verifier) zeros(from, to uint64) error {
	for i, b := range v.data[from:to] {
		if b != 0 {
			return corruptAt(int64(from)+int64(i), "%#02x between two sections, want 0", b)
		}
	}
	return nil
}

// numbers asks that what is computed with is finite.
func (v *verifier) numbers() error {
	for _, all := range [][]float32{v.Mean, v.Codebook, v.Center, v.AxisScale} {
		for i, x := range all {
			if !finite32(x) {
				return corruptAt(v.offset(unsafe.Pointer(&all[i])), "%v is not a finite number", x)
			}
		}
	}
	for i := range v.Moments {
		m := &v.Moments[i]
		padding := v.Leaves[i] == Leaf{}
		for _, x := range []float32{m.Square, m.SquareVar, m.Along} {
			if !(x >= 0 && x <= math.MaxFloat32) || padding && x != 0 {
				return corruptAt(v.offset(unsafe.Pointer(m)), "leaf %d has the moments %v", i, *m)
			}
		}
	}
	return nil
}

// place sums the int8 components, dim of them, that groups hold at a place, and tells whether any is not 0.
func (v *verifier) place(groups []int8, dim, place int) (sum int32, any bool, err error) {
	dim4 := (dim + 3) &^ 3
	of := groups[place/group*group*dim4:][:group*dim4]
	for d := range dim4 {
		c := of[d/4*4*group+place%group*4+d%4]
		sum += int32(c)
		any = any || c != 0
		if d >= dim && c != 0 {
			return 0, any, corruptAt(v.offset(unsafe.Pointer(&of[0])), "component %d of %d is %d", d, dim, c)
		}
	}
	return sum, any, nil
}

// centroid tells whether a place of a routing table holds one, and whether it is well formed.
func (v *verifier) centroid(groups []int8, norms []float32, bias []int32, place int) (padding bool, err error) {
	sum, any, err := v.place(groups, v.Coded, place)
	if err != nil {
		return false, err
	}
	norm := norms[place]
	padding = math.IsInf(float64(norm), 1)
	if bias[place] != 128*sum || !padding && !(norm >= 0) || padding && any {
		return false, corruptAt(v.offset(unsafe.Pointer(&norms[place])), "a centroid of squared norm %v, bias %d, whose components sum to %d", norm, bias[place], sum)
	}
	if !padding && !v.norm(groups, norm, place) {
		return false, corruptAt(v.offset(unsafe.Pointer(&norms[place])), "a centroid of squared norm %v, which its components have not", norm)
	}
	return padding, nil
}

// tops proves the upper level: centroids, then padding, and children that follow each other.
func (v *verifier) tops() error {
	for t := range v.TopNorm {
		padding, err := v.centroid(v.TopGroups, v.TopNorm, v.TopBias, t)
		if err != nil {
			return err
		}
		if padding != (t >= v.NTops) {
			return corruptAt(v.offset(unsafe.Pointer(&v.TopNorm[t])), "top %d of %d: squared norm %v", t, v.NTops, v.TopNorm[t])
		}
	}
	last := uint32(0)
	for t := range uint32(v.NTops) {
		first, end, err := v.Children(t)
		if err != nil {
			return err
		}
		if first != last || end == first {
			return v.corruptTop(t, first, end)
		}
		last = end
		for l := first; l < end; l++ {
			padding, err := v.centroid(v.LeafGroups, v.LeafNorm, v.LeafBias, int(l))
			if err != nil {
				return err
			}
			if empty := v.Leaves[l] == (Leaf{}); padding != empty || padding && l == first {
				return v.corruptLeaf(l, v.Leaves[l])
			}
			if padding && l+group < end || !padding && l > first && math.IsInf(float64(v.LeafNorm[l-1]), 1) {
				return corruptAt(v.offset(unsafe.Pointer(&v.LeafNorm[l])), "leaf %d of %d to %d: squared norm %v", l, first, end, v.LeafNorm[l])
			}
			if !padding {
				v.real++
			}
		}
	}
	if int(last) != len(v.Leaves) || int(v.TopFirst[v.NTops]) != len(v.Leaves) {
		return corruptAt(-1, "the tops have %d leaf numbers of %d", last, len(v.Leaves))
	}
	return nil
}

// leaves proves the directory: blocks and rows that follow each other without a gap or an overlap, and the slots of
// each.
func (v *verifier) leaves() error {
	v.away = make([]uint64, (v.N+63)/64)
	var blocks, rows, slots uint64
	for l := range uint32(len(v.Leaves)) {
		leaf, err := v.Leaf(l)
		if err != nil {
			return err
		}
		if leaf == (Leaf{}) {
			continue
		}
		if uint64(leaf.FirstBlock) != blocks || uint64(leaf.FirstRow) != rows || leaf.Slots == 0 {
			return corruptAt(v.offset(unsafe.Pointer(&v.Leaves[l])), "leaf %d begins at block %d and row %d, the one before ended at %d and %d",
				l, leaf.FirstBlock, leaf.FirstRow, blocks, rows)
		}
		blocks, rows, slots = blocks+uint64(leaf.Blocks()), rows+uint64(leaf.Own), slots+uint64(leaf.Slots)
		if err := v.leaf(l, leaf); err != nil {
			return err
		}
		if err := v.step(int(leaf.Slots)); err != nil {
			return err
		}
	}
	h := &v.head
	if blocks != h.blocks || rows != h.rows || slots != h.slots || v.real != uint64(h.leaves) {
		return corruptAt(-1, "%d leaves of %d blocks, %d rows and %d slots; the header has %d of %d, %d and %d",
			v.real, blocks, rows, slots, h.leaves, h.blocks, h.rows, h.slots)
	}
	return nil
}

// leaf proves the slots of a leaf: its own rows in order, then rows at home elsewhere that are nowhere else away, then
// padding that no search can return.
func (v *verifier) leaf(l uint32, leaf Leaf) error {
	codes := v.LeafBlocks(leaf)
	size := kernel.BlockBytes(v.M)
	for i := range leaf.Blocks() * kernel.BlockSlots {
		s := uint32(i)
		block := codes[int(s/kernel.BlockSlots)*size:][:size]
		factors := binary.LittleEndian.Uint32(block[16*v.M+int(s%kernel.BlockSlots)*4:])
		fadd, fresc := math.Float32frombits(factors&0xffff0000), math.Float32frombits(factors<<16)
		at := v.offset(unsafe.Pointer(&block[0]))
		if s >= leaf.Slots && (factors != inert || !v.blank(block, int(s%kernel.BlockSlots))) {
			return corruptAt(at, "leaf %d: padding slot %d has a code, or the factors %v and %v", l, s, fadd, fresc)
		}
		if s < leaf.Slots && (!finite32(fadd) || !finite32(fresc) || fresc > 0) {
			return corruptAt(at, "leaf %d: slot %d has the factors %v and %v", l, s, fadd, fresc)
		}
		if v.SlotRow == nil {
			continue
		}
		slot := leaf.FirstBlock*kernel.BlockSlots + s
		if row := v.SlotRow[slot]; !v.slotRow(leaf, s, row) {
			return corruptAt(v.offset(unsafe.Pointer(&v.SlotRow[slot])), "leaf %d: slot %d has row %d", l, s, row)
		}
	}
	return nil
}

// blank tells whether all nibbles of a block's slot are 0.
func (v *verifier) blank(block []byte, s int) bool {
	for j := range v.M {
		if at, shift := kernel.NibbleAt(j, s); block[at]>>shift&15 != 0 {
			return false
		}
	}
	return true
}

// slotRow tells whether slot s of a leaf may have the row, and marks those that are away.
func (v *verifier) slotRow(leaf Leaf, s, row uint32) bool {
	switch {
	case s < leaf.Own:
		return row == leaf.FirstRow+s
	case s >= leaf.Slots:
		return row == NoRow
	case uint64(row) >= uint64(v.N) || row-leaf.FirstRow < leaf.Own: // modulo 2³²: a row before the leaf's is far behind
		return false
	}
	bit := uint64(1) << (row % 64)
	if v.away[row/64]&bit != 0 {
		return false
	}
	v.away[row/64] |= bit
	return true
}

// idTables proves the two tables of ids the inverse of each other, and so the ids distinct.
func (v *verifier) idTables() error {
	if direct := v.ids.direct; direct != nil {
		rows := 0
		for id, row := range direct {
			if row == NoRow {
				continue
			}
			if uint64(row) >= uint64(v.N) || v.RowID(row) != int64(id) {
				return v.corruptDirect(int64(id), row)
			}
			rows++
		}
		if rows != v.N { // each row has one id, so that no two of the entries have the same row
			return corruptAt(v.offset(unsafe.Pointer(unsafe.SliceData(direct))), "%d ids lead to %d rows", rows, v.N)
		}
		return nil
	}
	last := int64(0)
	for i, row := range v.ids.order {
		if uint64(row) >= uint64(v.N) {
			return v.corruptOrder(i, row)
		}
		id := v.RowID(row) // kept: under a mapping, what was checked may have changed when it is read again
		if i > 0 && last >= id {
			return v.corruptOrder(i, row)
		}
		last = id
	}
	return nil
}

// keyTables proves that the keys fill their bytes, ascend, and are as many as the rows that have one.
func (v *verifier) keyTables() error {
	if !v.HasKeys() {
		return nil
	}
	at, named := 0, 0
	for row := range uint32(v.N) {
		key, err := v.key(row)
		if err != nil {
			return err
		}
		// Where the first begins shows in where the last ends.
		if at += len(key); key != "" {
			named++
		}
	}
	if at != len(v.keys.bytes) || named != len(v.keys.order) {
		return corruptAt(-1, "%d keys of %d bytes, the sections have %d of %d", named, at, len(v.keys.order), len(v.keys.bytes))
	}
	last := ""
	for i, row := range v.keys.order {
		if uint64(row) >= uint64(v.N) {
			return corruptAt(v.offset(unsafe.Pointer(&v.keys.order[i])), "row %d of %d is in the order of keys", row, v.N)
		}
		key, err := v.key(row)
		if err != nil {
			return err
		}
		if key <= last {
			return corruptAt(v.offset(unsafe.Pointer(&v.keys.order[i])), "key %q is after %q", key, last)
		}
		last = key
	}
	return nil
}
