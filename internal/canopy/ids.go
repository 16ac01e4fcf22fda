package canopy

// ids is the two tables between rows and ids. Row to id has 4 bytes where every id fits uint32, else 8. Id to row is a
// direct table where the ids are dense, else the rows in the order of their ids.
type ids struct {
	narrow []uint32 // by row; nil where wide is set
	wide   []int64
	direct []uint32 // by id, NoRow for an id that there is not; nil where ordered is set
	order  []uint32 // rows, ascending by id
}

// of is the bytes of the id of a row.
func (t *ids) of(row uint32) []byte {
	if t.narrow != nil {
		return bytesOf(t.narrow[row : row+1])
	}
	return bytesOf(t.wide[row : row+1])
}

// FindRow is the row of an id; ok is false where there is no such id. The error is that of a damaged table.
func (ix *Index) FindRow(id int64) (row uint32, ok bool, err error) {
	t := &ix.ids
	if t.direct != nil {
		if id < 0 || id >= int64(len(t.direct)) {
			return 0, false, nil
		}
		switch row := t.direct[id]; {
		case row == NoRow:
			return 0, false, nil
		case uint64(row) >= uint64(ix.N) || ix.RowID(row) != id:
			return 0, false, ix.corruptDirect(id, row)
		default:
			return row, true, nil
		}
	}
	low, high := 0, len(t.order)
	for low < high {
		mid := int(uint(low+high) / 2)
		row := t.order[mid]
		if uint64(row) >= uint64(ix.N) {
			return 0, false, ix.corruptOrder(mid, row)
		}
		switch found := ix.RowID(row); {
		case found == id:
			return row, true, nil
		case found < id:
			low = mid + 1
		default:
			high = mid
		}
	}
	return 0, false, nil
}
