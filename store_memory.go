package annoy

import (
	"context"
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/kernel"
)

// memoryItems is the itemStore of a builder in memory. An index shares its
// nodes with the builder; the builder copies them before it changes one.
type memoryItems struct {
	layout   annfile.Layout
	expected int // items to make room for at first
	nodes    []byte
	shared   bool
}

func (s *memoryItems) len() int { return len(s.nodes) / int(s.layout.Size) }

func (s *memoryItems) put(id int32, node []byte) error {
	at := int64(id) * int64(len(node))
	// A dot item behind those of the index may change the extra component of all.
	if s.shared && (at < int64(len(s.nodes)) || s.layout.Metric == annfile.Dot) {
		own, ok := allocate(int64(len(s.nodes)))
		if !ok {
			return fail(ErrMemory, "changing items that an index shares takes a copy of %d bytes", len(s.nodes))
		}
		s.nodes, s.shared = append(own[:0], s.nodes...), false
	}
	if end := at + int64(len(node)); end > int64(len(s.nodes)) {
		if err := s.extendTo(id, end); err != nil {
			return err
		}
	}
	copy(s.nodes[at:], node)
	return nil
}

// extendTo makes room for the items up to id, n bytes.
func (s *memoryItems) extendTo(id int32, n int64) (err error) {
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
		return fail(ErrMemory, "ids up to %d, used or not, take %d bytes", id, n)
	}
	s.nodes = nodes
	return nil
}

func (s *memoryItems) get(id int32, node []byte) error {
	copy(node, s.nodes[int(id)*len(node):])
	return nil
}

func (s *memoryItems) abort() { s.nodes = nil }

func (s *memoryItems) finish(ctx context.Context, job *treeJob) (*Index, error) {
	var maxNorm float32
	if job.metric == Dot {
		var err error
		if maxNorm, err = s.extend(ctx); err != nil {
			return nil, err
		}
	}
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
