package canopy

import (
	"hash/crc32"
)

// extent is a section to be written: its size is known before the first byte of the file is.
type extent struct {
	kind     kind
	bytes    uint64
	reserved uint64 // room, where it may become longer; 0: as long as it is
}

// writer writes sections, several at the same time, each from its start to its end.
type writer struct {
	out     Output
	head    header
	table   []entry
	place   [kinds]int    // in the table, less 1
	done    [kinds]uint64 // bytes written
	scratch [kinds][]byte // where the output is not memory: what the next piece is made in
}

// newWriter lays the parts out, in their order, and gives the output its length.
func newWriter(out Output, h header, parts []extent) (*writer, error) {
	w := &writer{out: out, head: h, table: make([]entry, len(parts))}
	end := uint64(headerBytes + len(parts)*entryBytes)
	for i, p := range parts {
		end = (end + alignment - 1) &^ (alignment - 1)
		w.table[i] = entry{kind: p.kind, offset: end, bytes: p.bytes, flags: flagRequired}
		if p.kind == kindCalibration || p.kind == kindMetadata || p.kind == kindMoments {
			w.table[i].flags = 0
		}
		w.place[p.kind] = i + 1
		end += max(p.bytes, p.reserved)
	}
	w.head.size = end
	return w, out.Resize(int64(end))
}

func (w *writer) entry(k kind) *entry { return &w.table[w.place[k]-1] }

// room is the next n bytes of a section, all 0, to be filled and then put.
func (w *writer) room(k kind, n int) []byte {
	if b := w.out.View(int64(w.entry(k).offset+w.done[k]), int64(n)); b != nil {
		return b
	}
	if cap(w.scratch[k]) < n {
		w.scratch[k] = aligned(n)
	}
	b := w.scratch[k][:n]
	clear(b)
	return b
}

// put writes what room returned.
func (w *writer) put(k kind, b []byte) error {
	e := w.entry(k)
	e.crc = crc32.Update(e.crc, castagnoli, b)
	at := int64(e.offset + w.done[k])
	w.done[k] += uint64(len(b))
	if w.out.View(at, 0) != nil {
		return nil
	}
	_, err := w.out.WriteAt(b, at)
	return err
}

// write is room, filled by do, and put, for a section whose elements are written at once.
func write[T any](w *writer, k kind, do func(to []T) error) error {
	b := w.room(k, int(w.entry(k).bytes))
	err := do(cast[T](b))
	if err == nil {
		err = w.put(k, b)
	}
	w.scratch[k] = nil
	return err
}

// writeAll is write for a section whose elements are there.
func writeAll[T any](w *writer, k kind, from []T) error {
	return write(w, k, func(to []T) error {
		copy(to, from)
		return nil
	})
}

// finish writes the header: until then the output is no canopy.
func (w *writer) finish() error {
	_, err := w.out.WriteAt(w.head.encode(w.table), 0)
	return err
}
