package annoy

import (
	"iter"
	"runtime/debug"
	"sync"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/forest"
	"github.com/annoy-go/annoy/internal/mmap"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// Index is a built index, in memory or mapped from a file. It never changes and is safe for
// concurrent use. Close it when it came from Open.
type Index struct {
	im       *annfile.Image
	metric   Metric
	file     *mmap.Map // nil where the bytes are not from a file
	meta     *sidecar.Meta
	seed     uint64
	warnings []string
	scratch  sync.Pool // of *forest.Searcher
	gate     gate
}

func newIndex(im *annfile.Image, m Metric) *Index {
	return &Index{im: im, metric: m, gate: newGate(), scratch: sync.Pool{New: func() any { return new(forest.Searcher) }}}
}

// begin and end bracket every method that reads the index's bytes:
//
//	prev, err := ix.begin()
//	if err != nil { … }
//	defer ix.end(prev, &err)
//
// Between them Close waits, and a page fault of the mapping becomes err.
func (ix *Index) begin() (prev bool, err error) {
	if !ix.gate.enter() {
		return false, ErrClosed
	}
	return debug.SetPanicOnFault(true), nil
}

// Stats describe an index.
type Stats struct {
	Kind         Kind       `json:"kind"`
	Metric       Metric     `json:"metric"`
	Dim          int        `json:"dim"`
	Items        int        `json:"items"` // largest id + 1
	Holes        int        `json:"holes"` // ids below Items that no item has
	Trees        int        `json:"trees"`
	Nodes        int        `json:"nodes"`         // items, tree nodes and copies of roots
	Bytes        int64      `json:"bytes"`         // of the file
	NodeBytes    int        `json:"node_bytes"`    // of one node
	LeafCapacity int        `json:"leaf_capacity"` // ids that fit a leaf
	DotDialect   DotDialect `json:"dot_dialect"`
	Mapped       bool       `json:"mapped"`  // from a file, not a copy in memory
	Sidecar      bool       `json:"sidecar"` // a sidecar described the file
	Seed         uint64     `json:"seed"`    // of the build; 0 where not known
}

// Len is the largest id + 1, Annoy's n_items: holes count.
func (ix *Index) Len() int { return ix.im.NItems }

// Dim is the number of components of a vector.
func (ix *Index) Dim() int { return ix.im.Dim }

// Metric is what distances are measured by.
func (ix *Index) Metric() Metric { return ix.metric }

// Trees is how many trees the forest has.
func (ix *Index) Trees() int { return ix.im.Trees }

// Warnings are what Open found worth telling: a sidecar that was ignored.
func (ix *Index) Warnings() []string { return ix.warnings }

// Stats describes the index. Counting the holes reads a few bytes of every item. Errors: ErrClosed, ErrCorrupt.
func (ix *Index) Stats() (s Stats, err error) {
	prev, err := ix.begin()
	if err != nil {
		return s, err
	}
	defer ix.end(prev, &err)
	im := ix.im
	s = Stats{
		Kind: Forest, Metric: ix.metric, Dim: im.Dim, Items: im.NItems, Trees: im.Trees, Nodes: im.NNodes,
		Bytes: int64(im.NNodes) * int64(im.Size), NodeBytes: int(im.Size), LeafCapacity: im.LeafCap,
		Mapped: ix.file != nil && ix.file.Mapped(), Sidecar: ix.meta != nil, Seed: ix.seed, DotDialect: dialectOf(&im.Layout),
	}
	for i := range int32(im.NItems) {
		if im.Descendants(im.Node(i)) != 1 {
			s.Holes++
		}
	}
	return s, nil
}

// item is the node of an id.
func (ix *Index) item(id int64) (unsafe.Pointer, error) {
	if id < 0 || id >= int64(ix.im.NItems) {
		return nil, noSuchID(id, ix.im.NItems)
	}
	p := ix.im.Node(int32(id))
	if ix.im.Descendants(p) != 1 {
		return nil, fail(ErrNotFound, "%d is a hole", id)
	}
	return p, nil
}

// Vector is the vector of an item, Dim components; of a hamming index, zeros and
// ones. Errors: ErrNotFound, ErrClosed, ErrCorrupt.
func (ix *Index) Vector(id int64) ([]float32, error) {
	return ix.AppendVector(make([]float32, 0, ix.im.Dim), id)
}

// AppendVector is Vector appended to dst.
func (ix *Index) AppendVector(dst []float32, id int64) (_ []float32, err error) {
	prev, err := ix.begin()
	if err != nil {
		return dst, err
	}
	defer ix.end(prev, &err)
	p, err := ix.item(id)
	if err != nil {
		return dst, err
	}
	return appendVector(dst, &ix.im.Layout, p), nil
}

func appendVector(dst []float32, l *annfile.Layout, p unsafe.Pointer) []float32 {
	if l.Metric == annfile.Hamming {
		return annfile.UnpackBits(dst, l.Bits(p), l.Dim)
	}
	return append(dst, l.Floats(p)...)
}

// Distance is the distance of two items; for Dot their product. Errors: ErrNotFound, ErrClosed, ErrCorrupt.
func (ix *Index) Distance(i, j int64) (d float32, err error) {
	prev, err := ix.begin()
	if err != nil {
		return 0, err
	}
	defer ix.end(prev, &err)
	for _, id := range [2]int64{i, j} {
		if _, err := ix.item(id); err != nil {
			return 0, err
		}
	}
	return ix.metric.distance(forest.Raw(ix.im, int32(i), int32(j))), nil
}

// distance is what the user is told for a raw distance.
func (m Metric) distance(raw float32) float32 {
	if m == Cosine {
		return max(raw, 0) / 2
	}
	return forest.Distance(m.stored(), raw)
}

// All yields every item in order of ids, holes left out. The vector is valid until the next step. It
// ends early when the index is closed, or its file is cut short.
func (ix *Index) All() iter.Seq2[int64, []float32] {
	return func(yield func(int64, []float32) bool) {
		buf := make([]float32, 0, ix.im.Dim)
		for id := range int64(ix.im.NItems) {
			v, err := ix.AppendVector(buf[:0], id)
			switch {
			case err == nil:
				if !yield(id, v) {
					return
				}
			case !isHole(err):
				return
			}
		}
	}
}

// Close waits for the searches under way and gives the mapping back. Later calls get ErrClosed;
// closing again does nothing. It must not be called from within All's loop or a Filter.
func (ix *Index) Close() error {
	if !ix.gate.close() || ix.file == nil {
		return nil
	}
	return ix.file.Close()
}
