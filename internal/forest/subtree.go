package forest

import (
	"unsafe"

	"github.com/annoy-go/annoy/internal/kiss"
)

// worker is the scratch of one goroutine's computing.
type worker struct {
	*build
	splitter
	copies []byte    // gathered rows
	index  []int32   // of the rows still to be divided
	spare  []int32   // the right side while dividing
	margin []float32 // one block
	number int       // of the tree
	out    []byte    // nodes written
	split  split
}

// margins are computed and their sides taken in blocks: the stop flag is looked at between them.
const marginBlock = 1024

func newWorker(b *build) *worker {
	w := &worker{build: b, splitter: splitter{halt: &b.stop}, margin: make([]float32, marginBlock)}
	if b.Words == 0 {
		w.p.v, w.q.v, w.split.normal = make([]float32, b.Dim), make([]float32, b.Dim), make([]float32, b.Dim)
	}
	return w
}

// worker waits for a free one; give it back to b.workers.
func (b *build) worker() *worker {
	w := <-b.workers
	if w == nil {
		w = newWorker(b)
	}
	return w
}

const (
	maxAttempts   = 3
	goodImbalance = 0.95 // below this a split is taken at once
	maxImbalance  = 0.99 // above this sides are drawn by lot
)

// imbalance is the larger side's share.
func imbalance(left, right int) float64 {
	return float64(max(left, right)) / float64(left+right)
}

// subtree builds the tree over ids, a part of tree number t below path, and returns its nodes, the
// root last; nil where the part is one item. isRoot: the part is the whole tree.
func (w *worker) subtree(t int, path uint64, ids []int32, isRoot bool) ([]byte, error) {
	w.number, w.out = t, w.out[:0]
	r := w.inPlace()
	w.index = append(w.index[:0], ids...)
	if len(ids) > 0 && len(ids)*int(w.Size) <= 2*bucketBytes {
		var err error
		if r, err = w.gather(ids); err != nil {
			return nil, err
		}
		for i := range w.index {
			w.index[i] = int32(i)
		}
	}
	if _, err := w.make(&r, w.index, path, isRoot); err != nil || len(w.out) == 0 {
		return nil, err
	}
	// An exact copy: many wait for the rest of their tree.
	return append(alignedNodes(len(w.out))[:0], w.out...), nil
}

// make writes the tree over index and returns its number: an item's id, or n plus the position in w.out.
func (w *worker) make(r *rows, index []int32, path uint64, isRoot bool) (int32, error) {
	if len(index) == 1 && !isRoot {
		return r.id(index[0]), nil
	}
	if isRoot && w.rootIsLeaf() || !isRoot && len(index) <= w.LeafCap {
		return w.leaf(r, index, isRoot), nil
	}
	rng := kiss.Stream(w.Seed, w.number, path)
	left, err := w.divide(r, index, &rng)
	if err != nil {
		return 0, err
	}
	// The split must outlive the children, which use the same scratch: its node is kept aside.
	node := make([]byte, w.Size)
	p := unsafe.Pointer(unsafe.SliceData(node))
	w.split.write(w.Items, p)
	w.SetDescendants(p, int32(len(index)))
	if isRoot {
		w.SetDescendants(p, w.n)
	}
	sides := [2][]int32{index[:left], index[left:]}
	first := 0 // the smaller side is written first
	if len(sides[0]) > len(sides[1]) {
		first = 1
	}
	for _, side := range [2]int{first, 1 - first} {
		c, err := w.make(r, sides[side], child(path, side), false)
		if err != nil {
			return 0, err
		}
		w.Children(p)[side] = c
	}
	return w.append(node), nil
}

// Paths name the random streams of a tree.
const (
	rootPath   = 1
	samplePath = 0 // no node's: 2·path+side+1 is never 0 near the root, and deep paths are scattered
)

// child is the path of one side, a hash of the sides taken from the root.
func child(path uint64, side int) uint64 {
	return (path*2+uint64(side))*0x9e3779b97f4a7c15 + 1
}

func (w *worker) append(node []byte) int32 {
	w.out = append(w.out, node...)
	return w.n + int32(len(w.out)/int(w.Size)) - 1
}

func (w *worker) leaf(r *rows, index []int32, isRoot bool) int32 {
	w.out = append(w.out, make([]byte, w.Size)...)
	p := unsafe.Pointer(&w.out[len(w.out)-int(w.Size)])
	w.SetDescendants(p, int32(len(index)))
	if isRoot {
		w.SetDescendants(p, w.n)
	}
	ids := w.Leaf(p, len(index))
	for j, i := range index {
		ids[j] = r.id(i)
	}
	return w.n + int32(len(w.out)/int(w.Size)) - 1
}

// divide chooses w.split for index and sorts the left side before the right, each in its old order. It
// returns how many are left: neither none nor all.
func (w *worker) divide(r *rows, index []int32, rng *kiss.Source) (left int, err error) {
	for range maxAttempts {
		w.choose(r, index, rng, &w.split)
		if left, err = w.partition(r, &w.split, index, rng.Uint64()); err != nil {
			return 0, err
		}
		if imbalance(left, len(index)-left) < goodImbalance {
			return left, nil
		}
	}
	for imbalance(left, len(index)-left) > maxImbalance {
		w.split.drawLots()
		if left, err = w.partition(r, &w.split, index, rng.Uint64()); err != nil {
			return 0, err
		}
	}
	return left, nil
}

// partition sorts index by side of a split, as divide does; a vector on the plane is put to either by the hash of salt
// and its id.
func (w *worker) partition(r *rows, s *split, index []int32, salt uint64) (left int, err error) {
	right := w.spare[:0]
	for at := 0; at < len(index); at += marginBlock {
		if w.stop.Load() {
			return 0, errStopped
		}
		part := index[at:min(at+marginBlock, len(index))]
		r.margins(s, part, w.margin)
		for j, i := range part {
			if isRight(w.margin[j], salt, r.id(i)) {
				right = append(right, i)
			} else {
				index[left] = i
				left++
			}
		}
	}
	copy(index[left:], right)
	w.spare = right
	return left, nil
}

// isRight tells the side of a margin; 0 and NaN are drawn by lot.
func isRight(margin float32, salt uint64, id int32) bool {
	switch {
	case margin > 0:
		return true
	case margin < 0:
		return false
	}
	h := (salt ^ uint64(id)) * 0xbf58476d1ce4e5b9
	h ^= h >> 31
	return (h*0x94d049bb133111eb)>>63 == 1
}
