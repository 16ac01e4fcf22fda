package canopy

import "github.com/annoy-go/annoy/internal/kernel"

// settle measures what the buffer holds, or a part of it, and lowers the limit. Afterwards there is room again.
func (s *Searcher) settle() error {
	b := &s.buffer
	if s.q.Fixed != nil {
		b.keepSmallest(s.fixed(), s.fixed()/4)
		return nil
	}
	if b.first > 0 && b.n >= b.full {
		if err := s.settleFirst(); err != nil || b.n < b.full {
			return err
		}
	}
	if err := s.findRows(b.n); err != nil {
		return err
	}
	n := kernel.Below(b.bound[:b.n], b.row[:b.n], b.limit, b.bound, b.row)
	b.n, b.unknown = 0, 0
	return s.measure(b.row[:n], 0)
}

// settleFirst measures about the b.first rows with the smallest bounds. The k-th of their distances is the first limit;
// what it leaves stays in the buffer, much less than came in.
func (s *Searcher) settleFirst() error {
	b := &s.buffer
	t := kernel.Threshold(b.bound[:b.n], b.first, b.first/4)
	b.pick, b.pickRow = grow(b.pick, len(b.bound)), grow(b.pickRow, len(b.bound))
	n := kernel.Below(b.bound[:b.n], b.row[:b.n], t, b.pick, b.pickRow)
	if b.unknown == 0 {
		if err := s.rowsOf(b.pickRow[:n]); err != nil {
			return err
		}
	}
	for _, row := range b.pickRow[:n] {
		s.request(row)
	}
	if err := s.measure(b.pickRow[:n], 0); err != nil {
		return err
	}
	known := b.unknown > 0
	n = kernel.Below(b.bound[:b.n], b.row[:b.n], b.limit, b.bound, b.row)
	b.n, b.unknown = 0, 0
	for i, bound := range b.bound[:n] {
		if bound >= t { // the others are measured
			b.bound[b.n], b.row[b.n] = bound, b.row[i]
			b.n++
		}
	}
	if known {
		b.unknown = b.n
	}
	b.first, b.full = 0, max(48, 2*s.k)
	return s.findRows(b.n)
}

// measure computes the distances of rows and offers them to the answers, which lowers the limit.
func (s *Searcher) measure(rows []uint32, ahead int) error {
	if err := s.checkRows(rows); err != nil {
		return err
	}
	if s.memo != nil {
		s.recalled(rows)
	} else {
		s.distances(s.rows, rows, ahead)
	}
	s.learnRatio(s.rows, rows)
	s.best.take(rows, s.dist)
	s.buffer.limit = s.gauge.limit(s.best.worst)
	return nil
}

// checkRows proves that rows to be measured are there, and no more than there are codes: in a sound file each code is looked at
// once, so that no search measures more.
func (s *Searcher) checkRows(rows []uint32) error {
	for _, row := range rows {
		if uint64(row) >= uint64(s.ix.N) {
			return s.ix.corruptRow(row)
		}
	}
	if uint64(s.Touched.Rows)+uint64(len(rows)) > uint64(s.times())*s.ix.head.slots {
		return corruptAt(-1, "leaves overlap: more than %d codes, as many as there are, led to rows", s.ix.head.slots)
	}
	return nil
}
