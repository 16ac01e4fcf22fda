package annoy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/forest"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Builder collects vectors and builds indexes of them. It is for one goroutine at a
// time. The indexes that it built do not depend on it: they stay valid whatever becomes of the builder.
type Builder struct {
	metric Metric
	opts   BuilderOptions
	layout annfile.Layout
	items  itemStore
	node   []byte    // scratch of Add
	keys   *keyTable // nil without keys
	built  bool
	closed bool
}

// itemStore keeps the items as nodes of Annoy's format.
type itemStore interface {
	len() int64                      // the largest id + 1
	put(id int64, node []byte) error // keeps a copy of node
	get(id int64, node []byte) error // ErrNotFound where there is none
	buildForest(ctx context.Context, job *treeJob) (*Index, error)
	buildCanopy(ctx context.Context, job *canopyJob) (*Index, error)
	abort()
}

// NewBuilder returns an empty builder for vectors of dim components, 1 ≤ dim ≤ 2^24. nil
// options are the defaults. Errors: ErrOption, and those of the file system with OnDisk.
func NewBuilder(dim int, m Metric, o *BuilderOptions) (*Builder, error) {
	b := &Builder{metric: m}
	if o != nil {
		b.opts = *o
	}
	if err := b.opts.Validate(); err != nil {
		return nil, err
	}
	if !m.valid() {
		return nil, optionError("metric %d does not exist", uint8(m))
	}
	if b.opts.LongVectors && m != Euclidean && m != Manhattan {
		return nil, optionError("LongVectors of a %v index: want euclidean or manhattan", m)
	}
	dialect := b.opts.DotDialect
	if m != Dot {
		dialect = DotReleased
	}
	var err error
	if b.layout, err = annfile.NewLayout(m.stored(), dim, dialect.stored()); err != nil {
		return nil, layoutError(err)
	}
	if b.opts.OnDisk == "" {
		b.items = &memoryItems{layout: b.layout, expected: b.opts.Items, warn: b.opts.Warn}
		return b, nil
	}
	if namesCanopy(b.opts.OnDisk) {
		b.items, err = newSpoolItems(b.layout, b.opts.OnDisk, b.opts.Warn)
	} else {
		b.items, err = newDiskItems(b.layout, b.opts.OnDisk, b.opts.Warn)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Len is the largest id + 1, as a forest counts: ids never added are among them. 0 where no id is 0 or more.
func (b *Builder) Len() int { return int(min(b.items.len(), math.MaxInt)) }

// Dim is the number of components of a vector.
func (b *Builder) Dim() int { return b.layout.Dim }

// Metric is what distances will be measured by.
func (b *Builder) Metric() Metric { return b.metric }

// Add puts a copy of v under id; the last vector of an id counts. Ids need not be dense, nor come in order. But a forest
// holds ids from 0 to 2^31−2, and has a node for every one up to the largest, used or not: others are an error when a
// forest is built of them, with OnDisk at once. Errors: ErrDimension, ErrNotFinite (naming id and component), ErrOverflow (without
// LongVectors), ErrTooLarge, ErrMemory, ErrOption (OnDisk: a negative id), ErrBuilt, ErrClosed.
func (b *Builder) Add(id int, v []float32) error { return b.add(int64(id), v) }

// add is Add of an id that may have more bits than an int.
func (b *Builder) add(id int64, v []float32) error {
	if b.keys != nil {
		return optionError("id %d: earlier items were added with keys", id)
	}
	return b.put(id, v, func() string { return fmt.Sprintf("the vector of id %d", id) })
}

// AddKey puts a copy of v under a key, for a canopy: Index.Key gives it for a hit, Index.Lookup the id for the key. Ids are
// given in order, from 0; the last vector of a key counts. A builder has items with keys or items with ids, not both. A
// build keeps the keys in memory. Errors: those of Add, naming the key; ErrOption (an empty key, one of more than 64 KiB, or
// items with ids; at the build, a forest).
func (b *Builder) AddKey(key string, v []float32) error {
	switch {
	case key == "":
		return optionError("the key is empty")
	case len(key) > maxKey:
		return optionError("a key of %d bytes, want at most %d", len(key), maxKey)
	case b.keys == nil && b.items.len() > 0:
		return optionError("key %q: earlier items were added with ids", key)
	}
	if b.keys == nil {
		b.keys = newKeyTable()
	}
	place, known := b.keys.place(key)
	if !known {
		place = b.keys.len()
	}
	if err := b.put(int64(place), v, func() string { return fmt.Sprintf("the vector of key %q", key) }); err != nil {
		return err
	}
	if !known {
		b.keys.add(key)
	}
	return nil
}

// maxKey bounds the length of a key.
const maxKey = 1 << 16

// put keeps an item. What names its vector in an error is made only when needed.
func (b *Builder) put(id int64, v []float32, what func() string) error {
	switch {
	case b.closed:
		return ErrClosed
	case b.built:
		return ErrBuilt
	case len(v) != b.layout.Dim:
		return checkVector(v, b.layout.Dim, b.metric, what())
	}
	sum := kernel.Dot(v, v)
	if sum-sum != 0 {
		err := checkVector(v, b.layout.Dim, b.metric, what())
		if err != nil && !(b.opts.LongVectors && errors.Is(err, ErrOverflow)) {
			return err
		}
	}
	return b.items.put(id, b.encode(v, sum))
}

// encode is the node of an item, valid until the next call.
func (b *Builder) encode(v []float32, normSquared float32) []byte {
	if b.node == nil {
		b.node = alignedBytes(int(b.layout.Size))
	}
	p := unsafe.Pointer(unsafe.SliceData(b.node))
	b.layout.SetDescendants(p, 1)
	if b.layout.Metric == annfile.Hamming {
		annfile.PackBits(b.layout.Bits(p), v)
		return b.node
	}
	copy(b.layout.Floats(p), v)
	if b.layout.Metric == annfile.Angular {
		b.layout.SetNormSquared(p, normSquared)
	}
	return b.node
}

// Vector is a copy of the vector of an id. Errors: ErrNotFound, ErrClosed.
func (b *Builder) Vector(id int64) ([]float32, error) {
	im, err := b.copies(id)
	if err != nil {
		return nil, err
	}
	return appendVector(nil, &im.Layout, im.Node(0)), nil
}

// Distance is the distance of two items. Errors: ErrNotFound, ErrClosed.
func (b *Builder) Distance(i, j int64) (float32, error) {
	im, err := b.copies(i, j)
	if err != nil {
		return 0, err
	}
	return b.metric.distance(forest.Raw(im, 0, 1)), nil
}

// copies is an image of copies of the items.
func (b *Builder) copies(ids ...int64) (*annfile.Image, error) {
	if b.closed {
		return nil, ErrClosed
	}
	size := int(b.layout.Size)
	nodes := alignedBytes(len(ids) * size)
	for k, id := range ids {
		if err := b.items.get(id, nodes[k*size:(k+1)*size]); err != nil {
			return nil, err
		}
	}
	return annfile.New(b.layout, nodes, nil, 0)
}

// Build builds an index of the items, a canopy unless o.Kind says otherwise. With OnDisk the index is that file, opened.
// Afterwards Add is an error until Unbuild; building again, with other options, is allowed. After an error, ctx's included, the builder
// is as it was and has all its items. With OnDisk the older file there is then as it was too, unless one of the last
// steps failed: giving the sidecar its name, syncing the directory, mapping the result. OnDisk is then the new index,
// perhaps without a sidecar that belongs to it. When the system could not bring the bytes to the disk (fsync failed),
// it may have lost some: every later build on disk gives that error too. Errors: ErrOption, ErrTooLarge, ErrMemory,
// ErrClosed, ctx's, those of the file system, ErrCorrupt (with OnDisk: somebody cut the file short).
func (b *Builder) Build(ctx context.Context, o *BuildOptions) (*Index, error) {
	if b.closed {
		return nil, ErrClosed
	}
	if o == nil {
		o = &BuildOptions{}
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var ix *Index
	var err error
	if o.Kind == Forest {
		if b.keys != nil {
			return nil, optionError("Kind forest: it keeps no keys, and items were added with them")
		}
		ix, err = b.items.buildForest(ctx, newTreeJob(b, o))
	} else if b.opts.LongVectors {
		return nil, optionError("Kind canopy with LongVectors, which only a forest takes")
	} else if err = b.checkQueries(o); err == nil {
		ix, err = b.items.buildCanopy(ctx, newCanopyJob(b, o))
	}
	if err != nil {
		return nil, err
	}
	b.built = true
	return ix, nil
}

// Unbuild lets items be added again after a build. Indexes built before do not change.
func (b *Builder) Unbuild() { b.built = false }

// Close gives up the items; with OnDisk it also removes the temporary file of a build that never came. Indexes
// built before stay valid. Closing again does nothing.
func (b *Builder) Close() error {
	if !b.closed {
		b.closed = true
		b.items.abort()
	}
	return nil
}

// defaultSeed is Annoy's.
const defaultSeed = 1234567890987654321

// treeJob is one Build: its options with the defaults filled in.
type treeJob struct {
	metric Metric
	layout annfile.Layout
	opts   BuildOptions
}

func newTreeJob(b *Builder, o *BuildOptions) *treeJob {
	job := &treeJob{metric: b.metric, layout: b.layout, opts: *o}
	if job.opts.Trees == 0 {
		job.opts.Trees = -1
	}
	if job.opts.Seed == 0 {
		job.opts.Seed = defaultSeed
	}
	job.opts.Workers = workers(job.opts.Workers)
	return job
}

// run builds the trees over items, which are complete, and passes their nodes to emit.
func (job *treeJob) run(ctx context.Context, items []byte, maxNorm float32, emit func([]byte) error) (trees int, err error) {
	n := int64(len(items)) / int64(job.layout.Size)
	total := int64(-1)
	if job.opts.Trees > 0 {
		total = n * int64(job.opts.Trees)
	}
	r := reporter{to: job.opts.Progress}
	trees, err = forest.Build(ctx, &forest.Items{Layout: job.layout, Nodes: items, MaxNorm: maxNorm}, forest.Params{
		Trees: job.opts.Trees, Seed: job.opts.Seed, Workers: job.opts.Workers, Emit: emit,
		Guard: func(do func() error) error { return guarded(items, do) },
		Progress: func(steps int64, trees int) {
			r.tell(Progress{Stage: "build", Done: steps, Total: total, Tree: trees, Trees: job.opts.Trees})
		},
	})
	if err == nil {
		r.end()
	}
	if errors.Is(err, forest.ErrTooManyNodes) {
		return trees, fail(ErrTooLarge, "%v", err)
	}
	return trees, err
}
