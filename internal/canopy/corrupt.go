package canopy

import (
	"fmt"
	"unsafe"

	"github.com/annoy-go/annoy/internal/format"
)

// offset is where in the file the address p lies.
func (ix *Index) offset(p unsafe.Pointer) int64 {
	return int64(uintptr(p) - uintptr(unsafe.Pointer(unsafe.SliceData(ix.data))))
}

func corruptAt(offset int64, reason string, args ...any) error {
	return &format.CorruptError{Offset: offset, Reason: fmt.Sprintf(reason, args...)}
}

func (ix *Index) corruptLeaf(l uint32, leaf Leaf) error {
	return corruptAt(ix.offset(unsafe.Pointer(&ix.Leaves[l])), "leaf %d: %d slots, %d of them its own, from block %d of %d and row %d of %d on",
		l, leaf.Slots, leaf.Own, leaf.FirstBlock, ix.blocks, leaf.FirstRow, ix.N)
}

func (ix *Index) corruptTop(t, first, end uint32) error {
	return corruptAt(ix.offset(unsafe.Pointer(&ix.TopFirst[t])), "top %d: leaves %d to %d of %d", t, first, end, len(ix.Leaves))
}

func (ix *Index) corruptSlot(slot, row uint32) error {
	return corruptAt(ix.offset(unsafe.Pointer(&ix.SlotRow[slot])), "slot %d is of row %d of %d", slot, row, ix.N)
}

// corruptRow is corruptSlot where a slot's number is that of its row.
func (ix *Index) corruptRow(row uint32) error {
	return corruptAt(-1, "a slot is of row %d of %d", row, ix.N)
}

func (ix *Index) corruptDirect(id int64, row uint32) error {
	return corruptAt(ix.offset(unsafe.Pointer(&ix.ids.direct[id])), "id %d is in row %d of %d, which has another id", id, row, ix.N)
}

func (ix *Index) corruptOrder(place int, row uint32) error {
	return corruptAt(ix.offset(unsafe.Pointer(&ix.ids.order[place])), "row %d of %d is in the order of ids", row, ix.N)
}
