package annfile

import (
	"context"
	"math"
	"unsafe"
)

// likelierLimit bounds the bytes that Likelier reads of each; files that parse in both dialects are tiny.
const likelierLimit = 1 << 20

// Likelier chooses between two readings of the same bytes: the one whose whole structure
// holds, and whose items carry the marks of their dialect; where both do, the first.
func Likelier(a, b *Image) *Image {
	if int64(a.NNodes)*int64(a.Size) > likelierLimit {
		return a
	}
	if a.Verify(context.Background()) != nil {
		return b
	}
	if b.Verify(context.Background()) != nil {
		return a
	}
	for _, im := range [2]*Image{a, b} {
		if im.Dialect == Main && im.itemsBuilt() {
			return im
		}
	}
	return a
}

// mainNormSlack is for the rounding of the largest squared norm, which is one of the items' own.
const mainNormSlack = 1e-3

// itemsBuilt tells whether every item carries the main dialect's mark and no less than its own squared norm in the
// field for it.
func (im *Image) itemsBuilt() bool {
	for i := range im.NItems {
		p := im.Node(int32(i))
		if im.Descendants(p) != 1 {
			continue
		}
		norm := float64(*(*float32)(unsafe.Add(p, mainNormAt)))
		if *(*uint32)(unsafe.Add(p, mainBuiltAt)) != 1 || !(norm >= normSquared(im.Floats(p))*(1-mainNormSlack)) {
			return false
		}
	}
	return im.NItems > 0
}

// ConvertedSize is about how many bytes an image takes in the other dialect, whose header is 8 bytes longer or shorter.
func (im *Image) ConvertedSize() int64 { return int64(im.NNodes) * int64(im.Size+mainVec-wideVec) }

// Convert rewrites a dot image in dialect d. The trees stay as they are where they
// can: a split whose items fit one leaf of the new layout becomes a leaf, a leaf that holds too many becomes a split of
// two halves by a zero plane, which a search takes for equally near. The square of a released split's factor is an
// offset of its margin that the main dialect does not have; it is lost. The result is in memory; the caller has made
// sure that there is room for ConvertedSize bytes.
func Convert(im *Image, d Dialect) (*Image, error) {
	l, err := NewLayout(Dot, im.Dim, d)
	if err != nil {
		return nil, err
	}
	c := converter{from: im, to: l}
	items := make([]byte, im.NItems*int(l.Size))
	maxNorm := 0.0
	for i := range int32(im.NItems) {
		if p := im.Node(i); im.Descendants(p) == 1 {
			maxNorm = max(maxNorm, normSquared(im.Floats(p)))
		}
	}
	for i := range int32(im.NItems) {
		from, to := im.Node(i), unsafe.Pointer(&items[int(i)*int(l.Size)])
		if im.Descendants(from) != 1 {
			continue
		}
		l.SetDescendants(to, 1)
		copy(l.Floats(to), im.Floats(from))
		// Not the old field: old versions of Annoy left it 0.
		l.SetFactor(to, float32(math.Sqrt(max(0, maxNorm-normSquared(im.Floats(from))))))
		if d == Main {
			l.SetBuilt(to, float32(maxNorm))
		}
	}
	var roots []int32
	for i := im.Trees - 1; i >= 0; i-- {
		if err := c.tree(im.Roots[i]); err != nil {
			return nil, err
		}
		roots = append(roots, c.last())
	}
	for _, r := range roots {
		n := c.add()
		copy(c.bytes(n), c.bytes(r))
	}
	return New(l, items, c.out, len(roots))
}

type converter struct {
	from *Image
	to   Layout
	out  []byte
	ids  []int32 // scratch of gather
	seen int     // tree nodes visited
}

// add appends a zero node and returns its number.
func (c *converter) add() int32 {
	c.out = append(c.out, make([]byte, c.to.Size)...)
	return c.last()
}

func (c *converter) last() int32 {
	return int32(c.from.NItems + len(c.out)/int(c.to.Size) - 1)
}

func (c *converter) bytes(i int32) []byte {
	at := (int(i) - c.from.NItems) * int(c.to.Size)
	return c.out[at : at+int(c.to.Size)]
}

func (c *converter) node(i int32) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(c.bytes(i))) }

// tree converts one tree; its root is the last node added.
func (c *converter) tree(root int32) error {
	im := c.from
	total := int32(im.NItems)
	if total == 0 {
		c.leaf(nil, 0)
		return nil
	}
	if im.RootIDs > 0 || im.NItems <= c.to.LeafCap {
		ids, err := c.gather(root)
		if err != nil {
			return err
		}
		if len(ids) <= c.to.LeafCap && (im.NItems <= c.to.LeafCap || len(ids) == 1) {
			c.leaf(ids, total)
			return nil
		}
		c.halves(ids, total)
		return nil
	}
	_, err := c.convert(root, 0)
	return err
}

// maxDepth bounds the stack that convert needs; a tree halves, more or less, at each level.
const maxDepth = 10_000

// convert writes node i and all below it, and returns its new number.
func (c *converter) convert(i int32, depth int) (int32, error) {
	im, p := c.from, c.from.Node(i)
	if int(i) < im.NItems {
		return i, nil
	}
	if depth > maxDepth {
		return 0, im.corrupt(i, "the tree is more than %d levels deep", maxDepth)
	}
	if c.seen++; c.seen > im.NNodes {
		return 0, im.corrupt(i, "two nodes have the same child, or the nodes of the trees form a cycle")
	}
	descendants := im.Descendants(p)
	if depth == 0 {
		descendants = int32(im.NItems)
	}
	if n := int(descendants); depth > 0 && n <= max(im.LeafCap, c.to.LeafCap) {
		ids, err := c.gather(i)
		if err != nil {
			return 0, err
		}
		if len(ids) != n { // more would not fit
			return 0, im.corrupt(i, "n_descendants %d, but %d items below", n, len(ids))
		}
		if n > c.to.LeafCap {
			c.halves(ids, descendants)
		} else {
			c.leaf(ids, descendants)
		}
		return c.last(), nil
	}
	var kids [2]int32
	old := *im.Children(p)
	// The smaller side first, as in every tree.
	first := 0
	for side, k := range old {
		if err := im.CheckChild(i, side, k); err != nil {
			return 0, err
		}
	}
	if im.Descendants(im.Node(old[1])) < im.Descendants(im.Node(old[0])) {
		first = 1
	}
	for _, side := range [2]int{first, 1 - first} {
		k, err := c.convert(old[side], depth+1)
		if err != nil {
			return 0, err
		}
		kids[side] = k
	}
	number := c.add()
	to := c.node(number)
	c.to.SetDescendants(to, descendants)
	*c.to.Children(to) = kids
	copy(c.to.Floats(to), im.Floats(p))
	return number, nil
}

func (c *converter) leaf(ids []int32, descendants int32) {
	p := c.node(c.add())
	c.to.SetDescendants(p, descendants)
	copy(c.to.Leaf(p, len(ids)), ids)
}

// halves writes two leaves, or an item instead of a leaf of one, and a split of them.
func (c *converter) halves(ids []int32, descendants int32) {
	var kids [2]int32
	for side, half := range [2][]int32{ids[:len(ids)/2], ids[len(ids)/2:]} {
		if kids[side] = half[0]; len(half) > 1 {
			c.leaf(half, int32(len(half)))
			kids[side] = c.last()
		}
	}
	p := c.node(c.add())
	c.to.SetDescendants(p, descendants)
	*c.to.Children(p) = kids
}

// gather lists the ids below node i; the result is valid until the next call.
func (c *converter) gather(i int32) ([]int32, error) {
	im := c.from
	c.ids = c.ids[:0]
	for stack := []int32{i}; len(stack) > 0; {
		i, stack = stack[len(stack)-1], stack[:len(stack)-1]
		if len(c.ids)+len(stack) > im.NItems {
			return nil, im.corrupt(i, "more items below it than the index has")
		}
		p := im.Node(i)
		n := int(im.Descendants(p))
		if im.RootIDs > 0 {
			n = im.RootIDs // whatever a root says
		}
		switch {
		case int(i) < im.NItems:
			c.ids = append(c.ids, i)
		case n < 1:
			return nil, im.corrupt(i, "n_descendants of a tree node is %d", n)
		case n <= im.LeafCap:
			if err := c.gatherLeaf(i, n); err != nil {
				return nil, err
			}
		default:
			for side, k := range im.Children(p) {
				if err := im.CheckChild(i, side, k); err != nil {
					return nil, err
				}
				stack = append(stack, k)
			}
		}
	}
	return c.ids, nil
}

// gatherLeaf adds the n ids of leaf i, 1 ≤ n ≤ LeafCap.
func (c *converter) gatherLeaf(i int32, n int) error {
	im := c.from
	if len(c.ids)+n > im.NItems {
		return im.corrupt(i, "more items below it than the index has")
	}
	for _, id := range im.Leaf(im.Node(i), n) {
		if id < 0 || int(id) >= im.NItems {
			return im.corrupt(i, "id %d of %d", id, im.NItems)
		}
		c.ids = append(c.ids, id)
	}
	return nil
}
