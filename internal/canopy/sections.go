package canopy

import (
	"fmt"

	"github.com/annoy-go/annoy/internal/kernel"
)

// kind says what a section holds. The numbers are those of the file; one is never used for anything else.
type kind uint32

const (
	kindMean kind = iota + 1
	kindCodebook
	kindTopGroups
	kindTopNorms
	kindTopBias
	kindTopFirst
	kindLeafGroups
	kindLeafNorms
	kindLeafBias
	kindLeaves
	kindBlocks
	kindSlotRows
	kindRows
	kindRowIDs
	kindDirect
	kindOrder
	kindCalibration
	kindKeyOffsets
	kindKeyBytes
	kindKeyOrder
	kindMetadata
	kindCenter
	kindAxes
	kindAxisBias
	kindAxisScale
	kindMoments
	kinds // one more than the last
)

var kindNames = [kinds]string{
	kindMean: "mean", kindCodebook: "codebook",
	kindTopGroups: "top centroids", kindTopNorms: "top norms", kindTopBias: "top biases", kindTopFirst: "tops' first leaves",
	kindLeafGroups: "leaf centroids", kindLeafNorms: "leaf norms", kindLeafBias: "leaf biases", kindLeaves: "leaf directory",
	kindBlocks: "codes", kindSlotRows: "slot to row", kindRows: "rows",
	kindRowIDs: "row to id", kindDirect: "id to row", kindOrder: "rows by id",
	kindCalibration: "calibration", kindKeyOffsets: "key offsets", kindKeyBytes: "keys", kindKeyOrder: "rows by key",
	kindMetadata: "metadata",
	kindCenter:   "center", kindAxes: "axes", kindAxisBias: "axis biases", kindAxisScale: "axis scales",
	kindMoments: "leaf moments",
}

func (k kind) String() string {
	if k > 0 && k < kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("unknown section %d", uint32(k))
}

// flagRequired marks a section without which a reader that does not know it would answer wrongly.
const flagRequired = 1

// entry is a section in the table.
type entry struct {
	kind   kind
	flags  uint32
	offset uint64 // a multiple of alignment
	bytes  uint64
	crc    uint32 // CRC-32C of the bytes
}

// walk is header.walk for an entry; its last four bytes are reserved.
func (e *entry) walk(c *cursor) {
	c.u32((*uint32)(&e.kind))
	c.u32(&e.flags)
	c.u64(&e.offset)
	c.u64(&e.bytes)
	c.u32(&e.crc)
}

func (e *entry) required() bool { return e.flags&flagRequired != 0 }

// Section tells where a section is, for people.
type Section struct {
	Name   string
	Offset int64
	Bytes  int64
}

// sizes is what the fixed header says about the bytes of each section that a file must have. It has been checked
// field by field, so that no product overflows.
func (h *header) sizes() map[kind]uint64 {
	dim4 := uint64(h.coded+3) &^ 3
	padded := uint64(h.tops+group-1) &^ (group - 1)
	numbers := uint64(h.numbers)
	sizes := map[kind]uint64{
		kindMean:       4 * uint64(h.coded),
		kindCodebook:   4 * Codewords * uint64(h.m) * uint64(Shape(h.shape).Dims()/h.folds()),
		kindTopGroups:  padded * dim4,
		kindTopNorms:   4 * padded,
		kindTopBias:    4 * padded,
		kindTopFirst:   4 * (uint64(h.tops) + 1),
		kindLeafGroups: numbers * dim4,
		kindLeafNorms:  4 * numbers,
		kindLeafBias:   4 * numbers,
		kindLeaves:     leafBytes * numbers,
		kindBlocks:     h.blocks * uint64(kernel.BlockBytes(int(h.m))),
		kindRows:       h.rows * uint64(h.stride),
		kindRowIDs:     h.rows * uint64(h.idBytes),
	}
	if Shape(h.shape).Assignments() > 1 {
		sizes[kindSlotRows] = 4 * kernel.BlockSlots * h.blocks
	}
	if h.fold > 0 {
		sizes[kindCenter] = 4 * uint64(h.dim)
		sizes[kindAxes] = uint64(h.coded) * (uint64(h.dim+3) &^ 3)
		sizes[kindAxisBias] = 4 * uint64(h.coded)
		sizes[kindAxisScale] = 4 * uint64(h.coded)
	}
	return sizes
}

// folds is the dimensions that a coded component stands for.
func (h *header) folds() int { return max(1, int(h.fold)) }

// check finds fault with the fixed header, field by field.
func (h *header) check() error {
	metric, shape, element := Metric(h.metric), Shape(h.shape), kernel.Element(h.element)
	rules := []struct {
		ok   bool
		what string
		got  any
	}{
		{metric >= Angular && metric <= Cosine, "metric", h.metric},
		{shape >= One4 && shape <= Two8, "shape", h.shape},
		{element <= kernel.Uint8, "element type", h.element},
		{h.idBytes == 4 || h.idBytes == 8, "bytes of an id", h.idBytes},
		{h.dim >= 1 && h.dim <= MaxDim, "dimension", h.dim},
		{h.fold == 0 || h.fold == 2 || h.fold == 4, "dimensions of an axis", h.fold},
		{h.fold == 0 && h.coded == h.dim || h.fold > 0 && int(h.coded) == axisCount(int(h.dim), int(h.fold)) && h.coded > 0, "coded dimension", h.coded},
		{shape.Dims()%h.folds() == 0 && int(h.m) == shape.subspaces(int(h.coded), h.folds()), "number of sub-spaces", h.m},
		{uint64(h.stride) >= uint64(h.dim)*uint64(element.Size()) && int(h.stride)%element.Size() == 0 && h.stride <= 8*MaxDim, "bytes of a row", h.stride},
		{h.rows < uint64(NoRow), "number of rows", h.rows},
		{h.blocks <= maxBlocks && h.blocks*kernel.BlockSlots <= h.slots+uint64(h.leaves)*(kernel.BlockSlots-1), "number of blocks", h.blocks},
		{h.slots >= h.rows && h.slots <= h.rows*uint64(shape.Assignments()) && h.slots <= h.blocks*kernel.BlockSlots, "number of slots", h.slots},
		{(h.tops == 0) == (h.rows == 0) && h.tops <= h.leaves, "number of tops", h.tops},
		{h.leaves <= h.numbers && uint64(h.leaves) <= h.blocks, "number of leaves", h.leaves},
		{h.numbers%group == 0 && uint64(h.numbers) <= uint64(h.leaves)*group, "number of leaves with padding", h.numbers},
		{finite32(h.scale) && h.scale > 0, "scale of the centroids", h.scale},
		{finite32(h.cerr) && h.cerr >= 0, "mean error of the codes", h.cerr},
		{finite32(h.rowScale) && h.rowScale > 0, "scale of the rows", h.rowScale},
		{finite(h.limit) && h.limit >= 0 && (metric == Dot || h.limit == 0), "largest squared norm", h.limit},
	}
	for _, r := range rules {
		if !r.ok {
			return corruptAt(0, "the header's %s cannot be %v", r.what, r.got)
		}
	}
	return nil
}
