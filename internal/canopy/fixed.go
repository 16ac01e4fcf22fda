package canopy

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
)

// FixedRerank makes a search measure the rows of the smallest bounds once all is scanned, a fixed number of them at most, in the
// order in which they are stored. It costs more time than measuring while scanning, but what is read is bounded: it is
// for rows that are on a disk.
type FixedRerank struct {
	Rows   int         // to measure; K at least, twice K where a row may have two slots
	More   int         // to measure at most besides, of those estimated to be nearer than the K-th of these
	From   io.ReaderAt // where they are read from; nil: from the index's bytes
	Offset int64       // of the first row there
	// Ahead asks for bytes of From that will be read soon, without waiting for them; nil: nobody is asked. All that
	// a search reads is asked for before it reads the first, so that a disk gets it at once.
	Ahead func(at, n int64)
	// Codes is Ahead for the index's own bytes: the codes of the leaves to be scanned, and the ids of the answers.
	Codes func(part []byte)
}

// least is how many rows a search measures with Query.Fixed.
func (s *Searcher) least() int {
	return max(s.q.Fixed.Rows, s.k*s.ix.Shape.Assignments())
}

// fixed is how many it measures at most.
func (s *Searcher) fixed() int { return s.least() + s.q.Fixed.More }

// keepSmallest leaves the want smallest bounds in the buffer, or up to excess more, and makes them the limit.
func (b *buffer) keepSmallest(want, excess int) {
	if b.n <= want {
		return
	}
	t := kernel.Threshold(b.bound[:b.n], want, excess)
	b.n = kernel.Below(b.bound[:b.n], b.row[:b.n], t, b.bound, b.row)
	if b.n > want+excess {
		b.cutTies(want)
	}
	b.limit = min(b.limit, t)
	b.unknown = min(b.unknown, b.n)
}

// cutTies drops all but the first of the largest bounds, for want to be left.
func (b *buffer) cutTies(want int) {
	largest, ties := float32(math.Inf(-1)), 0
	for _, v := range b.bound[:b.n] {
		if v > largest {
			largest, ties = v, 0
		}
		if v == largest {
			ties++
		}
	}
	keep, n := want-(b.n-ties), 0
	for i, v := range b.bound[:b.n] {
		if v == largest {
			if keep <= 0 {
				continue
			}
			keep--
		}
		b.bound[n], b.row[n] = v, b.row[i]
		n++
	}
	b.n = n
}

// gap is how many bytes between two rows are read with them rather than skipped: a page.
const gap = 4096

// fetched is rows read from elsewhere, one behind the other.
type fetched struct {
	rows []byte
	span []byte
	ids  []uint32
	ends []int // of each span, in the list of rows
}

// measureFixed measures the rows that are left, in two turns: so many of the smallest bounds, and then of the others those that are
// estimated to be nearer than an answer.
func (s *Searcher) measureFixed() error {
	b := &s.buffer
	b.keepSmallest(s.fixed(), 0)
	if err := s.findRows(b.n); err != nil {
		return err
	}
	first := s.least()
	if b.n <= first+first/8 {
		rows := b.row[:b.n]
		b.n, b.unknown = 0, 0
		return s.measureRead(rows)
	}
	t := kernel.Threshold(b.bound[:b.n], first, first/8)
	b.pick, b.pickRow = grow(b.pick, len(b.bound)), grow(b.pickRow, len(b.bound))
	first = kernel.Below(b.bound[:b.n], b.row[:b.n], t, b.pick, b.pickRow)
	if err := s.measureRead(b.pickRow[:first]); err != nil {
		return err
	}
	n := 0
	for i, bound := range b.bound[:b.n] {
		if bound >= t && bound < b.limit {
			b.row[n] = b.row[i]
			n++
		}
	}
	rows := b.row[:n]
	b.n, b.unknown = 0, 0
	return s.measureRead(rows)
}

// measureRead measures rows in the order in which they lie, and lowers the limit.
func (s *Searcher) measureRead(rows []uint32) error {
	slices.Sort(rows)
	rows = slices.Compact(rows)
	if s.q.Fixed.From == nil {
		return s.measure(rows, rowsAhead)
	}
	if err := s.checkRows(rows); err != nil || len(rows) == 0 {
		return err
	}
	if err := s.fetch(rows); err != nil {
		return err
	}
	f := &s.fetched
	from := kernel.Rows{Base: unsafe.Pointer(unsafe.SliceData(f.rows)), Stride: uintptr(s.ix.RowStride)}
	s.distances(from, f.ids, 0)
	s.learnRatio(from, f.ids)
	s.best.take(rows, s.dist)
	s.buffer.limit = s.gauge.limit(s.best.worst)
	return nil
}

// fetch reads rows, which ascend; neighbours in one call.
func (s *Searcher) fetch(rows []uint32) error {
	f, stride := &s.fetched, s.ix.RowStride
	f.rows, f.ids = grow(f.rows, len(rows)*stride), grow(f.ids, len(rows))
	for i := range f.ids {
		f.ids[i] = uint32(i)
	}
	f.divide(rows, stride)
	span := func(i, end int) (at int64, n int) {
		return s.q.Fixed.Offset + int64(rows[i])*int64(stride), int(rows[end-1]-rows[i]+1) * stride
	}
	if s.q.Fixed.Ahead != nil {
		i := 0
		for _, end := range f.ends {
			at, n := span(i, end)
			s.q.Fixed.Ahead(at, int64(n))
			i = end
		}
	}
	i := 0
	for _, end := range f.ends {
		first := int(rows[i])
		at, n := span(i, end)
		f.span = grow(f.span, n)
		switch n, err := s.q.Fixed.From.ReadAt(f.span, at); {
		case n == len(f.span):
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF): // what a page fault would be
			return corruptAt(at+int64(n), "the file was cut short after it was opened")
		default:
			return fmt.Errorf("annoy: reading rows %d to %d: %w", first, rows[end-1], err)
		}
		s.Touched.Reads++
		s.Touched.ReadBytes += len(f.span)
		for ; i < end; i++ {
			copy(f.rows[i*stride:(i+1)*stride], f.span[(int(rows[i])-first)*stride:])
		}
	}
	return nil
}

// divide cuts ascending rows into spans to be read in one call.
func (f *fetched) divide(rows []uint32, stride int) {
	f.ends = f.ends[:0]
	for i := range rows {
		if i+1 == len(rows) || int(rows[i+1]-rows[i]-1)*stride > gap {
			f.ends = append(f.ends, i+1)
		}
	}
}

// requestLeaves asks for the codes of the chosen leaves, and the rows of their slots, where they may be on a disk.
func (s *Searcher) requestLeaves() {
	if s.q.Fixed == nil || s.q.Fixed.Codes == nil {
		return
	}
	for _, leaf := range s.route.dir {
		s.q.Fixed.Codes(s.ix.LeafBlocks(leaf))
		if s.ix.SlotRow != nil {
			s.q.Fixed.Codes(bytesOf(s.ix.SlotRow[leaf.FirstBlock*kernel.BlockSlots:][:leaf.Slots]))
		}
	}
}

// requestIDs asks for the ids of the answers.
func (s *Searcher) requestIDs(hits []Hit) {
	if s.q.Fixed == nil || s.q.Fixed.Codes == nil {
		return
	}
	for _, h := range hits {
		s.q.Fixed.Codes(s.ix.ids.of(h.Row))
	}
}

// bytesOf views elements as bytes.
func bytesOf[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}
