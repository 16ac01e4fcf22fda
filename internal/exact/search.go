package exact

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/topk"
)

// Options of Add; nil is the zero value.
type Options struct {
	// Workers is how many goroutines search; one more reads. Default (0): one a processor.
	Workers int
	// Memory is about how many bytes of the base are held at a time, in four parts; at least one panel each. Less is hardly
	// slower down to some MiB. Default (0): 64 MiB. The answers do not depend on it.
	Memory int64
	// Checkpoint, when set, is called after each block, with the rows that are done; the state can be saved there. Its
	// error ends the search.
	Checkpoint func(rows int64) error
}

// Add brings all rows of src into the search; where the state was loaded, from the row on at which it was saved, the
// ones before being read and compared with those seen then. When it ends early, by ctx or an error of src, the state
// can be saved, and continued with the same source from its beginning. Errors: src's, ctx's, Checkpoint's, a dimension
// other than the queries', a component that is not finite, ErrState for a base other than that of the loaded state.
//
// Memory: the queries, 24 bytes for each of their k neighbours, 64 MB of blocks, and for each worker the estimates
// that are not yet ruled out, some 40 bytes for each of k for 192 queries.
func (s *State) Add(ctx context.Context, src Source, o *Options) error {
	if o == nil {
		o = &Options{}
	}
	if len(s.queries) == 0 || src.Dim() == 0 {
		return nil // nothing to ask, or an empty base
	}
	if src.Dim() != s.dim {
		return fmt.Errorf("annoy: the base has %d components, the queries have %d", src.Dim(), s.dim)
	}
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancel(ctx)
	full, free := make(chan *block), make(chan *block, 2)
	var reading sync.WaitGroup
	defer reading.Wait() // the source is the caller's again
	defer cancel()
	rows := s.blockRows
	if o.Memory > 0 {
		rows = min(rows, max(1, int(o.Memory/16)/s.dim/kernel.TileRows)*kernel.TileRows)
	}
	if n := src.Len(); n >= 0 { // a small base needs no large block
		rows = min(rows, max(1, (n+kernel.TileRows-1)/kernel.TileRows)*kernel.TileRows)
	}
	for range 2 {
		free <- s.newBlock(rows)
	}
	r := &reader{src: src, dim: s.dim, skip: s.rows}
	reading.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case b := <-free:
				r.fill(ctx, b)
				select {
				case <-ctx.Done():
					return
				case full <- b:
				}
				if b.last || b.err != nil {
					return
				}
			}
		}
	})
	sc := newScan(s, workers)
	for {
		var b *block
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b = <-full:
		}
		if b.err != nil {
			return b.err
		}
		done := b.first + int64(b.n)
		switch {
		case done < s.rows && b.last:
			return fmt.Errorf("%w: the base has %d rows, %d of it were seen", ErrState, done, s.rows)
		case done == s.rows && b.n > 0 && b.crc != s.crc:
			return fmt.Errorf("%w: the first %d rows of the base are not those seen then", ErrState, s.rows)
		case done > s.rows:
			if err := sc.search(ctx, b); err != nil {
				return err
			}
			s.rows, s.crc = done, b.crc
			if o.Checkpoint != nil {
				if err := o.Checkpoint(done); err != nil {
					return err
				}
			}
		}
		if b.last {
			return nil
		}
		free <- b
	}
}

func (s *State) newBlock(rows int) *block {
	b := &block{ids: make([]int64, 0, rows), rows: make([]float32, rows*s.dim)}
	if s.metric == Hamming {
		b.words = make([]uint64, rows*len(s.words[0]))
	} else {
		b.panels = make([]float32, rows*s.dim)
	}
	return b
}

// scan searches blocks. Its tasks are pairs of a group of query panels, whose size keeps them in the second-level
// cache, and a segment of the block's row panels: each row panel is loaded once for the whole group, and each query
// panel stays close.
type scan struct {
	*State
	bound   bound
	workers []*worker
	panels  []float32 // of the queries
	scales  []float64 // what a query's keys are multiplied by to be compared with estimates
	power   float64   // the scale of the block that panels are for
	group   int       // query panels in a task
}

// groupFloats is about how many components a task's queries have: 256 KiB.
const groupFloats = 64 << 10

// minTasks is how many tasks for each worker a block is divided into, or more: what is left idle at a block's end is
// a share of one task.
const minTasks = 8

func newScan(s *State, workers int) *scan {
	sc := &scan{State: s, bound: s.metric.bound(s.dim), scales: make([]float64, len(s.queries))}
	sc.group = min(max(1, groupFloats/(kernel.TileQueries*s.dim)), 16, len(s.locks))
	if s.metric != Hamming {
		sc.panels = make([]float32, len(s.locks)*kernel.TileQueries*s.dim)
	}
	for range workers {
		sc.workers = append(sc.workers, &worker{scan: sc, picks: make([]pick, sc.group*kernel.TileQueries),
			limits: make([]kernel.TileLimits, sc.group)})
	}
	return sc
}

// parallel calls f for 0 to n−1 on all workers, until one returns an error or ctx ends.
func (sc *scan) parallel(ctx context.Context, n int, f func(w *worker, i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	for _, w := range sc.workers[:min(len(sc.workers), n)] {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				err := ctx.Err()
				if err == nil {
					err = f(w, i)
				}
				if err != nil {
					once.Do(func() { first = err })
					return
				}
			}
		})
	}
	wg.Wait()
	return first
}

func (sc *scan) search(ctx context.Context, b *block) error {
	panels := (b.n + kernel.TileRows - 1) / kernel.TileRows
	if err := sc.prepare(ctx, b, panels); err != nil {
		return err
	}
	groups := (len(sc.locks) + sc.group - 1) / sc.group
	segments := min(panels, max(1, (minTasks*len(sc.workers)+groups-1)/groups))
	return sc.parallel(ctx, groups*segments, func(w *worker, i int) error {
		segment, group := i/groups, i%groups
		return w.task(ctx, b, group, segment*panels/segments, (segment+1)*panels/segments)
	})
}

// rowsOf are the rows of a panel of the block.
func (b *block) rowsOf(panel, dim int) []float32 {
	return b.rows[panel*kernel.TileRows*dim : min(b.n, (panel+1)*kernel.TileRows)*dim]
}

// prepare checks the block's rows, and packs them and, at another scale than the last block's, the queries.
func (sc *scan) prepare(ctx context.Context, b *block, panels int) error {
	m, dim := sc.metric, sc.dim
	extents := make([]float64, panels)
	err := sc.parallel(ctx, panels, func(_ *worker, p int) error {
		rows := b.rowsOf(p, dim)
		extents[p] = m.extent(rows, dim)
		return checkFinite(rows, dim, "row", b.first+int64(p*kernel.TileRows))
	})
	if err != nil {
		return err
	}
	if m == Hamming {
		words := len(sc.words[0])
		return sc.parallel(ctx, panels, func(_ *worker, p int) error {
			packBits(b.words[p*kernel.TileRows*words:(p+1)*kernel.TileRows*words], b.rowsOf(p, dim), dim)
			return nil
		})
	}
	extent := 0.0
	for _, e := range extents {
		extent = max(extent, e)
	}
	if m != Dot {
		extent = max(extent, sc.extent) // differences need both sides at one scale
	}
	power := powerBelow(extent)
	if power != sc.power {
		sc.power = power
		sc.packQueries()
	}
	return sc.parallel(ctx, panels, func(_ *worker, p int) error {
		size := kernel.TileRows * dim
		m.pack(b.panels[p*size:(p+1)*size], b.rowsOf(p, dim), dim, kernel.TileRows, func(int) float64 { return power })
		return nil
	})
}

// packQueries fills panels and scales. A query for a product is negative, so that a smaller estimate is nearer.
func (sc *scan) packQueries() {
	m, dim := sc.metric, sc.dim
	factors := make([]float64, len(sc.queries))
	for i := range sc.queries {
		switch m {
		case Euclidean:
			factors[i], sc.scales[i] = sc.power, sc.power*sc.power
		case Manhattan:
			factors[i], sc.scales[i] = sc.power, sc.power
		case Dot:
			own := powerBelow(sc.extents[i])
			factors[i], sc.scales[i] = -own, own*sc.power
		default:
			factors[i], sc.scales[i] = -1, 1
		}
	}
	var flat []float32
	for p := range sc.locks {
		first := p * kernel.TileQueries
		flat = flat[:0]
		for _, q := range sc.queries[first:min(first+kernel.TileQueries, len(sc.queries))] {
			flat = append(flat, q...)
		}
		size := kernel.TileQueries * dim
		m.pack(sc.panels[p*size:(p+1)*size], flat, dim, kernel.TileQueries, func(j int) float64 { return factors[first+j] })
	}
}

// worker is the memory of one goroutine.
type worker struct {
	*scan
	picks  []pick
	limits []kernel.TileLimits // what estimates must not exceed, by query panel of the group
	found  []entry
}

// pick is what a task keeps for a query.
type pick struct {
	smallest   topk.Select // the k smallest estimates
	candidates []topk.Pair // every row that is not ruled out; not for Hamming, whose estimates are the keys
	known      float64     // the largest scaled key that the k-th neighbour can have
	bound      float32     // smallest.Bound() at the last look
}

// rowIDs are the numbers of a panel's rows, for the kernels that take a list.
var rowIDs = func() (ids [kernel.TileRows]int32) {
	for i := range ids {
		ids[i] = int32(i)
	}
	return ids
}()

// task compares the queries of a group with the rows of the block's panels from up to to.
func (w *worker) task(ctx context.Context, b *block, group, from, to int) error {
	first := group * w.group
	panels := min(w.group, len(w.locks)-first)
	for g := range panels {
		w.begin(g, first+g)
	}
	var sums kernel.TileSums
	var mask kernel.TileMask
	tile := map[Metric]func(q, x []float32, limit *kernel.TileLimits, out *kernel.TileSums, mask *kernel.TileMask){
		Euclidean: kernel.TileL2, Manhattan: kernel.TileL1, Dot: kernel.TileDot, Angular: kernel.TileDot, Cosine: kernel.TileDot,
	}[w.metric]
	qsize, xsize := kernel.TileQueries*w.dim, kernel.TileRows*w.dim
	for p := from; p < to; p++ {
		if (p-from)%16 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		valid := uint32(math.MaxUint32)
		if left := b.n - p*kernel.TileRows; left < kernel.TileRows {
			valid = 1<<left - 1
		}
		for g := range panels {
			if w.metric == Hamming {
				w.hammingTile(b, p, first+g, &w.limits[g], &sums, &mask)
			} else {
				tile(w.panels[(first+g)*qsize:(first+g+1)*qsize], b.panels[p*xsize:(p+1)*xsize], &w.limits[g], &sums, &mask)
			}
			for a, m := range mask {
				if m &= valid; m != 0 {
					w.offer(g, a, int32(p*kernel.TileRows), m, &sums[a])
				}
			}
		}
	}
	for g := range panels {
		w.finish(b, g, first+g)
	}
	return nil
}

// hammingTile is the tile of bits: the rows lie close from one query to the next.
func (w *worker) hammingTile(b *block, panel, queries int, limit *kernel.TileLimits, sums *kernel.TileSums, mask *kernel.TileMask) {
	n := len(w.words[0])
	rows := kernel.Rows{Base: unsafe.Pointer(&b.words[panel*kernel.TileRows*n]), Stride: uintptr(8 * n)}
	*mask = kernel.TileMask{}
	for a, q := range w.words[queries*kernel.TileQueries : min(len(w.words), (queries+1)*kernel.TileQueries)] {
		kernel.HammingMany(q, rows, rowIDs[:], sums[a][:])
		for j, s := range sums[a] {
			if s <= limit[a] {
				mask[a] |= 1 << j
			}
		}
	}
}

// begin readies the picks of a query panel; places without a query get a limit that nothing passes.
func (w *worker) begin(g, panel int) {
	w.locks[panel].Lock()
	defer w.locks[panel].Unlock()
	for a := range kernel.TileQueries {
		query := panel*kernel.TileQueries + a
		if query >= len(w.queries) {
			w.limits[g][a] = float32(math.Inf(-1))
			continue
		}
		p := &w.picks[g*kernel.TileQueries+a]
		p.smallest.Reset(w.k)
		p.candidates = p.candidates[:0]
		p.known = w.metric.estimated(w.kth(query)) * w.scale(query)
		p.bound = p.smallest.Bound()
		w.limits[g][a] = w.bound.pass(p.known)
	}
}

func (w *worker) scale(query int) float64 {
	if w.metric == Hamming {
		return 1
	}
	return w.scales[query]
}

// offer takes the rows of mask, counted from row, as candidates of query a of the group's panel g.
func (w *worker) offer(g, a int, row int32, mask uint32, sums *[kernel.TileRows]float32) {
	p := &w.picks[g*kernel.TileQueries+a]
	for ; mask != 0; mask &= mask - 1 {
		j := bits.TrailingZeros32(mask)
		p.smallest.Push(sums[j], row+int32(j))
		if w.metric == Hamming {
			continue
		}
		if len(p.candidates) == cap(p.candidates) {
			if p.drop(w.limits[g][a]); len(p.candidates) > cap(p.candidates)/2 {
				p.candidates = slices.Grow(p.candidates, cap(p.candidates)) // or the next drop would come soon
			}
		}
		p.candidates = append(p.candidates, topk.Pair{Dist: sums[j], ID: row + int32(j)})
	}
	if p.smallest.Bound() != p.bound {
		w.limits[g][a] = w.tighten(p)
	}
}

// tighten is the limit for the estimates that smallest holds.
func (w *worker) tighten(p *pick) float32 {
	p.bound = p.smallest.Bound()
	if t := w.bound.kth(p.bound); t < p.known {
		p.known = t
	}
	return w.bound.pass(p.known)
}

// drop removes the candidates that exceed the limit, before there is more room made for them.
func (p *pick) drop(limit float32) {
	kept := p.candidates[:0]
	for _, c := range p.candidates {
		if !(c.Dist > limit) {
			kept = append(kept, c)
		}
	}
	p.candidates = kept
}

// finish computes the keys of what is left of the candidates of a query panel and merges them into the state.
func (w *worker) finish(b *block, g, panel int) {
	for a := range min(kernel.TileQueries, len(w.queries)-panel*kernel.TileQueries) {
		query := panel*kernel.TileQueries + a
		p := &w.picks[g*kernel.TileQueries+a]
		w.found = w.found[:0]
		sorted := p.smallest.Sorted() // which also makes its bound that of all estimates
		if w.metric == Hamming {
			for _, c := range sorted {
				w.found = append(w.found, entry{float64(c.Dist), b.first + int64(c.ID), b.ids[c.ID]})
			}
		} else {
			limit := w.tighten(p)
			for _, c := range p.candidates {
				if !(c.Dist > limit) {
					x := b.rows[int(c.ID)*w.dim : (int(c.ID)+1)*w.dim]
					w.found = append(w.found, entry{w.metric.key(w.queries[query], x, w.norms[query]), b.first + int64(c.ID), b.ids[c.ID]})
				}
			}
		}
		w.locks[panel].Lock()
		w.merge(query, w.found)
		w.locks[panel].Unlock()
	}
}
