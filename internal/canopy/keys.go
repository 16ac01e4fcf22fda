package canopy

import (
	"strings"
	"unsafe"
)

// keys is the strings of the rows that have one: all bytes in a row, where each row's begin (4 bytes each, or 8 where
// the bytes are many), and the rows in the order of their keys.
type keys struct {
	narrow []uint32 // N+1; nil where wide is set, both where there are no keys
	wide   []uint64
	bytes  []byte
	order  []uint32 // rows that have a key, ascending by it
}

// viewKeys cuts out the sections of the keys, all three or none.
func (ix *Index) viewKeys(offsets, order *entry, bytes func(kind) []byte) error {
	text := bytes(kindKeyBytes)
	if offsets == nil && order == nil && text == nil {
		return nil
	}
	if offsets == nil || order == nil || text == nil {
		return corruptAt(headerBytes, "%v, %v, %v: some are missing", kindKeyOffsets, kindKeyBytes, kindKeyOrder)
	}
	width := uint64(offsetBytes(uint64(len(text))))
	if want := (ix.head.rows + 1) * width; offsets.bytes != want {
		return corruptAt(ix.entryAt(offsets), "%v: %d bytes, want %d", kindKeyOffsets, offsets.bytes, want)
	}
	if order.bytes%4 != 0 || order.bytes > 4*ix.head.rows {
		return corruptAt(ix.entryAt(order), "%v: %d bytes for %d rows", kindKeyOrder, order.bytes, ix.head.rows)
	}
	ix.keys.bytes, ix.keys.order = text, cast[uint32](bytes(kindKeyOrder))
	if width == 4 {
		ix.keys.narrow = cast[uint32](bytes(kindKeyOffsets))
	} else {
		ix.keys.wide = cast[uint64](bytes(kindKeyOffsets))
	}
	return nil
}

// offsetBytes is the width of the offsets into so many bytes of keys.
func offsetBytes(total uint64) int {
	if total < 1<<32 {
		return 4
	}
	return 8
}

// HasKeys tells whether rows may have keys.
func (ix *Index) HasKeys() bool { return ix.keys.narrow != nil || ix.keys.wide != nil }

// Key is the key of row < N, "" where it has none.
func (ix *Index) Key(row uint32) (string, error) {
	key, err := ix.key(row)
	return strings.Clone(key), err
}

// key is Key without a copy: the string lies in the index's bytes.
func (ix *Index) key(row uint32) (string, error) {
	var first, end uint64
	k := &ix.keys
	switch {
	case k.narrow != nil:
		first, end = uint64(k.narrow[row]), uint64(k.narrow[row+1])
	case k.wide != nil:
		first, end = k.wide[row], k.wide[row+1]
	default:
		return "", nil
	}
	if first > end || end > uint64(len(k.bytes)) {
		return "", corruptAt(ix.keyAt(row), "the key of row %d is from byte %d to %d of %d", row, first, end, len(k.bytes))
	}
	b := k.bytes[first:end]
	return unsafe.String(unsafe.SliceData(b), len(b)), nil
}

// keyAt is where in the file the offset of a row's key is.
func (ix *Index) keyAt(row uint32) int64 {
	if ix.keys.narrow != nil {
		return ix.offset(unsafe.Pointer(&ix.keys.narrow[row]))
	}
	return ix.offset(unsafe.Pointer(&ix.keys.wide[row]))
}

// Lookup is the row of a key; ok is false where no row has it. The error is that of a damaged table.
func (ix *Index) Lookup(key string) (row uint32, ok bool, err error) {
	order := ix.keys.order
	low, high := 0, len(order)
	for low < high {
		mid := int(uint(low+high) / 2)
		row := order[mid]
		if uint64(row) >= uint64(ix.N) {
			return 0, false, corruptAt(ix.offset(unsafe.Pointer(&order[mid])), "row %d of %d is in the order of keys", row, ix.N)
		}
		found, err := ix.key(row)
		switch {
		case err != nil:
			return 0, false, err
		case found == key:
			return row, true, nil
		case found < key:
			low = mid + 1
		default:
			high = mid
		}
	}
	return 0, false, nil
}
