package canopy

import (
	"context"
	"encoding/binary"
	"sync"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
)

// codeChunk is how many vectors a goroutine reads at a time, packChunk how many leaves.
const (
	codeChunk = 1024
	packChunk = 16
)

// window is a run of leaves that are in memory at the same time.
type window struct {
	from, end  int // the partition's leaf numbers
	firstBlock uint32
	firstRow   uint32
	blocks     int
	rows       int

	codes    []byte
	slotRows []uint32 // nil with one assignment
	stored   []byte   // rows
	ids      []byte
	errs     []float32 // by slot of the window
}

// windows cuts the leaves so that what a window holds takes up to a.Memory bytes, or one leaf.
func (a *Assembly) windows(w *writer, l *layout) []window {
	perBlock := int64(kernel.BlockBytes(a.Codebook.M) + 4*kernel.BlockSlots) // codes and errs
	if l.spilled != nil {
		perBlock += 4 * kernel.BlockSlots
	}
	perRow := int64(w.head.stride) + int64(w.head.idBytes)
	var (
		all  []window
		held int64
	)
	for i, leaf := range l.leaves {
		bytes := int64(leaf.Blocks())*perBlock + int64(leaf.Own)*perRow
		if len(all) == 0 || a.Memory > 0 && held+bytes > a.Memory {
			all = append(all, window{from: i, firstBlock: leaf.FirstBlock, firstRow: leaf.FirstRow})
			held = 0
		}
		held += bytes
		at := &all[len(all)-1]
		at.end, at.blocks, at.rows = i+1, at.blocks+leaf.Blocks(), at.rows+int(leaf.Own)
	}
	return all
}

// writeWindows codes all vectors, a window after the other.
func (a *Assembly) writeWindows(ctx context.Context, w *writer, l *layout) error {
	c := &coding{Assembly: a, layout: l, pool: newPool(ctx, a.Workers, a.Guard), total: int64(l.slots)}
	c.scratch = make([]codingScratch, c.pool.workers)
	errs, inexact := 0.0, 0
	for _, win := range a.windows(w, l) {
		win.codes = w.room(kindBlocks, win.blocks*kernel.BlockBytes(a.Codebook.M))
		win.stored = w.room(kindRows, win.rows*int(w.head.stride))
		win.ids = w.room(kindRowIDs, win.rows*int(w.head.idBytes))
		win.errs = make([]float32, win.blocks*kernel.BlockSlots)
		var slotRows []byte
		if l.spilled != nil {
			slotRows = w.room(kindSlotRows, 4*win.blocks*kernel.BlockSlots)
			win.slotRows = cast[uint32](slotRows)
		}
		if err := c.fill(&win); err != nil {
			return err
		}
		for _, e := range win.errs { // in the order of the slots: the sum is the same for any windows and workers
			if e > 0 { // not of a centroid's equals, whose number says nothing of the others
				errs += float64(e)
				inexact++
			}
		}
		if err := w.put(kindBlocks, win.codes); err != nil {
			return err
		}
		if err := w.put(kindRows, win.stored); err != nil {
			return err
		}
		if err := w.put(kindRowIDs, win.ids); err != nil {
			return err
		}
		if l.spilled != nil {
			if err := w.put(kindSlotRows, slotRows); err != nil {
				return err
			}
		}
	}
	if inexact > 0 {
		w.head.cerr = float32(errs / float64(inexact))
	}
	return nil
}

// coding is the work on windows.
type coding struct {
	*Assembly
	*layout
	pool    *pool
	scratch []codingScratch

	tell        sync.Mutex // for Progress
	done, total int64
}

// codingScratch is what one goroutine needs.
type codingScratch struct {
	coder   *Coder
	reader  *reader
	row     []float32 // of the input
	scaled  []float32
	pending []int     // vectors to be coded,
	coded   []float32 // in the coded space
	tails   []float32
	nibbles []byte
	block   []byte
}

func (c *coding) of(worker int) *codingScratch {
	s := &c.scratch[worker]
	if s.coder == nil {
		*s = codingScratch{
			coder:  NewCoder(c.Space, c.Partition, c.Codebook),
			reader: newReader(c.Vectors, c.Space), row: make([]float32, c.Space.dim), scaled: make([]float32, c.Space.dim),
			coded: make([]float32, tilePoints*c.Space.coded()), tails: make([]float32, tilePoints),
			nibbles: make([]byte, c.Codebook.M), block: make([]byte, kernel.BlockBytes(c.Codebook.M)),
		}
	}
	return s
}

// fill codes the vectors of a window. A slot's nibbles are first put in a row of their own within its block, so that
// goroutines that code vectors of the same block do not share a byte, then to where the scan wants them.
func (c *coding) fill(win *window) error {
	for i := range win.slotRows {
		win.slotRows[i] = NoRow
	}
	err := c.pool.chunks(len(c.row), codeChunk, func(worker, from, to int) error {
		s, coded := c.of(worker), 0
		for i := from; i < to; i++ {
			if c.touches(win, i) {
				s.pending = append(s.pending, i)
			}
			if len(s.pending) == tilePoints || i == to-1 {
				coded += c.code(win, s)
			}
		}
		c.progress(coded)
		return nil
	})
	if err != nil {
		return err
	}
	leaves := c.leaves[win.from:win.end]
	return c.pool.chunks(len(leaves), packChunk, func(worker, from, to int) error {
		s := c.of(worker)
		for _, leaf := range leaves[from:to] {
			for b := range leaf.Blocks() {
				size := len(s.block)
				block := win.codes[(int(leaf.FirstBlock-win.firstBlock)+b)*size:][:size]
				pack(block, s.block, c.Codebook.M, int(leaf.Slots)-b*kernel.BlockSlots)
			}
		}
		return nil
	})
}

func (c *coding) progress(coded int) {
	if c.Progress == nil || coded == 0 {
		return
	}
	c.tell.Lock()
	defer c.tell.Unlock()
	c.done += int64(coded)
	c.Progress(c.done, c.total)
}

func (win *window) has(leaf uint32) bool { return int(leaf) >= win.from && int(leaf) < win.end }

// leavesOf are the leaves of vector i, the second NoLeaf where there is none.
func (c *coding) leavesOf(i int) (own, spill uint32) {
	if c.spilled == nil {
		return c.Partition.Own[i], NoLeaf
	}
	return c.Partition.Own[i], c.Partition.Spill[i]
}

// touches tells whether the row or a code of vector i is in the window.
func (c *coding) touches(win *window, i int) bool {
	own, spill := c.leavesOf(i)
	return win.has(own) || spill != NoLeaf && win.has(spill)
}

// code does what of the pending vectors is in the window, and returns how many codes that is.
func (c *coding) code(win *window, s *codingScratch) (codes int) {
	dim := c.Space.coded()
	coded := func(j int) []float32 { return s.coded[j*dim : (j+1)*dim] }
	s.reader.read(len(s.pending), func(j int) int { return s.pending[j] }, coded, s.tails)
	for j, i := range s.pending {
		own, spill := c.leavesOf(i)
		if win.has(own) {
			row := c.row[i]
			c.store(win, s, row-win.firstRow, c.Vectors.Row(i, s.row), c.Vectors.ID(i))
			leaf := &c.leaves[own]
			c.encode(win, s, j, int(own), leaf.FirstBlock*kernel.BlockSlots+row-leaf.FirstRow, row)
			codes++
		}
		if spill != NoLeaf && win.has(spill) {
			c.encode(win, s, j, int(spill), c.spilled[i], c.row[i])
			codes++
		}
	}
	s.pending = s.pending[:0]
	return codes
}

// store writes a row, numbered within the window, and its id.
func (c *coding) store(win *window, s *codingScratch, row uint32, v []float32, id int64) {
	if scale := c.rowScale(); scale != 1 {
		for d, x := range v {
			s.scaled[d] = x / scale
		}
		v = s.scaled
	}
	stride := c.Space.dim * c.Element.Size()
	kernel.Narrow(c.Element, v, unsafe.Pointer(&win.stored[int(row)*stride]))
	if len(win.ids) == 4*win.rows {
		binary.LittleEndian.PutUint32(win.ids[4*row:], uint32(id))
	} else {
		binary.LittleEndian.PutUint64(win.ids[8*row:], uint64(id))
	}
}

// encode writes the code of pending vector j against a leaf, at a slot of the whole index.
func (c *coding) encode(win *window, s *codingScratch, j, leaf int, slot, row uint32) {
	m, dim := c.Codebook.M, c.Space.coded()
	fadd, fresc, e := s.coder.Encode(s.coded[j*dim:(j+1)*dim], s.tails[j], leaf, s.nibbles)
	slot -= win.firstBlock * kernel.BlockSlots
	win.errs[slot] = e
	if win.slotRows != nil {
		win.slotRows[slot] = row
	}
	within := int(slot % kernel.BlockSlots)
	size := kernel.BlockBytes(m)
	block := win.codes[int(slot/kernel.BlockSlots)*size:][:size]
	staged := block[within*m/2:][:m/2]
	for j := range staged {
		staged[j] = s.nibbles[2*j] | s.nibbles[2*j+1]<<4
	}
	binary.LittleEndian.PutUint32(block[16*m+4*within:], uint32(fadd)<<16|uint32(fresc))
}

// inert is the factors of a slot without a vector: infinitely far, whatever its code.
const inert = 0x7f80 << 16

// pack puts a block's nibbles from a row for each slot to where the scan wants them, and makes inert what is behind the
// leaf's slots.
func pack(block, staged []byte, m, slots int) {
	copy(staged, block[:16*m])
	clear(block[:16*m])
	for s := range min(slots, kernel.BlockSlots) {
		for j, pair := range staged[s*m/2:][:m/2] {
			at, shift := kernel.NibbleAt(2*j, s)
			block[at] |= pair & 15 << shift
			at, shift = kernel.NibbleAt(2*j+1, s)
			block[at] |= pair >> 4 << shift
		}
	}
	for s := slots; s < kernel.BlockSlots; s++ {
		binary.LittleEndian.PutUint32(block[16*m+4*s:], inert)
	}
}
