package forest

import (
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/kernel"
)

// rows is the set of vectors that a split looks at: the items in place, or copies of
// some of them side by side, which later passes then find in the cache. A vector is
// named by its index: the id in place, the position among the copies.
type rows struct {
	kernel.Rows
	it  *Items
	ids []int32 // of the copies; nil in place
}

func (it *Items) inPlace() rows {
	return rows{Rows: it.vectorsOf(it.Nodes), it: it}
}

// vectorsOf is the vectors of nodes that follow each other.
func (it *Items) vectorsOf(nodes []byte) kernel.Rows {
	if len(nodes) == 0 { // of nothing there is no address
		return kernel.Rows{}
	}
	return kernel.Rows{Base: unsafe.Add(unsafe.Pointer(unsafe.SliceData(nodes)), it.Vec), Stride: it.Size}
}

// gatherAhead is how many rows ahead are asked for while one is copied: a bucket's rows lie all over memory.
const gatherAhead = 8

// gather copies the items ids. Whole nodes are copied: the header has what angular and dot need beside the vector.
func (w *worker) gather(ids []int32) (rows, error) {
	size := int(w.Size)
	w.copies = grow(w.copies, len(ids)*size)
	for j, id := range ids {
		if j%checkEvery == 0 && w.stop.Load() {
			return rows{}, errStopped
		}
		if ahead := j + gatherAhead; ahead < len(ids) {
			kernel.Prefetch(uintptr(w.node(ids[ahead])), size)
		}
		copy(w.copies[j*size:(j+1)*size], w.Nodes[int(id)*size:])
	}
	return rows{Rows: w.vectorsOf(w.copies), it: w.Items, ids: ids}, nil
}

// grow returns a buffer of n bytes at a multiple of 8, buf if it is large enough.
func grow(buf []byte, n int) []byte {
	if cap(buf) >= n {
		return buf[:n]
	}
	return alignedNodes(n)
}

// alignedNodes is n zero bytes at a multiple of 8, which hamming's words need.
func alignedNodes(n int) []byte {
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)[:n]
}

// id is the item of index i.
func (r *rows) id(i int32) int32 {
	if r.ids == nil {
		return i
	}
	return r.ids[i]
}

func (r *rows) header(i int32) unsafe.Pointer {
	return unsafe.Add(r.Base, uintptr(i)*r.Stride-r.it.Vec)
}

func (r *rows) floats(i int32) []float32 { return r.it.Floats(r.header(i)) }

// extra is the component that a dot item has beyond its vector.
func (r *rows) extra(i int32) float32 {
	if r.it.Metric != annfile.Dot {
		return 0
	}
	return r.it.Factor(r.header(i))
}

// inverseNorm is what normalises vector i for the angular metrics; 0 for a zero vector.
func (r *rows) inverseNorm(i int32) float32 {
	norm := r.it.MaxNorm
	if r.it.Metric == annfile.Angular {
		norm = float32(math.Sqrt(float64(r.it.NormSquared(r.header(i)))))
	}
	if !(norm > 0) {
		return 0
	}
	return 1 / norm
}

// margins writes the signed distances of the vectors to the plane, as far as their sign needs it.
func (r *rows) margins(s *split, index []int32, out []float32) {
	if s.lot {
		clear(out[:len(index)])
		return
	}
	if r.it.Metric == annfile.Hamming {
		for j, i := range index {
			out[j] = -1
			if annfile.PositionBit(r.it.Bits(r.header(i)), s.position) {
				out[j] = 1
			}
		}
		return
	}
	kernel.DotMany(s.normal, r.Rows, index, out)
	switch r.it.Metric {
	case annfile.Euclidean, annfile.Manhattan:
		for j := range index {
			out[j] += s.offset
		}
	case annfile.Dot:
		for j, i := range index {
			out[j] += s.extra * r.extra(i)
		}
	}
}
