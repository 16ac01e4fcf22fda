package canopy

import (
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
)

// chunk is how many blocks are scanned in one call: most leaves whole, and the buffer need not hold the largest leaf.
const chunk = 64

// ahead is how many leaves ahead codes are requested from memory. The next leaf's would come too late, three ahead are
// no better.
const ahead = 2

// buffer holds the slots that the scan let through, until enough are together to be measured.
type buffer struct {
	bound []float32
	row   []uint32 // of entries from unknown on: the slot, whose row is in SlotRow
	n     int
	full  int // entries from which settle is called

	unknown int     // entries before it have rows
	limit   float32 // bounds below it are of interest
	first   int     // rows to measure the first time, before which there is no limit; 0 afterwards
	pick    []float32
	pickRow []uint32

	// To know how much the filter lets through, and whether it has seen all.
	tested, passed int     // slots while there was no limit
	late           passing // what they were before the last quarter of the leaves
}

func (s *Searcher) startBuffer() {
	b := &s.buffer
	b.first = max(24, 2*s.k)
	b.full = 4 * b.first
	if s.q.Fixed != nil {
		b.full = 2 * s.fixed()
	}
	room := b.full + chunk*kernel.BlockSlots + spare
	b.bound, b.row = grow(b.bound, room), grow(b.row, room)
	s.dist, s.norms = grow(s.dist, room), grow(s.norms, room)
	b.n, b.unknown, b.tested, b.passed = 0, 0, 0, 0
	b.limit = s.gauge.limit(s.best.worst)
}

// scanLeaves scans the chosen leaves, nearest first, and measures what comes through.
func (s *Searcher) scanLeaves() error {
	dir := s.route.dir
	s.requestLeaves()
	for i, leaf := range dir {
		if i == len(dir)*3/4 {
			s.buffer.late = s.buffer.passing()
		}
		next := uintptr(0)
		if i+ahead < len(dir) {
			next = uintptr(unsafe.Pointer(unsafe.SliceData(s.ix.LeafBlocks(dir[i+ahead]))))
		}
		near := math.Float32frombits(uint32(s.route.order[i] >> 32))
		if err := s.scanLeaf(leaf, near, next); err != nil {
			return err
		}
	}
	return nil
}

// scanLeaf scans one leaf at g = near, and requests as many codes from the address next on, which may be more than are there; 0:
// none.
func (s *Searcher) scanLeaf(leaf Leaf, near float32, next uintptr) error {
	ix, b := s.ix, &s.buffer
	codes, blocks := ix.LeafBlocks(leaf), leaf.Blocks()
	p := kernel.ScanParams{Unit: s.gauge.unit, Shift: s.gauge.shift(near), Base: near, First: leaf.FirstBlock * kernel.BlockSlots, Ahead: next}
	if ix.SlotRow == nil {
		p.First = leaf.FirstRow // own slots have the rows from there on, and there are no others
	}
	if s.Touched.Blocks += blocks; s.Touched.Blocks > s.times()*int(ix.blocks) { // leaves do not overlap, and none is scanned twice but by startAgain
		return corruptAt(-1, "leaves overlap: they have more than %d blocks, as many as there are", ix.blocks)
	}
	for blocks > 0 {
		n := min(blocks, chunk)
		bytes := n * kernel.BlockBytes(ix.M)
		p.Threshold = b.limit
		from := b.n
		b.n += kernel.Scan(s.table, ix.M, codes[:bytes], &p, b.bound[from:], b.row[from:])
		if err := s.admit(leaf, from); err != nil {
			return err
		}
		if b.n >= b.full {
			if err := s.settle(); err != nil {
				return err
			}
		}
		blocks, codes, p.First = blocks-n, codes[bytes:], p.First+uint32(n*kernel.BlockSlots)
		if next != 0 {
			next += uintptr(bytes)
			p.Ahead = next
		}
	}
	return nil
}

// times is how often a sound file lets a search come by the same code.
func (s *Searcher) times() int {
	if s.again {
		return 2
	}
	return 1
}

// admit makes of the entries from index from on, fresh from the scan, what the buffer holds. Once there is a limit most
// of them will be measured, so that their rows are requested now: with two assignments of the leaf's own slots at once,
// of the others when the next leaf is scanned, for which their rows' numbers are requested now.
func (s *Searcher) admit(leaf Leaf, from int) error {
	ix, b := s.ix, &s.buffer
	switch {
	case s.q.Filter != nil:
		return s.admitFiltered(from)
	case ix.SlotRow == nil:
		b.unknown = b.n
		if b.first == 0 {
			for _, row := range b.row[from:b.n] {
				s.request(row)
			}
		}
	case b.first == 0:
		if err := s.findRows(from); err != nil {
			return err
		}
		fresh, first := b.row[from:b.n], leaf.FirstBlock*kernel.BlockSlots
		own := 0
		for own < len(fresh) && fresh[own]-first < leaf.Own {
			fresh[own] += leaf.FirstRow - first // modulo 2³²
			s.request(fresh[own])
			own++
		}
		b.unknown = from + own
		for _, slot := range fresh[own:] {
			kernel.Prefetch(uintptr(unsafe.Pointer(&ix.SlotRow[slot])), 4)
		}
	}
	return nil
}

// findRows finds the rows of the entries before index to that only have slots.
func (s *Searcher) findRows(to int) error {
	b := &s.buffer
	if b.unknown >= to {
		return nil
	}
	if err := s.rowsOf(b.row[b.unknown:to]); err != nil {
		return err
	}
	for _, row := range b.row[b.unknown:to] {
		s.request(row)
	}
	b.unknown = to
	return nil
}

// rowsOf replaces slots by rows.
func (s *Searcher) rowsOf(slots []uint32) error {
	table := s.ix.SlotRow
	for i, slot := range slots {
		row := table[slot]
		if uint64(row) >= uint64(s.ix.N) {
			return s.ix.corruptSlot(slot, row)
		}
		slots[i] = row
	}
	return nil
}

// rowAhead is how many bytes of a row are requested at most: the processor's own prefetcher fetches the rest.
const rowAhead = 1024

// request asks for a row that will be measured soon. A damaged directory names rows that are not there: they have an
// address to request, and measuring refuses them.
func (s *Searcher) request(row uint32) {
	kernel.Prefetch(uintptr(s.rows.Base)+uintptr(row)*s.rows.Stride, min(s.ix.RowStride, rowAhead))
}
