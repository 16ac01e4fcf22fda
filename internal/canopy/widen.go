package canopy

import "math"

// filtered is how the leaves to scan grow with the share of the rows that a filter lets through: as 1/share to this
// power. The time of a search grows as the number of rows to the power of 0.37; those in the filter are share times
// as many, and to find one of them 1/share codes are scanned.
const filtered = 0.63

// probesFor is how many leaves to scan for a share of the rows.
func (s *Searcher) probesFor(share float64) float64 {
	return float64(max(s.q.Effort.Probes, 1)) * math.Pow(min(share, 1), -filtered)
}

// fewFound is the share of all codes, one in so many, after which a search that still has fewer than k answers, or of whose rows more and more
// pass, measures all rows: what passes the filter is elsewhere, and the bounds are not meant for queries that far away.
const fewFound = 4

// widen goes on from the leaves that the effort asks for, in steps of as many again, until they are enough or all. It is true where all rows
// are to be measured instead.
func (s *Searcher) widen() (exact bool, err error) {
	r, before := &s.route, s.buffer.late
	for done := len(r.order); ; done += len(r.order) {
		if s.q.Fixed == nil {
			if err := s.settle(); err != nil {
				return false, err
			}
		}
		if s.enough(done) {
			return false, nil
		}
		if s.q.Fixed == nil && fewFound*s.Touched.Blocks > int(s.ix.blocks) && (!s.best.full() || s.buffer.morePass(before)) {
			return true, nil
		}
		if !r.all {
			s.compareAll()
		}
		s.choose(max(done, 1))
		if len(r.order) == 0 {
			return false, nil
		}
		s.passOver()
		if err := s.readLeaves(); err != nil {
			return false, err
		}
		before = s.buffer.passing()
		if err := s.scanLeaves(); err != nil {
			return false, err
		}
	}
}

// enough tells whether scanning done leaves was: there are k answers, and the share of rows that the filter lets
// through is made up for. A MaxDist may leave fewer than k: they are not searched for.
func (s *Searcher) enough(done int) bool {
	b := &s.buffer
	if b.tested > b.passed && float64(done) < s.probesFor(float64(max(b.passed, 1))/float64(b.tested)) {
		return false
	}
	switch {
	case s.q.Bounded:
		return true
	case s.q.Fixed != nil:
		return b.n >= s.k*s.ix.Shape.Assignments()
	}
	return s.best.full()
}

// compareAll computes the g of all leaves. Those scanned are passed over.
func (s *Searcher) compareAll() {
	r := &s.route
	r.near, r.parts, r.all = r.near[:0], r.parts[:0], true
	s.compare(0, uint32(len(s.ix.Leaves)))
	s.passOver()
}

// passOver takes the chosen leaves out of the next choice, once all are compared.
func (s *Searcher) passOver() {
	for _, key := range s.route.order {
		s.route.near[uint32(key)] = float32(math.Inf(1))
	}
}

// complete tells, after a search, whether there can be no more answers: there are k, or a MaxDist says how many, or
// all slots, none passed over for want of k answers, were held against the filter.
func (s *Searcher) complete() bool {
	return s.best.full() || s.q.Bounded || s.q.Filter != nil && uint64(s.buffer.tested) == s.ix.head.slots
}
