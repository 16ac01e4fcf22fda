package annfile

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// good is a tree over 20 items, children before parents.
func good(t *testing.T) *file {
	f := newFile(t, 20)
	left := f.leaf(0, 1, 2, 3, 4)
	low := f.split(10, f.leaf(5, 6, 7, 8, 9, 10), f.leaf(11, 12, 13, 14))
	f.root(left, f.split(15, low, f.leaf(15, 16, 17, 18, 19)))
	return f
}

func (f *file) node(i int) unsafe.Pointer { return unsafe.Pointer(&f.data[i*int(f.Size)]) }

// TestVerifyFinds each way in which a tree can be wrong, and says where.
func TestVerifyFinds(t *testing.T) {
	if im := good(t).parse(t); im.Verify(context.Background()) != nil || len(im.Roots) != 1 || im.NItems != 20 {
		t.Fatalf("the good file: %v", im.Verify(context.Background()))
	}
	const left, deep, low, right, inner = 20, 21, 23, 24, 25 // nodes of good
	for name, c := range map[string]struct {
		damage func(f *file)
		says   string
	}{
		"item twice":           {func(f *file) { f.Leaf(f.node(left), 5)[1] = 0 }, "twice"},
		"item in two leaves":   {func(f *file) { f.Leaf(f.node(left), 5)[1] = 5 }, "twice"},
		"id out of range":      {func(f *file) { f.Leaf(f.node(deep), 6)[0] = 20 }, "id 20"},
		"negative id":          {func(f *file) { f.Leaf(f.node(deep), 6)[0] = -1 }, "id -1"},
		"hole in a leaf":       {func(f *file) { f.SetDescendants(f.node(8), 0) }, "hole"},
		"count of a leaf":      {func(f *file) { f.SetDescendants(f.node(left), 4) }, ""},
		"count of a split":     {func(f *file) { f.SetDescendants(f.node(low), 9) }, "9, but 10"},
		"child out of range":   {func(f *file) { f.Children(f.node(low))[0] = 1000 }, "node 1000"},
		"negative child":       {func(f *file) { f.Children(f.node(low))[1] = -3 }, "node -3"},
		"own child":            {func(f *file) { f.Children(f.node(low))[0] = low }, "own child"},
		"child twice":          {func(f *file) { f.Children(f.node(low))[0] = right }, "9 items below"},
		"cycle":                {func(f *file) { f.Children(f.node(low))[0] = inner }, "two nodes"},
		"unreached node":       {func(f *file) { f.Children(f.node(low))[0] = 5; f.SetDescendants(f.node(low), 10) }, ""},
		"plane not finite":     {func(f *file) { binary.LittleEndian.PutUint32(f.data[low*int(f.Size)+20:], 0x7fc00000) }, "plane"},
		"item not finite":      {func(f *file) { binary.LittleEndian.PutUint32(f.data[3*int(f.Size)+20:], 0x7f800000) }, "item 3"},
		"factor not a number":  {func(f *file) { f.SetFactor(f.node(7), float32(-1)) }, "dot_factor"},
		"item with a tree's n": {func(f *file) { f.SetDescendants(f.node(7), 2) }, "n_descendants 2"},
	} {
		f := good(t)
		c.damage(f)
		im, err := Parse(f.Layout, alignedCopy(f.data))
		if err == nil {
			err = im.Verify(context.Background())
		}
		var where *CorruptError
		if !errors.As(err, &where) || !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		} else if where.Offset < 0 || where.Offset >= int64(len(f.data)) {
			t.Errorf("%s: offset %d of %d", name, where.Offset, len(f.data))
		}
	}
}

func alignedCopy(b []byte) []byte {
	words := make([]uint64, len(b)/8+1)
	return append(unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)[:0], b...)
}

// TestParentsFirst: early versions of Annoy wrote parents before children.
func TestParentsFirst(t *testing.T) {
	f := newFile(t, 12)
	f.split(12, 13, 14)
	f.leaf(0, 1, 2, 3, 4, 5)
	f.leaf(6, 7, 8, 9, 10, 11)
	f.split(12, 16, 17)
	f.leaf(0, 2, 4, 6, 8, 10)
	f.leaf(1, 3, 5, 7, 9, 11)
	f.split(12, 13, 14)
	f.split(12, 16, 17)
	im := f.parse(t)
	if err := im.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	if !slices.Equal(im.Roots, []int32{19, 18}) || im.NItems != 12 {
		t.Errorf("roots %v of %d items", im.Roots, im.NItems)
	}
}

// TestRootsOfManyTrees are found whatever their number, each once.
func TestRootsOfManyTrees(t *testing.T) {
	for trees := 1; trees <= 20; trees++ {
		f := newFile(t, 8)
		var roots []int32
		for k := range int32(trees) {
			a := f.leaf(k%8, (k+1)%8, (k+2)%8)
			b := f.leaf((k+3)%8, (k+4)%8, (k+5)%8, (k+6)%8, (k+7)%8)
			roots = append(roots, f.split(8, a, b))
		}
		for _, r := range roots {
			f.data = append(f.data, f.data[int(r)*int(f.Size):int(r+1)*int(f.Size)]...)
		}
		im := f.parse(t)
		if err := im.Verify(context.Background()); err != nil || len(im.Roots) != trees {
			t.Errorf("%d trees: %d found (%v)", trees, len(im.Roots), err)
		}
	}
}

// TestOldAngular: versions before 1.9 stored no norms.
func TestOldAngular(t *testing.T) {
	l, err := NewLayout(Angular, 3, Released)
	if err != nil {
		t.Fatal(err)
	}
	f := &file{Layout: l, items: 7}
	for i := range 7 {
		f.add(1)
		copy(f.Floats(f.last()), []float32{float32(i), 1, 2})
	}
	f.root(f.leaf(0, 1, 2), f.leaf(3, 4, 5, 6))
	for _, norm := range []float32{0, 5, 5.000001, 5.001, -5} { // the first item's squared norm is 5
		f.SetNormSquared(f.node(0), norm)
		im, err := Parse(f.Layout, alignedCopy(f.data))
		if err == nil {
			err = im.Verify(context.Background())
		}
		if ok := norm == 0 || norm == 5 || norm == 5.000001; (err == nil) != ok {
			t.Errorf("squared norm %v: %v", norm, err)
		}
	}
}

// TestVerifyStops with its context.
func TestVerifyStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := good(t).parse(t).Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestParseRefuses what no writer of the format makes.
func TestParseRefuses(t *testing.T) {
	f := good(t)
	size := int(f.Size)
	for name, data := range map[string][]byte{
		"nothing":            nil,
		"half a node":        f.data[:size/2],
		"a node and a half":  f.data[:size*3/2],
		"items only":         f.data[:20*size],
		"one item":           f.data[:size],
		"without the copy":   f.data[:len(f.data)-size],
		"a copy of an other": append(slices.Clone(f.data[:len(f.data)-size]), f.data[:size]...),
	} {
		if im, err := Parse(f.Layout, alignedCopy(data)[:len(data)]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %+v (%v)", name, im, err)
		}
	}
}

// TestRootsOfThreads: Annoy's threads write trees and list roots in orders of their own, and where the tree before
// the copies is not the last root's, Annoy searches it twice.
func TestRootsOfThreads(t *testing.T) {
	for _, swap := range []bool{false, true} {
		f := newFile(t, 20)
		var roots [2]int32
		for tree := range roots {
			ids := make([]int32, 20)
			for i := range ids {
				ids[i] = int32((i + 7*tree) % 20)
			}
			low := f.split(10, f.leaf(ids[:5]...), f.leaf(ids[5:10]...))
			high := f.split(10, f.leaf(ids[10:15]...), f.leaf(ids[15:]...))
			roots[tree] = f.split(20, low, high)
		}
		if swap {
			roots[0], roots[1] = roots[1], roots[0]
		}
		for _, r := range roots {
			kids := *f.Children(f.node(int(r)))
			f.split(20, kids[0], kids[1])
		}
		im := f.parse(t)
		want := 2
		if swap {
			want = 3
		}
		if im.Trees != 2 || len(im.Roots) != want {
			t.Errorf("swapped %v: %d trees, %d starts of a search, want 2 and %d", swap, im.Trees, len(im.Roots), want)
		}
		if err := im.Verify(context.Background()); err != nil {
			t.Errorf("swapped %v: %v", swap, err)
		}
	}
}

// TestRootsSideBySide: two threads of Annoy ended one right after the other, so that two roots are before the copies.
func TestRootsSideBySide(t *testing.T) {
	for _, c := range []struct {
		order  []int // of the originals; the copies are 0, 1, 2
		starts int
	}{
		{[]int{1, 2}, 5}, // both trees are searched twice
		{[]int{2, 1}, 4}, // Annoy takes the first for the last root, and away
	} {
		f := newFile(t, 20)
		var kids [3][2]int32
		for tree := range kids {
			ids := make([]int32, 20)
			for i := range ids {
				ids[i] = int32((i + 7*tree) % 20)
			}
			kids[tree][0] = f.split(10, f.leaf(ids[:5]...), f.leaf(ids[5:10]...))
			kids[tree][1] = f.split(10, f.leaf(ids[10:15]...), f.leaf(ids[15:]...))
			if tree == 0 {
				f.split(20, kids[0][0], kids[0][1])
			}
		}
		for _, tree := range append(c.order, 0, 1, 2) {
			f.split(20, kids[tree][0], kids[tree][1])
		}
		im := f.parse(t)
		if im.Trees != 3 || len(im.Roots) != c.starts {
			t.Errorf("order %v: %d trees, %d starts of a search, want 3 and %d", c.order, im.Trees, len(im.Roots), c.starts)
		}
		if err := im.Verify(context.Background()); err != nil {
			t.Errorf("order %v: %v", c.order, err)
		}
	}
}
