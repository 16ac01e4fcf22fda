package canopy

import (
	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/metric"
)

// Places is how many places the order of ids has: RowAt's.
func (ix *Index) Places() int {
	if ix.ids.direct != nil {
		return len(ix.ids.direct)
	}
	return len(ix.ids.order)
}

// RowAt is the row at a place in the order of ids; ok is false where no row is there. The error is that of a damaged table.
func (ix *Index) RowAt(place int) (row uint32, ok bool, err error) {
	if ix.ids.direct != nil {
		return ix.FindRow(int64(place))
	}
	if row = ix.ids.order[place]; uint64(row) >= uint64(ix.N) {
		return 0, false, ix.corruptOrder(place, row)
	}
	return row, true, nil
}

// Between is the raw distance of two rows: what a search for one gives for the other.
func (s *Searcher) Between(ix *Index, a, b uint32) float32 {
	s.vector = grow(s.vector, ix.Dim)
	s.ix, s.q = ix, &Query{Vec: ix.Stored().Row(int(a), s.vector)}
	s.compareRows()
	s.batch, s.dist, s.norms = append(s.batch[:0], b), grow(s.dist, 1), grow(s.norms, 1)
	s.distances(s.rows, s.batch, 0)
	if d := s.dist[0]; d < metric.ToldAngle && (ix.Metric == Angular || ix.Metric == Cosine) {
		s.dist[0] = s.angle(ix.Row(b))
	}
	s.ix, s.q, s.rows, s.against = nil, nil, kernel.Rows{}, nil
	return s.dist[0]
}

// RowsAt is where in the file the rows begin.
func (ix *Index) RowsAt() int64 {
	for _, e := range ix.table {
		if e.kind == kindRows {
			return int64(e.offset)
		}
	}
	return int64(len(ix.data)) // not so: an index without the section does not open
}
