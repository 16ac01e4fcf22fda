package annoy

import (
	"context"
	"fmt"
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/mmap"
)

// memoryItems is the itemStore of a builder in memory. Ids that a forest would like, few of them unused, have the place
// of their number, as in a forest; with others the store goes over to a list, which costs nothing for an id that is large
// or negative. A forest of such a list is built from a copy. A forest shares its nodes with the builder, which copies
// them before it changes one.
type memoryItems struct {
	layout   annfile.Layout
	expected int // items to make room for at first
	warn     func(string)
	nodes    []byte
	items    int  // ids that have a node
	listed   bool // places are those of list, else ids
	list     arrivals
	shared   bool
}

// fewHoles is what unused ids may take, in bytes, whatever their share.
const fewHoles = 4 << 20

func (s *memoryItems) places() int { return len(s.nodes) / int(s.layout.Size) }

func (s *memoryItems) len() int64 {
	if s.listed {
		return s.list.length()
	}
	return int64(s.places())
}

// place is where the item of an id lies.
func (s *memoryItems) place(id int64) (place int, ok bool) {
	if s.listed {
		return s.list.place(id)
	}
	if id < 0 || id >= int64(s.places()) {
		return 0, false
	}
	return int(id), s.layout.Descendants(unsafe.Pointer(&s.nodes[int(id)*int(s.layout.Size)])) == 1
}

func (s *memoryItems) put(id int64, node []byte) error {
	place, known := s.place(id)
	switch {
	case known:
	case !s.listed && s.likes(id):
		place = int(id)
	default:
		if !s.listed {
			if err := s.toList(); err != nil {
				return err
			}
		}
		if err := s.list.room(); err != nil {
			return err
		}
		place = s.list.n
	}
	if err := s.write(id, place, node); err != nil || known {
		return err
	}
	if s.listed {
		s.list.add(id)
	}
	s.items++
	return nil
}

// likes tells whether a new id may have the place of its number.
func (s *memoryItems) likes(id int64) bool {
	if id < 0 || id >= math.MaxInt32 {
		return false
	}
	holes := max(id+1, int64(s.places())) - int64(s.items) - 1
	return id < int64(s.expected) || holes <= int64(s.items) || holes*int64(s.layout.Size) <= fewHoles
}

// write puts a node to a place, the last or a new one.
func (s *memoryItems) write(id int64, place int, node []byte) error {
	at := int64(place) * int64(len(node))
	// A dot item behind those of the index may change the extra component of all.
	if s.shared && (at < int64(len(s.nodes)) || s.layout.Metric == annfile.Dot) {
		if err := s.own(); err != nil {
			return err
		}
	}
	if end := at + int64(len(node)); end > int64(len(s.nodes)) {
		if err := s.extendTo(id, end); err != nil {
			return err
		}
	}
	copy(s.nodes[at:], node)
	return nil
}

// own makes a copy of nodes that an index shares.
func (s *memoryItems) own() error {
	own, ok := allocate(int64(len(s.nodes)))
	if !ok {
		return fail(ErrMemory, "changing items that an index shares takes a copy of %d bytes", len(s.nodes))
	}
	s.nodes, s.shared = append(own[:0], s.nodes...), false
	return nil
}

// toList goes over to a list: the items move together, in order of their ids.
func (s *memoryItems) toList() error {
	if s.shared && s.items < s.places() {
		if err := s.own(); err != nil {
			return err
		}
	}
	s.list, s.listed = arrivals{}, true
	size, kept := int(s.layout.Size), 0
	for at := 0; at < len(s.nodes); at += size {
		if s.layout.Descendants(unsafe.Pointer(&s.nodes[at])) != 1 {
			continue
		}
		s.list.add(int64(at / size))
		if kept != at {
			copy(s.nodes[kept:], s.nodes[at:at+size])
		}
		kept += size
	}
	clear(s.nodes[kept:])
	s.nodes = s.nodes[:kept]
	return nil
}

// toForest gives every item the place of its number, as a forest needs it, which may take much more memory, or more
// than there is: the error is then that of an id, and the list stays.
func (s *memoryItems) toForest() error {
	if !s.listed {
		s.warnOfHoles(int64(s.places()))
		return nil
	}
	for place := range s.list.n {
		if err := checkForestID(s.list.id(place)); err != nil {
			return err
		}
	}
	n, size := s.list.length(), int64(s.layout.Size)
	s.warnOfHoles(n)
	nodes, ok := allocate(max(n*size, int64(len(s.nodes))))
	if !ok {
		return fail(ErrMemory, "ids up to %d, used or not, take %d bytes", s.list.max, n*size)
	}
	for place := range s.list.n {
		copy(nodes[s.list.id(place)*size:], s.nodes[int64(place)*size:int64(place+1)*size])
	}
	s.nodes, s.shared, s.listed, s.list = nodes[:n*size], false, false, arrivals{}
	return nil
}

// checkForestID refuses an id that no forest has.
func checkForestID(id int64) error {
	switch {
	case id < 0:
		return optionError("id %d, a forest's are 0 or more", id)
	case id >= math.MaxInt32:
		return fail(ErrTooLarge, "id %d, an .ann file holds ids below %d", id, math.MaxInt32)
	}
	return nil
}

// holesWorthWarning is the size of the unused ids of a forest, in bytes, from which the caller is told.
const holesWorthWarning = 1 << 30

func (s *memoryItems) warnOfHoles(n int64) {
	holes := n - int64(s.items)
	if gap := holes * int64(s.layout.Size); gap > holesWorthWarning && s.warn != nil {
		s.warn(fmt.Sprintf("%d ids up to %d have no item; a forest stores them all, %d bytes", holes, n-1, gap))
	}
}

// extendTo makes room for the items up to id, n bytes.
func (s *memoryItems) extendTo(id int64, n int64) (err error) {
	if s.nodes == nil && s.expected > 0 {
		room := int64(s.expected) * int64(s.layout.Size)
		nodes, ok := allocate(room)
		if !ok {
			return fail(ErrMemory, "room for Items %d takes %d bytes", s.expected, room)
		}
		s.nodes = nodes[:0]
	}
	nodes, ok := grow(s.nodes, n)
	if !ok {
		return fail(ErrMemory, "the items up to id %d take %d bytes", id, n)
	}
	s.nodes = nodes
	return nil
}

func (s *memoryItems) get(id int64, node []byte) error {
	place, ok := s.place(id)
	if !ok {
		return s.missing(id)
	}
	copy(node, s.nodes[place*len(node):])
	return nil
}

// missing is the error of an id that no item has.
func (s *memoryItems) missing(id int64) error {
	if s.listed {
		return fail(ErrNotFound, "%d", id)
	}
	return noItem(id, s.places())
}

func (s *memoryItems) abort() { s.nodes, s.list = nil, arrivals{} }

func (s *memoryItems) buildForest(ctx context.Context, job *treeJob) (*Index, error) {
	if err := s.toForest(); err != nil {
		return nil, err
	}
	var maxNorm float32
	if job.metric == Dot {
		var err error
		if maxNorm, err = s.extend(ctx); err != nil {
			return nil, err
		}
	}
	mmap.AdviseHuge(s.nodes) // which do not grow any more; the system sees to it by and by
	var trees []byte
	n, err := job.run(ctx, s.nodes, maxNorm, func(nodes []byte) error {
		at := len(trees)
		larger, ok := grow(trees, int64(at)+int64(len(nodes)))
		if !ok {
			return fail(ErrMemory, "trees of %d bytes so far, and %d more", at, len(nodes))
		}
		trees = larger
		copy(trees[at:], nodes)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// An exact copy, for the sake of memory only.
	if exact, ok := allocate(int64(len(trees))); ok {
		trees = append(exact[:0], trees...)
	}
	im, err := annfile.New(job.layout, s.nodes, trees, n)
	if err != nil {
		return nil, err
	}
	s.shared = true
	f := newForestIndex(im, job.metric)
	f.seed = job.opts.Seed
	return newIndex(f, job.metric), nil
}

// buildCanopy builds of the items in order of their ids.
func (s *memoryItems) buildCanopy(ctx context.Context, job *canopyJob) (*Index, error) {
	vs := &nodeVectors{layout: s.layout, nodes: s.nodes}
	switch {
	case s.listed:
		vs.list, vs.rows = &s.list, s.list.byID()
	case s.items < s.places():
		for place := range s.places() {
			if _, ok := s.place(int64(place)); ok {
				vs.rows = append(vs.rows, uint32(place))
			}
		}
	}
	return job.runInMemory(ctx, vs)
}

// extend gives dot items their extra component and returns the largest norm.
func (s *memoryItems) extend(ctx context.Context) (float32, error) {
	var largest float32
	err := s.eachBlock(ctx, func(nodes []byte) { largest = maxNormSquared(&s.layout, nodes, largest) })
	if err == nil && !s.shared { // else unchanged since the last build
		err = s.eachBlock(ctx, func(nodes []byte) { setFactors(&s.layout, nodes, largest) })
	}
	return sqrt32(largest), err
}

// eachBlock passes over the items, and looks at the context every blockItems of them.
func (s *memoryItems) eachBlock(ctx context.Context, do func(nodes []byte)) error {
	step := blockItems * int(s.layout.Size)
	for at := 0; at < len(s.nodes); at += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		do(s.nodes[at:min(at+step, len(s.nodes))])
	}
	return nil
}

// blockItems is how many items are passed over between two looks at the context.
const blockItems = 4096

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// maxNormSquared is the largest squared norm among so far and the items in nodes.
func maxNormSquared(l *annfile.Layout, nodes []byte, sofar float32) float32 {
	for at := 0; at < len(nodes); at += int(l.Size) {
		v := l.Floats(unsafe.Pointer(&nodes[at]))
		sofar = max(sofar, kernel.Dot(v, v))
	}
	return sofar
}

// setFactors fills the fields of dot items that depend on the largest norm: the
// component that gives all of them this norm.
func setFactors(l *annfile.Layout, nodes []byte, largest float32) {
	for at := 0; at < len(nodes); at += int(l.Size) {
		p := unsafe.Pointer(&nodes[at])
		if l.Descendants(p) != 1 {
			continue
		}
		v := l.Floats(p)
		l.SetFactor(p, sqrt32(max(0, largest-kernel.Dot(v, v))))
		if l.Dialect == annfile.Main {
			l.SetBuilt(p, largest)
		}
	}
}
