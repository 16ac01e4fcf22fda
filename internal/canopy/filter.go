package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/filter"
	"github.com/annoy-go/annoy/internal/kernel"
)

// scanAlways is how many ids a filter may have and always be measured rather than searched for.
const scanAlways = 1000

// idBytes is about what finding the row of an id costs, in the measure of Touched.Bytes: as much as a row that lies
// anywhere.
const idBytes = 1000

// askBytes is about what asking a filter about an id costs, in the same measure: 20 ns for a bitmap of a hundred thousand ids.
const askBytes = 600

// scansFilter tells whether measuring all rows of a filter is cheaper than what else finds the answer: asking it about all
// rows, where all are to be measured, or finding the nearest by the codes.
func (s *Searcher) scansFilter(f filter.Sized, all bool) bool {
	ix, n := s.ix, f.Len()
	if n <= scanAlways {
		return true
	}
	if all {
		listed := Touched{Rows: n}.Bytes(ix) + int64(n)*idBytes
		return float64(listed) <= float64(ix.N)*askBytes+ix.ExactBytes()*float64(n)/float64(max(ix.N, 1))
	}
	scan := Touched{Blocks: int(min(s.probesFor(float64(n)/float64(ix.N)), float64(ix.NLeaves)) * ix.MeanSlots / kernel.BlockSlots)}
	return Touched{Rows: n}.Bytes(ix)+int64(n)*idBytes <= scan.Bytes(ix)
}

// scanFilter measures the rows of a filter that lists itself.
func (s *Searcher) scanFilter(f filter.Sized) error {
	s.startBatch()
	s.list.Reset(math.MinInt64, math.MaxInt64)
	if l, ok := f.(filter.Lister); ok {
		l.List(&s.list)
	} else {
		s.list.TakeAll(f)
	}
	for _, id := range s.list.IDs {
		if err := s.addID(id); err != nil {
			return err
		}
	}
	s.endBatch()
	return nil
}

func (s *Searcher) addID(id int64) error {
	row, ok, err := s.ix.FindRow(id)
	if ok {
		s.addToBatch(row)
	}
	return err
}

// admitFiltered keeps the entries from index from on whose ids the filter contains. Their rows are known then.
func (s *Searcher) admitFiltered(from int) error {
	ix, b := s.ix, &s.buffer
	if ix.SlotRow != nil {
		if err := s.rowsOf(b.row[from:b.n]); err != nil {
			return err
		}
	}
	n := from
	for i, row := range b.row[from:b.n] {
		if uint64(row) >= uint64(ix.N) {
			return ix.corruptRow(row)
		}
		if s.q.Filter.Contains(ix.RowID(row)) {
			b.bound[n], b.row[n] = b.bound[from+i], row
			n++
		}
	}
	b.tested, b.passed = b.tested+b.n-from, b.passed+n-from
	b.n, b.unknown = n, n
	return nil
}

// exclude finds the rows that are not wanted.
func (s *Searcher) exclude() error {
	for _, id := range s.q.Exclude {
		row, ok, err := s.ix.FindRow(id)
		if err != nil {
			return err
		}
		if ok {
			s.best.drop = append(s.best.drop, row)
		}
	}
	return nil
}
