package annoy

import (
	"bytes"
	"iter"
	"runtime/debug"
	"sync/atomic"

	"github.com/annoy-go/annoy/internal/mmap"
)

// Index is a built index, in memory or mapped from a file. It never changes and is safe for
// concurrent use. Close it when it came from Open.
type Index struct {
	backend  backend
	metric   Metric
	dim      int       // the backend's, at hand for every search
	file     *mmap.Map // nil where the bytes are not from a file
	access   Access
	warnings atomic.Pointer[[]string]
	gate     gate
}

func newIndex(b backend, m Metric) *Index {
	return &Index{backend: b, metric: m, dim: b.dim(), gate: newGate()}
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
	Items        int        `json:"items"`         // Len: of a forest the largest id + 1
	Holes        int        `json:"holes"`         // forest: ids below Items that no item has
	Trees        int        `json:"trees"`         // forest
	Nodes        int        `json:"nodes"`         // forest: items, tree nodes and copies of roots
	Bytes        int64      `json:"bytes"`         // of the file
	NodeBytes    int        `json:"node_bytes"`    // forest: of one node
	LeafCapacity int        `json:"leaf_capacity"` // forest: ids that fit a leaf
	DotDialect   DotDialect `json:"dot_dialect"`   // forest
	Mapped       bool       `json:"mapped"`        // from a file, not a copy in memory
	Access       Access     `json:"access"`
	Sidecar      bool       `json:"sidecar"` // a sidecar described the file
	Seed         uint64     `json:"seed"`    // of the build; 0 where not known

	Canopy *CanopyStats `json:"canopy,omitempty"` // nil for a forest
}

// Len is how many items there are. In a forest holes count: it is the largest id + 1, Annoy's n_items.
func (ix *Index) Len() int { return ix.backend.len() }

// Kind is the kind of the index.
func (ix *Index) Kind() Kind { return ix.backend.kind() }

// Dim is the number of components of a vector.
func (ix *Index) Dim() int { return ix.dim }

// Metric is what distances are measured by.
func (ix *Index) Metric() Metric { return ix.metric }

// Trees is how many trees the forest has; 0 for a canopy.
func (ix *Index) Trees() int {
	if f, ok := ix.backend.(*forestIndex); ok {
		return f.im.Trees
	}
	return 0
}

// Warnings are what Open, or since then the last Save or SaveDialect, found worth telling: a sidecar that was ignored, or that
// was not written; a file that had to be overwritten in place.
func (ix *Index) Warnings() []string {
	if w := ix.warnings.Load(); w != nil {
		return *w
	}
	return nil
}

// collect returns what adds a warning to *to.
func collect(to *[]string) func(string) {
	return func(text string) { *to = append(*to, text) }
}

// Stats describes the index. Counting the holes of a forest reads a few bytes of every item; counting the leaves of a
// canopy reads their directory. Errors: ErrClosed, ErrCorrupt.
func (ix *Index) Stats() (s Stats, err error) {
	prev, err := ix.begin()
	if err != nil {
		return s, err
	}
	defer ix.end(prev, &err)
	s = Stats{
		Kind: ix.backend.kind(), Metric: ix.metric, Dim: ix.dim, Mapped: ix.file != nil && ix.file.Mapped(), Access: ix.access,
	}
	err = ix.backend.stats(&s)
	return s, err
}

// Vector is the vector of an item, Dim components; of a hamming index, zeros and
// ones. Errors: ErrNotFound, ErrClosed, ErrCorrupt.
func (ix *Index) Vector(id int64) ([]float32, error) {
	return ix.AppendVector(make([]float32, 0, ix.dim), id)
}

// AppendVector is Vector appended to dst.
func (ix *Index) AppendVector(dst []float32, id int64) (_ []float32, err error) {
	prev, err := ix.begin()
	if err != nil {
		return dst, err
	}
	defer ix.end(prev, &err)
	return ix.backend.appendVector(dst, id)
}

// Distance is the distance of two items; for Dot their product. Errors: ErrNotFound, ErrClosed, ErrCorrupt.
func (ix *Index) Distance(i, j int64) (d float32, err error) {
	prev, err := ix.begin()
	if err != nil {
		return 0, err
	}
	defer ix.end(prev, &err)
	return ix.backend.distance(i, j)
}

// Item is an item of an index.
type Item struct {
	ID     int64
	Vector []float32 // Dim components
}

// All yields every item in order of ids, holes left out. The vector is valid until the next step. An error is the last that it yields,
// with no item: ErrClosed where the index is closed meanwhile, ErrCorrupt where its file is damaged or cut short.
func (ix *Index) All() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		prev, err := ix.begin()
		if err != nil { // also of an index without items
			yield(Item{}, err)
			return
		}
		ix.end(prev, &err)
		buf := make([]float32, 0, ix.dim)
		for place := range ix.backend.places() {
			id, v, err := ix.itemAt(buf[:0], place)
			switch {
			case isHole(err):
			case err != nil:
				yield(Item{}, err)
				return
			case !yield(Item{id, v}, nil):
				return
			}
		}
	}
}

// Key is the key that an item was added with, "" where it has none. Errors: ErrNotFound, ErrClosed, ErrCorrupt.
func (ix *Index) Key(id int64) (key string, err error) {
	prev, err := ix.begin()
	if err != nil {
		return "", err
	}
	defer ix.end(prev, &err)
	if c, ok := ix.backend.(*canopyIndex); ok {
		return c.key(id)
	}
	_, err = ix.backend.(*forestIndex).item(id)
	return "", err
}

// Lookup is the id of the item that was added with a key. Errors: ErrNotFound, ErrClosed, ErrCorrupt.
func (ix *Index) Lookup(key string) (id int64, err error) {
	prev, err := ix.begin()
	if err != nil {
		return 0, err
	}
	defer ix.end(prev, &err)
	if c, ok := ix.backend.(*canopyIndex); ok {
		return c.lookup(key)
	}
	return 0, fail(ErrNotFound, "key %q: a forest keeps no keys, a canopy does", key)
}

// Metadata is a copy of BuildOptions.Metadata, nil where there is none. Errors: ErrClosed, ErrCorrupt.
func (ix *Index) Metadata() (data []byte, err error) {
	prev, err := ix.begin()
	if err != nil {
		return nil, err
	}
	defer ix.end(prev, &err)
	if c, ok := ix.backend.(*canopyIndex); ok {
		return bytes.Clone(c.ix.Metadata()), nil
	}
	return nil, nil
}

// itemAt is the item at a place of the order of ids.
func (ix *Index) itemAt(dst []float32, place int) (id int64, v []float32, err error) {
	prev, err := ix.begin()
	if err != nil {
		return 0, dst, err
	}
	defer ix.end(prev, &err)
	return ix.backend.itemAt(dst, place)
}

// Close waits for the searches under way and gives the mapping back. Later calls get ErrClosed;
// closing again does nothing. It must not be called from within All's loop or a Filter.
func (ix *Index) Close() error {
	if !ix.gate.close() || ix.file == nil {
		return nil
	}
	return ix.file.Close()
}
