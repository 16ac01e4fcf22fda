package canopy

import (
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
)

// group is how many centroids are stored together, for a kernel that takes so many at a time.
const group = 16

// Leaf is the directory's entry of one leaf. Its slots are numbered from FirstBlock·32 on, its own vectors first, then
// those that are at home in another leaf: own slot s has row FirstRow + s.
type Leaf struct {
	FirstBlock uint32 // its blocks follow each other
	Slots      uint32 // vectors coded in it; the rest of its last block is padding
	FirstRow   uint32
	Own        uint32 // of the slots, those at home in it; all of them with one assignment
}

// Blocks is how many blocks of codes the leaf has.
func (l Leaf) Blocks() int { return int((uint64(l.Slots) + kernel.BlockSlots - 1) / kernel.BlockSlots) }

// Index is an opened index: views of the sections of its bytes. It is immutable and safe for any number of goroutines.
//
// Nothing but the lengths of the slices is certain to be right: a number from Leaves, TopFirst or SlotRow goes through
// Leaf and Children, which check it, or is compared with N.
type Index struct {
	Metric    Metric
	Dim       int // components of the vectors given
	Coded     int // components of the coded space
	N         int // rows
	Shape     Shape
	Element   kernel.Element // of the rows
	RowStride int            // bytes from one row to the next
	RowScale  float32        // a component is RowScale times what its row holds: 1 but for rounded int8 and uint8
	M, Dims   int            // sub-spaces of a code, dimensions of a sub-space: kernel.Table's m and dims
	MeanSlots float64        // mean slots of the leaves that have any
	CErr      float32        // mean of ‖e‖/2s over all slots with an error; the deviation of an estimate is |fresc|·2·CErr/√Coded·√g
	MaxNorm2  float64        // Dot: the largest squared norm of a vector; otherwise 0

	Center    []float32 // Dim: subtracted from vectors before they are turned to the axes; nil without axes
	Axes      []int8    // kernel.RouteMany's groups: Coded axes of Dim components, in steps of AxisScale; nil without axes
	AxisBias  []int32   // RouteMany's, of each
	AxisScale []float32 // of each

	Mean     []float32 // Coded: subtracted from all before routing and coding
	Codebook []float32 // [M][Dims][16]

	Scale      float32   // sC: a component of a centroid less the mean is Scale times its int8
	NTops      int       // without padding
	NLeaves    int       // without padding
	TopGroups  []int8    // kernel.RouteMany's groups, padded to 16 tops
	TopNorm    []float32 // ‖c−mean‖², +Inf for padding
	TopBias    []int32
	TopFirst   []uint32 // NTops+1: the first leaf number of each top, a multiple of 16; take Children
	LeafGroups []int8   // by leaf number, padding leaves included
	LeafNorm   []float32
	LeafBias   []int32
	Leaves     []Leaf // by leaf number; padding leaves have Slots 0; take Leaf

	Moments []Moments // by leaf number; nil in files that have none

	Blocks  []byte   // kernel.BlockBytes(M) each, 64-byte aligned
	SlotRow []uint32 // by slot number, NoRow for padding; nil with one assignment; compare what it says with N
	Rows    []byte   // N·RowStride

	About About

	data        []byte
	head        header
	table       []entry
	blocks      uint32 // how many
	ids         ids
	keys        keys
	calibration *entry // nil where there is none
	metadata    []byte
}

// NoRow stands for no row: in the slot→row table for padding, in the id→row table for an id that there is not.
const NoRow = ^uint32(0)

// Leaf is the entry of leaf l < len(Leaves), once its slots are known to be among the blocks and its own rows among the
// rows.
func (ix *Index) Leaf(l uint32) (Leaf, error) {
	leaf := ix.Leaves[l] // one read: the bytes may change under a mapping
	if uint64(leaf.FirstBlock)+uint64(leaf.Blocks()) > uint64(ix.blocks) ||
		leaf.Own > leaf.Slots || uint64(leaf.FirstRow)+uint64(leaf.Own) > uint64(ix.N) ||
		ix.SlotRow == nil && leaf.Own != leaf.Slots {
		return Leaf{}, ix.corruptLeaf(l, leaf)
	}
	return leaf, nil
}

// LeafBlocks is the codes of a leaf that Leaf returned.
func (ix *Index) LeafBlocks(leaf Leaf) []byte {
	size := kernel.BlockBytes(ix.M)
	return ix.Blocks[int(leaf.FirstBlock)*size:][:leaf.Blocks()*size]
}

// Children is the leaf numbers of top t < len(TopNorm), first to end, padding included: both multiples of 16 and at
// most len(Leaves). A top that is padding, and yet was near enough, is an error.
func (ix *Index) Children(t uint32) (first, end uint32, err error) {
	if int(t) >= ix.NTops {
		return 0, 0, corruptAt(ix.offset(unsafe.Pointer(&ix.TopNorm[t])), "top %d of %d is at a finite distance", t, ix.NTops)
	}
	first, end = ix.TopFirst[t], ix.TopFirst[t+1]
	if first > end || uint64(end) > uint64(len(ix.Leaves)) || (first|end)%group != 0 {
		return 0, 0, ix.corruptTop(t, first, end)
	}
	return first, end, nil
}

// Row is the stored components of row < N.
func (ix *Index) Row(row uint32) unsafe.Pointer {
	return unsafe.Pointer(&ix.Rows[int(row)*ix.RowStride])
}

// RowID is the id of row < N.
func (ix *Index) RowID(row uint32) int64 {
	if ix.ids.narrow != nil {
		return int64(ix.ids.narrow[row])
	}
	return ix.ids.wide[row]
}
