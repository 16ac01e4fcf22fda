package canopy

import "unsafe"

// memo keeps the distances of rows to one query, which is asked again and again with other efforts: of an index on a disk
// each row is then read once rather than a hundred times. It is a hash table with open addressing, which takes no more once
// it is full.
type memo struct {
	rows []uint32 // NoRow: free
	dist []float32
	used int
	most int // entries that the table may have
}

// memoEntry is the bytes of an entry.
const memoEntry = 8

// slot is where a row is, or would be.
func (m *memo) slot(row uint32) int {
	mask := uint32(len(m.rows) - 1)
	at := row * 0x9e3779b1 >> 7 & mask
	for m.rows[at] != row && m.rows[at] != NoRow {
		at = (at + 1) & mask
	}
	return int(at)
}

func (m *memo) find(row uint32) (dist float32, ok bool) {
	if m.used == 0 {
		return 0, false
	}
	at := m.slot(row)
	return m.dist[at], m.rows[at] == row
}

// add keeps the distance of a row that is not there yet, in a table never more than three quarters full.
func (m *memo) add(row uint32, dist float32) {
	if 4*(m.used+1) > 3*len(m.rows) && !m.double() {
		return
	}
	at := m.slot(row)
	if m.rows[at] == row { // two slots of one search may have the same row
		return
	}
	m.rows[at], m.dist[at] = row, dist
	m.used++
}

func (m *memo) double() bool {
	size := max(64, 2*len(m.rows))
	if size > m.most {
		return false
	}
	old := *m
	m.rows, m.dist = make([]uint32, size), make([]float32, size)
	for i := range m.rows {
		m.rows[i] = NoRow
	}
	for i, row := range old.rows {
		if row != NoRow {
			at := m.slot(row)
			m.rows[at], m.dist[at] = row, old.dist[i]
		}
	}
	return true
}

// recalled is distances, for a query that has a memo: rows that are not in it are asked for together, before the first is waited for.
func (s *Searcher) recalled(rows []uint32) {
	ix, m := s.ix, s.memo
	s.fresh = s.fresh[:0]
	for _, row := range rows {
		if _, ok := m.find(row); !ok {
			s.fresh = append(s.fresh, row)
			s.ahead(unsafe.Slice((*byte)(ix.Row(row)), ix.RowStride))
		}
	}
	s.distances(s.rows, s.fresh, 0)
	s.Touched.Rows += len(rows) - len(s.fresh) // what a search would measure
	if len(s.fresh) == len(rows) {
		for i, row := range rows {
			m.add(row, s.dist[i])
		}
		return
	}
	s.freshDist = append(s.freshDist[:0], s.dist[:len(s.fresh)]...)
	next := 0
	for i, row := range rows {
		if next < len(s.fresh) && s.fresh[next] == row {
			s.dist[i] = s.freshDist[next]
			m.add(row, s.dist[i])
			next++
			continue
		}
		s.dist[i], _ = m.find(row)
	}
}
