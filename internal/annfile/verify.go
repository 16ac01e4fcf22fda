package annfile

import (
	"context"
	"hash/maphash"
)

// Verify proves the structure of the whole image: every item well formed, every tree
// reaching every item exactly once through nodes that no other tree uses,
// n_descendants of every node equal to the items below it, every node reached.
// It reads all of the file, once. ctx is looked at every few thousand steps.
func (im *Image) Verify(ctx context.Context) error { return im.VerifyWith(ctx, nil) }

// VerifyWith is Verify that tells, each time it looks at ctx, how many steps are done: one an item, one an item in each
// tree, one a node of a tree. Holes and roots make them fewer than total.
func (im *Image) VerifyWith(ctx context.Context, tell func(done, total int64)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	v := verifier{im: im, ctx: ctx, tell: tell}
	present := 0
	for i := range im.NItems {
		if err := v.step(); err != nil {
			return err
		}
		if err := im.checkItem(int32(i)); err != nil {
			return err
		}
		if im.Descendants(im.Node(int32(i))) == 1 {
			present++
		}
	}
	if im.RootIDs > 0 && im.RootIDs != present {
		return im.corrupt(im.Roots[0], "the tree holds %d items, the index %d", im.RootIDs, present)
	}
	if im.NItems == 0 || im.RootIDs > 0 {
		return im.verifyCopies()
	}
	v.reached, v.items = make([]bool, im.NNodes), make([]int32, im.NItems)
	for t := range im.Trees {
		v.tree = int32(t + 1)
		n, err := v.walk(im.Roots[t])
		if err != nil {
			return err
		}
		if n != present {
			return im.corrupt(im.Roots[t], "the tree holds %d items, the index %d", n, present)
		}
	}
	return v.unreached()
}

// verifyCopies checks trees of one node each; checkRoots has proved the copies' ids.
func (im *Image) verifyCopies() error {
	for _, r := range im.Roots {
		if original := r - int32(im.Trees); original >= int32(im.NItems) && !im.equalNodes(r, original) {
			return im.corrupt(r, "differs from its original, node %d", original)
		}
	}
	return nil
}

type verifier struct {
	im      *Image
	ctx     context.Context
	tell    func(done, total int64)
	steps   int64
	reached []bool  // tree nodes seen from some root
	items   []int32 // the tree that last held an item
	tree    int32
}

// lookEvery is how many steps pass between two looks at the context.
const lookEvery = 4096

// step counts one, and looks at the context when it is time.
func (v *verifier) step() error {
	if v.steps++; v.steps%lookEvery != 0 {
		return nil
	}
	if v.tell != nil {
		v.tell(v.steps, int64(v.im.NItems)*int64(v.im.Trees)+int64(v.im.NNodes))
	}
	return v.ctx.Err()
}

// frame is a split whose children are being counted.
type frame struct {
	node  int32
	next  int // side to visit next
	count int // items below the sides done
}

// walk counts the items below root, without recursion: a damaged file may be deep.
func (v *verifier) walk(root int32) (int, error) {
	im, stack, returned := v.im, []frame{{node: root}}, 0
	for {
		f := &stack[len(stack)-1]
		if f.next == 2 {
			if n := im.Descendants(im.Node(f.node)); f.node != root && int(n) != f.count {
				return 0, im.corrupt(f.node, "n_descendants %d, but %d items below", n, f.count)
			}
			returned = f.count
			stack = stack[:len(stack)-1]
			if len(stack) == 0 {
				return returned, nil
			}
			stack[len(stack)-1].count += returned
			continue
		}
		if f.next == 0 && f.node == root {
			if err := v.checkSplit(root); err != nil {
				return 0, err
			}
		}
		c := im.Children(im.Node(f.node))[f.next]
		if err := im.CheckChild(f.node, f.next, c); err != nil {
			return 0, err
		}
		f.next++
		n, split, err := v.visit(c)
		if err != nil {
			return 0, err
		}
		if split {
			stack = append(stack, frame{node: c})
		} else {
			stack[len(stack)-1].count += n
		}
	}
}

// visit takes an item or a leaf, or tells that node i is a split to go into.
func (v *verifier) visit(i int32) (n int, split bool, err error) {
	im := v.im
	if int(i) < im.NItems {
		return 1, false, v.take(i, i)
	}
	if err := v.step(); err != nil {
		return 0, false, err
	}
	if v.reached[i] {
		return 0, false, im.corrupt(i, "two nodes have it as their child")
	}
	v.reached[i] = true
	p := im.Node(i)
	switch n = int(im.Descendants(p)); {
	case n < 1: // CheckChild saw another number, if the file is being rewritten
		return 0, false, im.corrupt(i, "n_descendants of a tree node is %d", n)
	case n > im.LeafCap:
		return 0, true, v.checkSplit(i)
	}
	for _, id := range im.Leaf(p, n) {
		if err := v.take(i, id); err != nil {
			return 0, false, err
		}
	}
	return n, false, nil
}

// take marks an item as held by the current tree.
func (v *verifier) take(node, id int32) error {
	im := v.im
	if err := v.step(); err != nil {
		return err
	}
	if id < 0 || int(id) >= im.NItems {
		return im.corrupt(node, "id %d of %d", id, im.NItems)
	}
	if v.items[id] == v.tree {
		return im.corrupt(node, "item %d is twice in one tree", id)
	}
	if im.Descendants(im.Node(id)) != 1 {
		return im.corrupt(node, "item %d is a hole", id)
	}
	v.items[id] = v.tree
	return nil
}

// checkSplit: a finite plane, or a bit that the vectors have.
func (v *verifier) checkSplit(i int32) error {
	im, p := v.im, v.im.Node(i)
	if im.Metric == Hamming {
		if pos := im.Position(p); pos >= uint64(im.Words)*hammingWords {
			return im.corrupt(i, "split at bit %d of %d", pos, im.Words*hammingWords)
		}
		return nil
	}
	if c := CheckFinite(im.Floats(p)); c >= 0 {
		return im.corrupt(i, "component %d of the plane is %v", c, im.Floats(p)[c])
	}
	switch im.Metric {
	case Euclidean, Manhattan:
		if a := []float32{im.Offset(p)}; CheckFinite(a) == 0 {
			return im.corrupt(i, "plane offset %v", a[0])
		}
	case Dot:
		if f := []float32{im.Factor(p)}; CheckFinite(f) == 0 {
			return im.corrupt(i, "dot_factor %v", f[0])
		}
	}
	return nil
}

// unreached finds a tree node that no root leads to. The originals of the roots are
// reached through their copies only: each must equal one, in any order, since Annoy's threads write trees in any order.
func (v *verifier) unreached() error {
	im, seed := v.im, maphash.MakeSeed()
	copies := make(map[uint64]int, im.Trees) // by hash: a file of roots only would make comparing all with all slow
	for i := int32(im.NNodes - im.Trees); int(i) < im.NNodes; i++ {
		copies[maphash.Bytes(seed, im.nodeBytes(i))]++
	}
	for i := int32(im.NItems); int(i) < im.NNodes-im.Trees; i++ {
		if i%lookEvery == 0 && v.ctx.Err() != nil {
			return v.ctx.Err()
		}
		if v.reached[i] {
			continue
		}
		sum := maphash.Bytes(seed, im.nodeBytes(i))
		if copies[sum] == 0 {
			return im.corrupt(i, "no tree reaches it, and it is not the root that a copy at the end is of")
		}
		copies[sum]--
	}
	return nil
}
