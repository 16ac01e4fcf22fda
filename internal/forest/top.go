package forest

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kiss"
)

const (
	bucketBytes      = 2 << 20   // rows of a bucket: they should stay in a second-level cache while it is finished
	bucketLeaves     = 4         // and are at least so many full leaves
	samplesPerBucket = 128       // sampled items that decide the lowest splits of the top; 64 to all: recall within 0.001 (gloss)
	minSamples       = 64        // fewer do not decide a split
	routeBytes       = 512 << 10 // rows routed together, level by level, from the cache
)

// bucketItems is how many items a bucket is meant to hold.
func (b *build) bucketItems() int { return max(bucketBytes/int(b.Size), bucketLeaves*b.LeafCap) }

// needsTop tells whether trees are worth dividing among workers.
func (b *build) needsTop() bool { return len(b.ids) > 2*b.bucketItems() }

// topNode is a node of the first levels of a tree.
type topNode struct {
	split  split
	kids   [2]int // in top.nodes; unused in a bucket
	bucket int    // its number, or −1
	path   uint64
	salt   uint64 // decides the side of items on the plane
	start  int    // its items are top.items[start:end]
	end    int
	task   *task // set where everything below is built as one subtree
}

// top is the first levels of one tree.
type top struct {
	*build
	number  int
	nodes   []topNode
	buckets int
	place   []int32 // the bucket of every id
	items   []int32 // the ids by bucket
}

// task is a subtree to be built.
type task struct {
	ids    []int32
	path   uint64
	isRoot bool
	nodes  []byte
}

// tree builds tree number t: nodes numbered as if they followed the items directly, the root last.
func (b *build) tree(t int) ([]byte, error) {
	root := &task{ids: b.ids, path: rootPath, isRoot: true}
	if !b.needsTop() {
		err := b.run([]*task{root}, t)
		return root.nodes, err
	}
	tp := &top{build: b, number: t}
	if err := tp.sample(); err != nil {
		return nil, err
	}
	if err := tp.route(); err != nil {
		return nil, err
	}
	tasks := tp.plan(0, nil)
	if err := b.run(tasks, t); err != nil {
		return nil, err
	}
	if whole := tp.nodes[0].task; whole != nil {
		return whole.nodes, nil
	}
	size := len(tp.nodes) * int(tp.Size)
	for _, job := range tasks {
		size += len(job.nodes)
	}
	out := alignedNodes(size)[:0]
	if _, err := tp.assemble(0, &out); err != nil {
		return nil, err
	}
	return out, nil
}

// run builds the tasks of tree t with the workers that are free.
func (b *build) run(tasks []*task, t int) error {
	return b.parallel(len(tasks), func(w *worker, i int) (err error) {
		job := tasks[i]
		job.nodes, err = w.subtree(t, job.path, job.ids, job.isRoot)
		if err == nil {
			b.tell(len(job.ids), 0)
		}
		return err
	})
}

// parallel calls do for 0 … n−1, each with a worker of its own; the first error ends it.
func (b *build) parallel(n int, do func(w *worker, i int) error) error {
	var (
		next   atomic.Int64
		wg     sync.WaitGroup
		once   sync.Once
		failed error
	)
	for range min(n, b.Workers) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				w := b.worker()
				err := b.Guard(func() error { return do(w, int(i)) })
				b.workers <- w
				if err != nil {
					once.Do(func() { failed = err })
					return
				}
			}
		})
	}
	wg.Wait()
	return failed
}

// sample splits a sample of the items, spread evenly over the ids, until it has as
// many parts as there shall be buckets.
func (tp *top) sample() error {
	w := tp.worker()
	defer func() { tp.workers <- w }()
	w.number = tp.number
	want := (len(tp.ids) + tp.bucketItems() - 1) / tp.bucketItems()
	n := min(len(tp.ids), want*samplesPerBucket)
	rng := kiss.Stream(tp.Seed, tp.number, samplePath)
	index := make([]int32, n)
	for j := range index {
		if j%checkEvery == 0 && tp.stop.Load() {
			return errStopped
		}
		at := (uint64(j)*uint64(len(tp.ids)) + uint64(rng.Index(len(tp.ids)))) / uint64(n)
		index[j] = tp.ids[at]
	}
	r := tp.inPlace()
	// So many samples stand for a bucket.
	enough := max(minSamples, int(int64(n)*int64(tp.bucketItems())/int64(len(tp.ids))))
	_, err := tp.grow(w, &r, index, rootPath, enough)
	return err
}

// grow adds the node for a part of the sample and all below it, and returns its place.
func (tp *top) grow(w *worker, r *rows, index []int32, path uint64, enough int) (int, error) {
	at := len(tp.nodes)
	tp.nodes = append(tp.nodes, topNode{path: path, bucket: -1})
	if len(index) <= enough {
		tp.nodes[at].bucket = tp.buckets
		tp.buckets++
		return at, nil
	}
	rng := kiss.Stream(tp.Seed, tp.number, path)
	left, err := w.divide(r, index, &rng)
	if err != nil {
		return 0, err
	}
	s := w.split
	s.normal = append([]float32(nil), s.normal...)
	tp.nodes[at].split, tp.nodes[at].salt = s, rng.Uint64()
	for side, part := range [2][]int32{index[:left], index[left:]} {
		kid, err := tp.grow(w, r, part, child(path, side), enough)
		if err != nil {
			return 0, err
		}
		tp.nodes[at].kids[side] = kid
	}
	return at, nil
}

// route finds the bucket of every item, in one pass over memory, and lists the items by bucket.
func (tp *top) route() error {
	tp.place = make([]int32, tp.n)
	chunk := max(minSamples, routeBytes/int(tp.Size))
	r := tp.inPlace()
	err := tp.parallel((len(tp.ids)+chunk-1)/chunk, func(w *worker, i int) error {
		w.index = append(w.index[:0], tp.ids[i*chunk:min((i+1)*chunk, len(tp.ids))]...)
		return tp.descend(w, &r, w.index, 0)
	})
	if err != nil {
		return err
	}
	if err := tp.sort(); err != nil {
		return err
	}
	tp.place = nil
	tp.extend(0)
	return nil
}

// sort lists the items by bucket: a counting sort, stable, so that a bucket's ids ascend.
func (tp *top) sort() error {
	start := make([]int, tp.buckets+1)
	for i, id := range tp.ids {
		if i%checkEvery == 0 && tp.stop.Load() {
			return errStopped
		}
		start[tp.place[id]+1]++
	}
	for k := range tp.buckets {
		start[k+1] += start[k]
	}
	for i := range tp.nodes {
		if k := tp.nodes[i].bucket; k >= 0 {
			tp.nodes[i].start, tp.nodes[i].end = start[k], start[k+1]
		}
	}
	tp.items = make([]int32, len(tp.ids))
	for i, id := range tp.ids {
		if i%checkEvery == 0 && tp.stop.Load() {
			return errStopped
		}
		k := tp.place[id]
		tp.items[start[k]] = id
		start[k]++
	}
	return nil
}

// descend sends items, all in the cache, down from a node.
func (tp *top) descend(w *worker, r *rows, index []int32, at int) error {
	node := &tp.nodes[at]
	if node.bucket >= 0 {
		for _, id := range index {
			tp.place[id] = int32(node.bucket)
		}
		return nil
	}
	left, err := w.partition(r, &node.split, index, node.salt)
	if err != nil {
		return err
	}
	for side, part := range [2][]int32{index[:left], index[left:]} {
		if len(part) > 0 {
			if err := tp.descend(w, r, part, node.kids[side]); err != nil {
				return err
			}
		}
	}
	return nil
}

// extend gives inner nodes the range of items of their buckets, which are numbered left to right.
func (tp *top) extend(at int) (start, end int) {
	node := &tp.nodes[at]
	if node.bucket < 0 {
		node.start, _ = tp.extend(node.kids[0])
		_, node.end = tp.extend(node.kids[1])
	}
	return node.start, node.end
}

// plan lists what is to be built as one subtree: the buckets, nodes whose items fit
// one leaf, and nodes where the sample misjudged the balance of all items.
func (tp *top) plan(at int, tasks []*task) []*task {
	node := &tp.nodes[at]
	n := node.end - node.start
	if node.bucket < 0 && (n > tp.LeafCap || at == 0) {
		left := tp.nodes[node.kids[0]]
		if imbalance(left.end-left.start, n-(left.end-left.start)) <= maxImbalance {
			return tp.plan(node.kids[1], tp.plan(node.kids[0], tasks))
		}
	}
	node.task = &task{ids: tp.items[node.start:node.end], path: node.path, isRoot: at == 0}
	return append(tasks, node.task)
}

// assemble appends the nodes of a finished part, numbered from n, and returns the number of its root.
func (tp *top) assemble(at int, out *[]byte) (number int32, err error) {
	node := &tp.nodes[at]
	if job := node.task; job != nil {
		if job.nodes == nil {
			return job.ids[0], nil
		}
		if err := tp.relocate(job.nodes, int32(len(*out)/int(tp.Size))); err != nil {
			return 0, err
		}
		*out = append(*out, job.nodes...)
		job.nodes = nil
		return tp.n + int32(len(*out)/int(tp.Size)) - 1, nil
	}
	left, right := &tp.nodes[node.kids[0]], &tp.nodes[node.kids[1]]
	first := 0
	if left.end-left.start > right.end-right.start {
		first = 1
	}
	var kids [2]int32
	for _, side := range [2]int{first, 1 - first} {
		if kids[side], err = tp.assemble(node.kids[side], out); err != nil {
			return 0, err
		}
	}
	*out = append(*out, make([]byte, tp.Size)...)
	p := unsafe.Pointer(&(*out)[len(*out)-int(tp.Size)])
	node.split.write(tp.Items, p)
	*tp.Children(p) = kids
	tp.SetDescendants(p, int32(node.end-node.start))
	if at == 0 {
		tp.SetDescendants(p, tp.n)
	}
	return tp.n + int32(len(*out)/int(tp.Size)) - 1, nil
}
