// Package calibrate measures which effort of an index reaches which recall, and stores and inverts what it measured: so
// that whoever searches asks for recall. It knows an index as something that answers sample queries at an effort.
package calibrate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Setting is an effort.
type Setting struct {
	Probes int     // leaves scanned
	Tops   int     // tops whose leaves are compared
	Z      float32 // deviations that a bound is below its estimate
	Sure   float32 // Z for a query that is not like those of the calibration
	Left   float32 // answers likely unseen, for each found, above which a search goes on; 0: none goes on
}

// Entry is the effort that reached a target.
type Entry struct {
	K      int
	Target float64
	Setting
	Recall float64 // that the sample had at it
	Bytes  float64 // that a query touched, on average
}

// Reached tells whether any effort reached the target.
func (e *Entry) Reached() bool { return e.Probes > 0 }

// The numbers of answers and the targets that are measured.
var (
	ks      = [...]int{1, 10, 100}
	targets = [...]float64{0.80, 0.85, 0.90, 0.95, 0.98, 0.99, 0.995, 0.999}
)

// Table is a calibration.
type Table struct {
	Samples int     // queries that it was measured with
	Given   bool    // they were given by the caller, not taken from the index's own vectors
	Entries []Entry // ascending by K, then by target
}

// For is the entry for k answers at a recall: that of the next larger k, or of the largest, and of the next larger
// target. ok is false where there is no such target or none reached it: only measuring every vector will do.
func (t *Table) For(k int, recall float64) (e Entry, ok bool) {
	for _, e := range t.of(k) {
		if e.Target >= recall && e.Reached() {
			e.Sure = e.sure()
			return e, true
		}
	}
	return Entry{}, false
}

// sure is the deviations within which the errors of so many estimates are as the target is of answers, if they are normal.
func (e *Entry) sure() float32 {
	return float32(math.Max(float64(e.Z), math.Sqrt2*math.Erfinv(e.Target)))
}

// Near is the entry for k answers whose effort is nearest to so many probes, by their ratio.
func (t *Table) Near(k, probes int) (e Entry, ok bool) {
	least := math.Inf(1)
	for _, other := range t.of(k) {
		if d := math.Abs(math.Log(float64(max(probes, 1)) / float64(other.Probes))); other.Reached() && d < least {
			e, least, ok = other, d, true
		}
	}
	return e, ok
}

// of is the entries that stand for k answers.
func (t *Table) of(k int) []Entry {
	if len(t.Entries) == 0 {
		return nil
	}
	first := slices.IndexFunc(t.Entries, func(e Entry) bool { return e.K >= k })
	if first < 0 {
		first = len(t.Entries) - 1
		k = t.Entries[first].K
		first = slices.IndexFunc(t.Entries, func(e Entry) bool { return e.K >= k })
	}
	end := first
	for end < len(t.Entries) && t.Entries[end].K == t.Entries[first].K {
		end++
	}
	return t.Entries[first:end]
}

// The stored form, little-endian: a head of version, number of entries, number of samples and flags, then the entries.
//
//	version  changes
//	1        the first
//	2        Left at the end of an entry; those of version 1 have none, and are 4 bytes shorter
const (
	version    = 2
	headBytes  = 16
	entryBytes = 36
	maxEntries = len(ks) * len(targets)

	flagGiven = 1
)

// MaxBytes is the largest stored form.
const MaxBytes = headBytes + maxEntries*entryBytes

// MarshalBinary is the stored form, at most MaxBytes. The error is for a table that Measure did not make.
func (t *Table) MarshalBinary() ([]byte, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	b := make([]byte, 0, headBytes+len(t.Entries)*entryBytes)
	flags := uint32(0)
	if t.Given {
		flags |= flagGiven
	}
	for _, v := range []uint32{version, uint32(len(t.Entries)), uint32(t.Samples), flags} {
		b = le.AppendUint32(b, v)
	}
	for _, e := range t.Entries {
		b = le.AppendUint32(b, uint32(e.K))
		b = le.AppendUint32(b, uint32(e.Probes))
		b = le.AppendUint32(b, uint32(e.Tops))
		b = le.AppendUint32(b, math.Float32bits(e.Z))
		b = le.AppendUint32(b, math.Float32bits(float32(e.Target)))
		b = le.AppendUint32(b, math.Float32bits(float32(e.Recall)))
		b = le.AppendUint64(b, math.Float64bits(e.Bytes))
		b = le.AppendUint32(b, math.Float32bits(e.Left))
	}
	return b, nil
}

// ErrTable is what the errors of UnmarshalBinary match.
var ErrTable = errors.New("annoy: not a calibration")

// UnmarshalBinary reads the stored form, which zeros may follow. The error matches ErrTable; t is then unchanged.
func (t *Table) UnmarshalBinary(b []byte) error {
	le := binary.LittleEndian
	if len(b) < headBytes {
		return fmt.Errorf("%w: %d bytes", ErrTable, len(b))
	}
	size := entryBytes
	switch v := le.Uint32(b); v {
	case version:
	case 1:
		size -= 4
	default:
		return fmt.Errorf("%w: version %d, this library reads up to %d", ErrTable, v, version)
	}
	n := le.Uint32(b[4:])
	if n > uint32(maxEntries) || len(b) < headBytes+int(n)*size {
		return fmt.Errorf("%w: %d entries in %d bytes", ErrTable, n, len(b))
	}
	read := Table{Samples: int(le.Uint32(b[8:]) & math.MaxInt32), Given: le.Uint32(b[12:])&flagGiven != 0}
	for b := b[headBytes:][:int(n)*size]; len(b) > 0; b = b[size:] {
		e := Entry{
			K:       int(le.Uint32(b) & math.MaxInt32),
			Setting: Setting{Probes: int(le.Uint32(b[4:]) & math.MaxInt32), Tops: int(le.Uint32(b[8:]) & math.MaxInt32), Z: math.Float32frombits(le.Uint32(b[12:]))},
			Target:  rounded(math.Float32frombits(le.Uint32(b[16:]))),
			Recall:  rounded(math.Float32frombits(le.Uint32(b[20:]))),
			Bytes:   math.Float64frombits(le.Uint64(b[24:])),
		}
		if size == entryBytes {
			e.Left = math.Float32frombits(le.Uint32(b[32:]))
		}
		read.Entries = append(read.Entries, e)
	}
	if err := read.check(); err != nil {
		return err
	}
	*t = read
	return nil
}

// rounded is the number of few digits that a float32 was made of: targets are compared with what users write.
func rounded(x float32) float64 { return math.Round(float64(x)*1e6) / 1e6 }

// check finds what a search could not live with.
func (t *Table) check() error {
	if len(t.Entries) > maxEntries {
		return fmt.Errorf("%w: %d entries", ErrTable, len(t.Entries))
	}
	for i, e := range t.Entries {
		inOrder := i == 0 || t.Entries[i-1].K < e.K || t.Entries[i-1].K == e.K && t.Entries[i-1].Target < e.Target
		if !inOrder || e.K < 1 || e.Probes < 0 || e.Tops < 0 || !(e.Z >= 0 && e.Z <= 100) || !(e.Left >= 0 && e.Left <= math.MaxFloat32) || !(e.Target > 0 && e.Target <= 1) ||
			!(e.Recall >= 0 && e.Recall <= 1) || !(e.Bytes >= 0 && e.Bytes <= math.MaxFloat64) {
			return fmt.Errorf("%w: entry %d of %d is %+v", ErrTable, i, len(t.Entries), e)
		}
	}
	return nil
}
