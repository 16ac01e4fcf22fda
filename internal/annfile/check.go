package annfile

import (
	"bytes"
	"fmt"
	"math"
	"unsafe"
)

// sampledItems is how many items Parse looks at: enough to recognise another
// dimension or metric, few enough that opening a cold file stays quick.
const sampledItems = 16

// classifyRoots finds out whether the roots are leaves, which n_descendants does not
// tell: in every root it is n_items. They are where the ids of all items fit one node, and where there
// is one item only, whatever its id (Annoy splits two items behind a large id).
func (im *Image) classifyRoots() error {
	first := im.Roots[0]
	if im.NItems <= im.LeafCap {
		if !im.singleNodeTrees() {
			return im.corrupt(first, "%d nodes for %d items that fit one leaf in each of %d trees", im.NNodes, im.NItems, im.Trees)
		}
		for i := range im.NItems {
			if im.Descendants(im.Node(int32(i))) == 1 {
				im.RootIDs++
			}
		}
		return nil
	}
	if !im.singleNodeTrees() {
		return nil
	}
	only, kids := int32(im.NItems-1), im.Children(im.Node(first))
	other := kids[1]
	if kids[0] == only && (other < 0 || other >= only || im.Descendants(im.Node(other)) != 1) {
		im.RootIDs = 1
	}
	return nil
}

// checkRoots proves that the children of every root are plausible. Roots of one file
// share their number of items; a file read with another layout does not keep to that.
func (im *Image) checkRoots() error {
	if im.RootIDs > 0 {
		return im.checkRootLeaves()
	}
	count := int32(-1)
	for _, r := range im.Roots {
		var sum int64
		for side, c := range im.Children(im.Node(r)) {
			if err := im.CheckChild(r, side, c); err != nil {
				return err
			}
			sum += int64(im.Descendants(im.Node(c)))
		}
		if sum < 1 || sum > int64(im.NItems) {
			return im.corrupt(r, "the root's children hold %d items of %d", sum, im.NItems)
		}
		if count >= 0 && int64(count) != sum {
			return im.corrupt(r, "the root's children hold %d items, those of another root %d", sum, count)
		}
		count = int32(sum)
	}
	return nil
}

// CheckChild checks the number of one child of split i: not a copy of a root, not the node itself.
func (im *Image) CheckChild(i int32, side int, c int32) error {
	if c < 0 || int(c) >= im.NNodes-im.Trees {
		return im.corrupt(i, "child %d is node %d of %d", side, c, im.NNodes-im.Trees)
	}
	if c == i {
		return im.corrupt(i, "is its own child")
	}
	if n := im.Descendants(im.Node(c)); n < 1 || int(n) > im.NItems {
		return im.corrupt(c, "n_descendants %d, a child has 1 to %d", n, im.NItems)
	}
	return nil
}

// checkRootLeaves proves trees of one leaf each: every item, none twice, and a copy that equals its original,
// which three items of a longer file, cut short, do not: they look like one item and a tree of it.
func (im *Image) checkRootLeaves() error {
	seen := make(map[int32]bool, im.RootIDs)
	for _, r := range im.Roots {
		if original := r - int32(im.Trees); !im.equalNodes(r, original) {
			return im.corrupt(r, "differs from its original, node %d (cut short?)", original)
		}
		clear(seen)
		for _, id := range im.Leaf(im.Node(r), im.RootIDs) {
			if id < 0 || int(id) >= im.NItems || seen[id] || im.Descendants(im.Node(id)) != 1 {
				return im.corrupt(r, "id %d of %d is out of range, a hole, or twice in a leaf", id, im.NItems)
			}
			seen[id] = true
		}
	}
	return nil
}

// equalNodes compares whole nodes: every version of Annoy copies a root byte by byte, with
// what its memory held behind a leaf's ids.
func (im *Image) equalNodes(i, j int32) bool {
	return bytes.Equal(im.nodeBytes(i), im.nodeBytes(j))
}

func (im *Image) nodeBytes(i int32) []byte { return unsafe.Slice((*byte)(im.Node(i)), im.Size) }

// checkSample looks at the last item, which cannot be a hole, and some spread over the rest.
func (im *Image) checkSample() error {
	if n := im.Descendants(im.Node(int32(im.NItems - 1))); n != 1 {
		return im.corrupt(int32(im.NItems-1), "the last item has n_descendants %d, want 1", n)
	}
	step := max(1, im.NItems/sampledItems)
	for i := im.NItems - 1; i >= 0; i -= step {
		if err := im.checkFields(int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// normsAgree tells whether a stored squared norm can be the float32 sum, in any order, of the squares that sum
// exactly to norm: it is off by (dim+1)·2⁻²⁴ of norm at most, and where squares are denormal by 2⁻¹⁴⁹ each. Twice that is allowed.
func normsAgree(stored, norm float64, dim int) bool {
	return math.Abs(stored-norm) <= float64(dim+1)*(0x1p-23*norm+0x1p-148)
}

// checkItem is checkFields and finite components. Annoy takes NaN and Inf, so a file
// that holds some opens; Verify names them.
func (im *Image) checkItem(i int32) error {
	p := im.Node(i)
	if im.Metric != Hamming && im.Descendants(p) == 1 {
		v := im.Floats(p)
		if c := CheckFinite(v); c >= 0 {
			return &CorruptError{Offset: im.OffsetOf(i) + int64(im.Vec) + 4*int64(c), Reason: fmt.Sprintf("item %d: component %d is %v", i, c, v[c])}
		}
	}
	return im.checkFields(i)
}

// checkFields checks what an item's metric fixes about the fields before its vector.
func (im *Image) checkFields(i int32) error {
	p := im.Node(i)
	switch n := im.Descendants(p); {
	case n == 0:
		return nil
	case n != 1:
		return im.corrupt(i, "an item has n_descendants %d, want 0 or 1 (wrong dimension or metric?)", n)
	}
	switch im.Metric {
	case Hamming:
		return im.checkPadding(i, im.Bits(p))
	case Angular:
		// 0 is what old versions stored; the reader recomputes it.
		stored, norm := float64(im.NormSquared(p)), normSquared(im.Floats(p))
		if stored != 0 && norm <= math.MaxFloat32 && !normsAgree(stored, norm, im.Dim) {
			return im.corrupt(i, "stored squared norm %g, its vector has %g (wrong dimension or metric?)", stored, norm)
		}
	case Dot:
		if f := im.Factor(p); !(f >= 0) || math.IsInf(float64(f), 0) {
			return im.corrupt(i, "dot_factor %v, want a number ≥ 0 (wrong dimension or metric?)", f)
		}
		if im.Dialect == Main {
			if b := *(*byte)(unsafe.Add(p, mainBuiltAt)); b > 1 {
				return im.corrupt(i, "built is %d, want 0 or 1 (wrong dialect?)", b)
			}
		}
	}
	return nil
}

// checkPadding: the bits after dim are zero, since Annoy starts from zeroed words.
func (im *Image) checkPadding(i int32, words []uint64) error {
	if used := im.Dim % hammingWords; used != 0 && words[len(words)-1]>>used != 0 {
		return im.corrupt(i, "bits beyond dimension %d are set (wrong dimension or metric?)", im.Dim)
	}
	return nil
}

func normSquared(v []float32) float64 {
	var s float64
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	return s
}
