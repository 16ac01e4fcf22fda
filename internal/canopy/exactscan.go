package canopy

// batchRows is how many rows are measured in one call: enough to keep their requests in flight, few enough that the
// worst of the answers so far helps the next.
const batchRows = 256

// scanRows measures all rows, or all that the filter lets through.
func (s *Searcher) scanRows() error {
	s.startBatch()
	filter := s.q.Filter
	for row := range uint32(s.ix.N) {
		if filter != nil && !filter.Contains(s.ix.RowID(row)) {
			continue
		}
		s.addToBatch(row)
	}
	s.endBatch()
	return nil
}

func (s *Searcher) startBatch() {
	s.batch = grow(s.batch, batchRows)[:0]
	s.dist, s.norms = grow(s.dist, batchRows), grow(s.norms, batchRows)
}

func (s *Searcher) addToBatch(row uint32) {
	s.batch = append(s.batch, row)
	if len(s.batch) == batchRows {
		s.endBatch()
	}
}

func (s *Searcher) endBatch() {
	s.distances(s.rows, s.batch, rowsAhead)
	s.best.take(s.batch, s.dist)
	s.batch = s.batch[:0]
}
