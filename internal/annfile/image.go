package annfile

import (
	"fmt"
	"unsafe"

	"github.com/annoy-go/annoy/internal/format"
	"github.com/annoy-go/annoy/internal/invariants"
)

// ErrCorrupt is what every CorruptError unwraps to.
var ErrCorrupt = format.ErrCorrupt

// CorruptError says where the bytes of an index break a rule of the format.
type CorruptError = format.CorruptError

// ErrBigEndian is returned on machines whose byte order is not the format's.
var ErrBigEndian = format.ErrBigEndian

// Image is the node array of an index. Items and trees are two buffers that
// need not be neighbours in memory (a builder's items stay where they are while
// trees are added); in a file the second follows the first.
type Image struct {
	Layout
	Trees    int
	Roots    []int32 // what a search starts from: the copies of the roots, last tree first, and what Annoy takes for one more
	NItems   int     // max id + 1
	NNodes   int     // items, nodes of trees, copies of roots
	RootIDs  int     // 0 where roots are splits; otherwise every root is a leaf of so many ids
	items    []byte
	trees    []byte
	whole    []byte // both, where they were parsed as one
	itemBase unsafe.Pointer
	treeBase unsafe.Pointer // where node number NItems starts
}

// New makes an image of two buffers at multiples of 8: items, and tree nodes of which the last roots are the
// copies of the roots. Without roots it serves to read items only.
func New(l Layout, items, trees []byte, roots int) (*Image, error) {
	im := &Image{Layout: l, items: items, trees: trees}
	im.NItems = len(items) / int(l.Size)
	im.NNodes = im.NItems + len(trees)/int(l.Size)
	im.itemBase = unsafe.Pointer(unsafe.SliceData(items))
	im.treeBase = unsafe.Pointer(unsafe.SliceData(trees))
	im.setRoots(roots, roots)
	if im.NItems == 0 || roots == 0 {
		return im, nil
	}
	return im, im.classifyRoots()
}

// Bytes are the items and the rest, as they follow each other in the file.
func (im *Image) Bytes() (items, trees []byte) { return im.items, im.trees }

// Whole is what Parse was given, nil for an image of New.
func (im *Image) Whole() []byte { return im.whole }

// Node is the address of node i, 0 ≤ i < NNodes.
func (im *Image) Node(i int32) unsafe.Pointer {
	if invariants.Enabled {
		invariants.Check(i >= 0 && int(i) < im.NNodes, "annfile: node %d of %d", i, im.NNodes)
	}
	if int(i) < im.NItems {
		return unsafe.Add(im.itemBase, uintptr(i)*im.Size)
	}
	return unsafe.Add(im.treeBase, uintptr(int(i)-im.NItems)*im.Size)
}

// ItemBase is the address of item 0's node; items follow each other every Size bytes.
func (im *Image) ItemBase() unsafe.Pointer { return im.itemBase }

// OffsetOf is where node i starts in the file.
func (im *Image) OffsetOf(i int32) int64 { return int64(i) * int64(im.Size) }

// corrupt describes a fault of node i.
func (im *Image) corrupt(i int32, format string, args ...any) error {
	return &CorruptError{Offset: im.OffsetOf(i), Reason: fmt.Sprintf("node %d: ", i) + fmt.Sprintf(format, args...)}
}

// Parse finds the roots of an index and checks what can be checked without
// reading it all: the size, every root, and a sample of the items. It costs
// O(trees) page touches, whatever the size. data must be aligned to 8 bytes.
func Parse(l Layout, data []byte) (*Image, error) {
	size := int(l.Size)
	if len(data) == 0 {
		return nil, &CorruptError{Offset: 0, Reason: "the file is empty; an index without items still has its roots"}
	}
	if len(data)%size != 0 {
		return nil, &CorruptError{Offset: int64(len(data) / size * size), Reason: fmt.Sprintf("the file's %d bytes are not a multiple of the %d bytes of a node", len(data), size)}
	}
	n := len(data) / size
	if n > 1<<31-1 {
		return nil, &CorruptError{Offset: -1, Reason: fmt.Sprintf("%d nodes, node numbers have 31 bits", n)}
	}
	base := unsafe.Pointer(unsafe.SliceData(data))
	im := &Image{Layout: l, NNodes: n, NItems: n, itemBase: base}
	if err := im.findRoots(); err != nil {
		return nil, err
	}
	im.items, im.trees, im.whole = data[:im.NItems*size], data[im.NItems*size:], data
	if im.NItems == 0 {
		return im, nil
	}
	if err := im.classifyRoots(); err != nil {
		return nil, err
	}
	if err := im.checkRoots(); err != nil {
		return nil, err
	}
	if err := im.checkSample(); err != nil {
		return nil, err
	}
	return im, nil
}

// findRoots applies Annoy's rule (the run of nodes at the end with equal
// n_descendants) and then takes away what the rule counts too many: the last
// original root, or all originals where roots are single nodes, or the only item. Until it returns, every
// node is addressed as an item.
func (im *Image) findRoots() error {
	last := int32(im.NNodes - 1)
	m := im.Descendants(im.Node(last))
	if m < 0 || int(m) >= im.NNodes {
		return im.corrupt(last, "the last node has n_descendants %d; an index of %d nodes cannot have as many items (wrong dimension or metric?)", m, im.NNodes)
	}
	run := 1
	for i := last - 1; i >= 0 && im.Descendants(im.Node(i)) == m; i-- {
		run++
	}
	trees, seeds := 0, 0
	switch afterItems := im.NNodes - int(m); {
	case m == 0: // an empty index: nothing but empty roots, or a file of zeros
		if run != im.NNodes {
			return im.corrupt(last-int32(run), "n_descendants of a node before the empty roots is not 0")
		}
		trees = (run + 1) / 2
	case run == afterItems || m == 1: // every tree is one node: original and copy
		if afterItems%2 != 0 || afterItems == 0 || run < afterItems {
			return im.corrupt(last, "%d nodes after %d items, of which the last %d look like roots", afterItems, m, run)
		}
		trees = afterItems / 2
	default: // the copies; some tree's own root is right before them, if children come before parents
		first := last - int32(run) + 1
		switch originals := im.originals(first, last); {
		case run > afterItems:
			return im.corrupt(last, "%d nodes after %d items, but %d that look like roots", afterItems, m, run)
		case originals > 0:
			// With one thread that is the last root's own. Of several threads some may have ended side by side, in
			// any order: Annoy takes one away where it looks like the last root, and searches the trees of the
			// others twice. The answers at equal search_k are the same only if we do.
			trees, seeds = run-originals, run
			if im.Children(im.Node(first))[0] == im.Children(im.Node(last))[0] {
				seeds--
			}
		case first > m && im.equalNodes(first, m): // early versions wrote parents first, so tree 0 begins with its root
			trees = run
		default:
			return im.corrupt(last, "the roots at the end are not copies of roots: the file was cut short or is damaged, or has another dimension or metric")
		}
	}
	im.setRoots(trees, max(trees, seeds))
	im.NItems = int(m)
	im.treeBase = unsafe.Add(im.itemBase, uintptr(m)*im.Size)
	return nil
}

// setRoots makes the last seeds nodes the starts of a search, of which trees are copies of roots.
func (im *Image) setRoots(trees, seeds int) {
	im.Trees = trees
	for i := range seeds {
		im.Roots = append(im.Roots, int32(im.NNodes-1-i))
	}
}

// originals counts the nodes from first on that have an equal node later, up to last: roots that are not yet copies.
func (im *Image) originals(first, last int32) int {
	latest := make(map[[2]int32]int32, last-first+1) // by children: comparing all with all would make a damaged file slow
	for i := first; i <= last; i++ {
		latest[*im.Children(im.Node(i))] = i
	}
	i := first
	for j := latest[*im.Children(im.Node(i))]; j > i && im.equalNodes(i, j); j = latest[*im.Children(im.Node(i))] {
		i++
	}
	return int(i - first)
}

// singleNodeTrees tells whether every tree is one node: a leaf, or a split of two items.
func (im *Image) singleNodeTrees() bool {
	return im.NNodes-im.NItems == 2*im.Trees
}
