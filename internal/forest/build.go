package forest

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
)

// ErrTooManyNodes: node numbers are int32 in the format.
var ErrTooManyNodes = errors.New("items and trees need more than 2^31−1 nodes")

// Params say how to build.
type Params struct {
	Trees    int // ≥ 1, or −1: until there are twice as many nodes as items, at most LeafCap
	Seed     uint64
	Workers  int                          // ≥ 1
	Progress func(steps int64, trees int) // item-steps and trees done; nil or called from one goroutine at a time
	Guard    func(func() error) error     // runs what reads items, in every goroutine; nil: nothing to guard against
	Emit     func(nodes []byte) error     // takes the nodes that follow, in file order; must not keep the slice
}

// Items are the vectors to build over: nodes of one layout, complete but for the trees.
type Items struct {
	annfile.Layout
	Nodes   []byte  // n_items nodes, holes among them
	MaxNorm float32 // dot: the largest norm, whose square each item's norm² + factor² is
}

func (it *Items) len() int { return len(it.Nodes) / int(it.Size) }

func (it *Items) node(i int32) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(it.Nodes)), uintptr(i)*it.Size)
}

// build is one run of Build.
type build struct {
	*Items
	Params
	n        int32        // n_items
	ids      []int32      // those that are not holes, ascending
	workers  chan *worker // a free worker, or nil for one yet to be made, is the right to compute
	stop     atomic.Bool
	report   sync.Mutex // guards what follows
	steps    int64
	finished int
}

// Build builds trees over items and emits, in this order, the nodes of every tree and the
// copies of all roots. It returns the number of trees. On an error, ctx's included, what was emitted is useless.
//
// Beyond the items it holds 4 bytes an item, for each of at most two trees (or, below
// some ten thousand items, workers + 1) 8 bytes an item and twice the tree's nodes, and about 10 MiB a worker. The
// garbage collector, by its default setting, lets that double.
func Build(ctx context.Context, items *Items, p Params) (trees int, err error) {
	b := &build{Items: items, Params: p, n: int32(items.len()), workers: make(chan *worker, p.Workers)}
	defer context.AfterFunc(ctx, func() { b.stop.Store(true) })()
	for range p.Workers {
		b.workers <- nil // its scratch is made when it is first needed
	}
	if b.Guard == nil {
		b.Guard = func(do func() error) error { return do() }
	}
	if err = b.Guard(b.list); err == nil {
		trees, err = b.trees()
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return trees, err
}

// list fills b.ids.
func (b *build) list() error {
	for i := range b.n {
		if b.Descendants(b.node(i)) == 1 {
			b.ids = append(b.ids, i)
		}
		if i%checkEvery == 0 && b.stop.Load() {
			return errStopped
		}
	}
	return nil
}

// checkEvery is how many items or nodes are passed over at most between two looks at the stop flag.
const checkEvery = 4096

// errStopped is what a stopped worker returns; Build's caller sees the reason instead.
var errStopped = errors.New("stopped")

// trees builds them in flight and emits them in order.
func (b *build) trees() (int, error) {
	inFlight := 2
	if !b.needsTop() {
		inFlight = b.Workers + 1
	}
	var (
		queue  []chan tree
		roots  []byte
		nodes  = int64(b.n)
		done   int
		failed error
	)
	most := b.Trees
	if most < 0 {
		// Annoy counts holes as items, so that its rule alone makes tree after tree where ids are sparse. Without
		// holes a tree has no less than n/LeafCap nodes, and this is never reached.
		most = b.LeafCap
	}
	finished := func() bool {
		return done == most || b.Trees < 0 && done > 0 && nodes >= 2*int64(b.n)
	}
	for launched := 0; failed == nil && !finished(); {
		for len(queue) < inFlight && launched < most {
			c := make(chan tree, 1)
			go func(number int) {
				var t tree
				t.err = b.Guard(func() (err error) {
					t.nodes, err = b.tree(number)
					return err
				})
				c <- t
			}(launched)
			queue = append(queue, c)
			launched++
		}
		t := <-queue[0]
		queue = queue[1:]
		if failed = t.err; failed != nil {
			break
		}
		count := int64(len(t.nodes)) / int64(b.Size)
		if nodes+count+int64(done)+1 > math.MaxInt32 {
			failed = ErrTooManyNodes
			break
		}
		if failed = b.relocate(t.nodes, int32(nodes)-b.n); failed != nil {
			break
		}
		roots = append(roots, t.nodes[len(t.nodes)-int(b.Size):]...)
		nodes += count
		done++
		failed = b.Emit(t.nodes)
		b.tell(0, 1)
	}
	b.stop.Store(true) // trees that Annoy's rule turned out not to need, or after an error
	for _, c := range queue {
		<-c
	}
	if failed == nil {
		failed = b.Emit(roots)
	}
	return done, failed
}

// tree is one finished tree.
type tree struct {
	nodes []byte
	err   error
}

// relocate moves the numbers of tree nodes up by delta, in nodes of one tree or a part of it.
func (b *build) relocate(nodes []byte, delta int32) error {
	if b.rootIsLeaf() {
		return nil // its n_descendants would look like a split's
	}
	for i := range len(nodes) / int(b.Size) {
		if i%checkEvery == 0 && b.stop.Load() {
			return errStopped
		}
		p := unsafe.Pointer(&nodes[i*int(b.Size)])
		if int(b.Descendants(p)) <= b.LeafCap {
			continue
		}
		kids := b.Children(p)
		for side, c := range kids {
			if c >= b.n {
				kids[side] = c + delta
			}
		}
	}
	return nil
}

// rootIsLeaf is Annoy's rule for trees of one leaf.
func (b *build) rootIsLeaf() bool {
	return len(b.ids) <= b.LeafCap && (int(b.n) <= b.LeafCap || len(b.ids) == 1)
}

// tell reports progress: more steps done, or trees finished.
func (b *build) tell(steps, trees int) {
	if b.Progress == nil {
		return
	}
	b.report.Lock()
	defer b.report.Unlock()
	b.steps += int64(steps)
	b.finished += trees
	b.Progress(b.steps, b.finished)
}
