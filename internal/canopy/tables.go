package canopy

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// idSurvey is what the ids of all vectors ask of the tables.
type idSurvey struct {
	bytes  int    // of an id: 4 or 8
	direct uint64 // entries of a direct table from id to row; 0: the rows are ordered by id instead
	sorted bool   // the ids ascend in the order of arrival
}

// surveyIDs goes over the ids once. They are dense, and a direct table is worth its room, where it has at most twice as
// many entries as there are ids.
func surveyIDs(vs Vectors) *idSurvey {
	smallest, largest, sorted := int64(math.MaxInt64), int64(math.MinInt64), true
	n := vs.Len()
	for i := range n {
		id := vs.ID(i)
		sorted = sorted && (i == 0 || id > largest)
		smallest, largest = min(smallest, id), max(largest, id)
	}
	s := &idSurvey{bytes: 4, sorted: sorted}
	if n == 0 {
		return s
	}
	if smallest < 0 || largest > math.MaxUint32 {
		s.bytes = 8
	}
	if smallest >= 0 && largest < 2*int64(n) {
		s.direct = uint64(largest) + 1
	}
	return s
}

// write writes the table from id to row; row is the row of each vector.
func (s *idSurvey) write(w *writer, vs Vectors, row []uint32) error {
	if s.direct > 0 {
		return write(w, kindDirect, func(to []uint32) error {
			for i := range to {
				to[i] = NoRow
			}
			for i, r := range row {
				id := vs.ID(i)
				if to[id] != NoRow {
					return twice(id)
				}
				to[id] = r
			}
			return nil
		})
	}
	return write(w, kindOrder, func(to []uint32) error {
		for i := range to {
			to[i] = uint32(i)
		}
		if !s.sorted {
			slices.SortFunc(to, func(a, b uint32) int { return cmp.Compare(vs.ID(int(a)), vs.ID(int(b))) })
			for i := 1; i < len(to); i++ {
				if id := vs.ID(int(to[i])); id == vs.ID(int(to[i-1])) {
					return twice(id)
				}
			}
		}
		for i, v := range to {
			to[i] = row[v]
		}
		return nil
	})
}

func twice(id int64) error { return fmt.Errorf("annoy: id %d is there twice", id) }

// keySurvey is what the keys ask of the tables.
type keySurvey struct {
	key    func(i int) string
	vector []uint32 // by row
	bytes  uint64   // of all keys
	order  []uint32 // rows that have a key, ascending by it
}

// surveyKeys goes over the keys once, and sorts the rows that have one. row is the row of each vector.
func surveyKeys(key func(i int) string, row []uint32) *keySurvey {
	if key == nil {
		return nil
	}
	s := &keySurvey{key: key, vector: make([]uint32, len(row))}
	for i, r := range row {
		s.vector[r] = uint32(i)
	}
	for r, i := range s.vector {
		if k := key(int(i)); k != "" {
			s.bytes += uint64(len(k))
			s.order = append(s.order, uint32(r))
		}
	}
	slices.SortFunc(s.order, func(a, b uint32) int { return cmp.Compare(s.of(a), s.of(b)) })
	return s
}

func (s *keySurvey) of(row uint32) string { return s.key(int(s.vector[row])) }

// keyPiece is how many bytes of keys are collected before they are written.
const keyPiece = 1 << 20

// write writes the sections of the keys.
func (s *keySurvey) write(w *writer) error {
	if s == nil {
		return nil
	}
	for i := range s.order {
		if i > 0 && s.of(s.order[i]) == s.of(s.order[i-1]) {
			return fmt.Errorf("annoy: key %q is there twice", s.of(s.order[i]))
		}
	}
	var end uint64
	width := offsetBytes(s.bytes)
	err := write(w, kindKeyOffsets, func(to []byte) error {
		for r := range s.vector {
			end += uint64(len(s.of(uint32(r))))
			if width == 4 {
				binary.LittleEndian.PutUint32(to[4*(r+1):], uint32(end))
			} else {
				binary.LittleEndian.PutUint64(to[8*(r+1):], end)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for r := 0; r < len(s.vector); {
		n, from := 0, r
		for ; r < len(s.vector) && (r == from || n < keyPiece); r++ {
			n += len(s.of(uint32(r)))
		}
		piece := w.room(kindKeyBytes, n)
		at := piece
		for i := from; i < r; i++ {
			at = at[copy(at, s.of(uint32(i))):]
		}
		if err := w.put(kindKeyBytes, piece); err != nil {
			return err
		}
	}
	return writeAll(w, kindKeyOrder, s.order)
}
