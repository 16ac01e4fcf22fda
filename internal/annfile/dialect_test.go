package annfile

import (
	"context"
	"errors"
	"testing"
	"unsafe"
)

// file writes the bytes of a released dot file of 3 components, whose leaves hold 6 ids.
type file struct {
	Layout
	items int
	data  []byte
}

func newFile(t *testing.T, items int) *file {
	t.Helper()
	l, err := NewLayout(Dot, 3, Released)
	if err != nil {
		t.Fatal(err)
	}
	f := &file{Layout: l, items: items}
	for i := range items {
		f.add(1)
		copy(f.Floats(f.last()), []float32{float32(i), 1, -1})
	}
	return f
}

func (f *file) last() unsafe.Pointer { return unsafe.Pointer(&f.data[len(f.data)-int(f.Size)]) }

func (f *file) add(descendants int) int32 {
	f.data = append(f.data, make([]byte, f.Size)...)
	f.SetDescendants(f.last(), int32(descendants))
	return int32(len(f.data)/int(f.Size) - 1)
}

func (f *file) split(descendants int, left, right int32) int32 {
	i := f.add(descendants)
	*f.Children(f.last()) = [2]int32{left, right}
	return i
}

func (f *file) leaf(ids ...int32) int32 {
	i := f.add(len(ids))
	copy(f.Leaf(f.last(), len(ids)), ids)
	return i
}

// root writes the root and its copy.
func (f *file) root(left, right int32) {
	f.split(f.items, left, right)
	f.split(f.items, left, right)
}

func (f *file) parse(t *testing.T) *Image {
	t.Helper()
	im, err := Parse(f.Layout, append(make([]byte, 0, (len(f.data)+7)/8*8), f.data...))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// TestConvertDoublingPaths: two paths to every node, 60 levels deep, must not be walked 2^60 times.
func TestConvertDoublingPaths(t *testing.T) {
	f := newFile(t, 20)
	at := f.leaf(0, 1, 2, 3, 4, 5)
	for range 60 {
		at = f.split(10, at, at)
	}
	f.root(at, at)
	wantCorrupt(t, f)
}

// TestConvertUnderstatedNode: a node that says 7 and leads to 24 ids must not be written as a leaf.
func TestConvertUnderstatedNode(t *testing.T) {
	f := newFile(t, 40)
	low := f.split(20, f.leaf(0, 1, 2, 3, 4, 5), f.leaf(6, 7, 8, 9, 10, 11))
	high := f.split(20, f.leaf(12, 13, 14, 15, 16, 17), f.leaf(18, 19, 20, 21, 22, 23))
	f.root(f.split(7, low, high), f.split(33, low, high))
	if _, err := Convert(f.parse(t), Main); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

// TestConvertCycle: splits that lead to each other.
func TestConvertCycle(t *testing.T) {
	for _, descendants := range []int{7, 15} { // gathered as a leaf, and walked
		f := newFile(t, 30)
		next := int32(len(f.data)/int(f.Size)) + 1
		f.split(descendants, next, next)
		f.split(descendants, next-1, next-1)
		f.root(next, next)
		wantCorrupt(t, f)
	}
}

func wantCorrupt(t *testing.T, f *file) {
	t.Helper()
	im := f.parse(t)
	for _, d := range []Dialect{Released, Main} {
		if _, err := Convert(im, d); !errors.Is(err, ErrCorrupt) {
			t.Errorf("conversion to dialect %d: %v", d, err)
		}
	}
	if err := im.Verify(context.Background()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Verify: %v", err)
	}
}

// TestConvertHoles: whatever bytes a hole has, they do not count.
func TestConvertHoles(t *testing.T) {
	f := newFile(t, 20)
	hole := unsafe.Pointer(&f.data[4*int(f.Size)])
	f.SetDescendants(hole, 0)
	f.Floats(hole)[0] = 1e30
	left := f.leaf(0, 1, 2, 3, 5)
	deep := f.split(8, f.leaf(12, 13, 14, 15), f.leaf(16, 17, 18, 19))
	f.root(left, f.split(14, f.leaf(6, 7, 8, 9, 10, 11), deep))
	im := f.parse(t)
	if err := im.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
	to, err := Convert(im, Main)
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	if got := to.Factor(to.Node(19)); got != 0 {
		t.Errorf("the longest item's extra component is %v, want 0", got)
	}
	for _, b := range unsafe.Slice((*byte)(to.Node(4)), to.Size) {
		if b != 0 {
			t.Fatal("the hole is not zeros")
		}
	}
}
