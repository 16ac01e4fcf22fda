package canopy

import (
	"sync"

	"github.com/annoy-go/annoy/internal/kernel"
)

const (
	blockBytes      = 512 << 10 // of coded vectors: about what stays in a second-level cache beside the centroids
	minBlock        = 256       // but enough vectors for full tiles in their nearest tops
	maxBlock        = 4096      // and few enough between two looks at the context
	blocksPerWorker = 4         // in memory at once: what is left idle at a barrier is a share of one
)

// block is vectors that follow each other, in the coded space with the mean subtracted.
type block struct {
	first, n int
	rows     []float32
	tails    []float32 // squares of their lengths off the axes
}

// newBlocks makes the memory of a sweep.
func (b *partitioner) newBlocks() {
	size := min(max(blockBytes/(4*b.Dim), minBlock), maxBlock)
	n := len(b.Own)
	for range min(blocksPerWorker*b.workers, (n+size-1)/size) {
		b.blocks = append(b.blocks, block{rows: make([]float32, min(size, n)*b.Dim), tails: make([]float32, min(size, n))})
	}
}

// sweep passes over all vectors in ascending order. Of as many blocks as are held together each is loaded and visited by
// one of the workers; fold, unless it is nil, then gets all of these blocks at once.
func (b *partitioner) sweep(visit func(f *finder, bl *block) error, fold func(blocks []block) error) error {
	n, size := len(b.Own), len(b.blocks[0].rows)/b.Dim
	for first := 0; first < n; {
		blocks := b.blocks[:min(len(b.blocks), (n-first+size-1)/size)]
		for i := range blocks {
			blocks[i].first = first + i*size
			blocks[i].n = min(size, n-blocks[i].first)
		}
		err := b.each(len(blocks), func(w, i int) error {
			bl := &blocks[i]
			f := &b.finders[w]
			f.load(b, bl.n, func(j int) int { return bl.first + j }, func(j int) []float32 { return bl.rows[j*b.Dim:][:b.Dim] }, bl.tails)
			return visit(f, bl)
		})
		if err != nil {
			return err
		}
		if fold != nil {
			if err := fold(blocks); err != nil {
				return err
			}
		}
		last := &blocks[len(blocks)-1]
		b.progress.add(int64(last.first + last.n - first))
		first = last.first + last.n
	}
	return nil
}

// load sets out(j) to vector at(j) in the coded space, the mean subtracted, for j from 0 to n−1, and tails as reader.read does.
func (f *finder) load(b *partitioner, n int, at func(j int) int, out func(j int) []float32, tails []float32) {
	if f.reader == nil {
		f.reader = newReader(b.vs, b.space)
	}
	f.reader.read(n, at, out, tails)
	for j := range n {
		kernel.Blend(out(j), 1, b.Mean, -1)
	}
}

// gather sets rows to the vectors whose numbers are listed, ascending for few pages to be touched.
func (b *partitioner) gather(list []int, rows []float32) error {
	return b.chunks(len(list), assignChunk, func(w, from, to int) error {
		b.finders[w].load(b, to-from, func(j int) int { return list[from+j] }, func(j int) []float32 { return rows[(from+j)*b.Dim:][:b.Dim] }, nil)
		return nil
	})
}

// progress counts steps, from any goroutine.
type progress struct {
	mu          sync.Mutex
	to          func(done, total int64)
	done, total int64
}

func newProgress(to func(done, total int64), total int64) *progress {
	return &progress{to: to, total: total}
}

func (p *progress) add(steps int64) {
	if p.to == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += steps
	p.to(p.done, p.total)
}
