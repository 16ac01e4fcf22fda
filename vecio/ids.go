package vecio

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
)

// maxIDLine bounds a line of a file of ids: room for a long comment.
const maxIDLine = 64 << 10

// ReadIDs reads a file of ids: one decimal integer from 0 to 2⁶³−1 a line.
// Blank lines are skipped, and so is the rest of a line from a # on. A line
// that is anything else is a *FormatError with its number. An id may stand
// there more than once. A file without ids gives an empty slice.
func ReadIDs(path string) ([]int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("annoy: %w", err)
	}
	defer f.Close()
	return readIDs(f, path)
}

func readIDs(r io.Reader, name string) ([]int64, error) {
	in := newInput(r, -1, name)
	start, err := in.peek(6)
	if err != nil {
		return nil, err
	}
	if err := in.packedError(start); err != nil {
		return nil, err
	}
	if err := in.skipBOM(); err != nil {
		return nil, err
	}
	ids := []int64{}
	var spill []byte
	for line := int64(1); ; line++ {
		text, err := in.readLine(&spill, maxIDLine)
		switch {
		case err == io.EOF:
			return ids, nil
		case err == errLineTooLong:
			return nil, in.lineErrorf(-1, line, -1, "longer than %d bytes", maxIDLine)
		case err != nil:
			return nil, err
		}
		text, _, _ = bytes.Cut(text, []byte("#"))
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		id, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil || id < 0 {
			return nil, in.lineErrorf(-1, line, -1, "%s is not an id: want an integer from 0 to %d",
				excerpt(text), int64(math.MaxInt64))
		}
		ids = append(ids, id)
	}
}

// Source is what a Reader is to its user: rows of Dim components, from the
// first to the last. annoy.Source is the same.
type Source interface {
	// Dim returns the number of components of every row.
	Dim() int
	// Len returns the number of rows, or −1 when it is not known before the end.
	Len() int
	// Next fills dst[:Dim()] with the next row and returns its id, io.EOF after
	// the last row.
	Next(dst []float32) (id int64, err error)
}

// IDSource is a Source whose ids come from a list.
type IDSource struct {
	source Source
	ids    []int64
	row    int
}

// WithIDs returns the rows of s with ids[0], ids[1], … as their ids. It is an
// error when an id stands twice in ids, or is negative, or when there are not
// as many ids as rows: at once where s knows its length, otherwise from Next
// when either ends before the other. ids must not change as long as the
// IDSource is in use.
func WithIDs(s Source, ids []int64) (*IDSource, error) {
	if n := s.Len(); n >= 0 && n != len(ids) {
		return nil, fmt.Errorf("annoy: %d ids for %d vectors", len(ids), n)
	}
	if i := slices.IndexFunc(ids, func(id int64) bool { return id < 0 }); i >= 0 {
		return nil, fmt.Errorf("annoy: id %d (of row %d) is negative", ids[i], i)
	}
	if first, second := firstRepeat(ids); second > 0 {
		return nil, fmt.Errorf("annoy: id %d stands twice in the list, for row %d and for row %d",
			ids[first], first, second)
	}
	return &IDSource{source: s, ids: ids}, nil
}

// firstRepeat returns the places of two equal ids, zeros when there are none.
// Lists mostly ascend; only others are copied and sorted.
func firstRepeat(ids []int64) (first, second int) {
	ascends := func() bool {
		for i := 1; i < len(ids); i++ {
			if ids[i] <= ids[i-1] {
				return false
			}
		}
		return true
	}
	if ascends() {
		return 0, 0
	}
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			first = slices.Index(ids, sorted[i])
			return first, first + 1 + slices.Index(ids[first+1:], sorted[i])
		}
	}
	return 0, 0
}

// Dim returns the source's number of components.
func (s *IDSource) Dim() int { return s.source.Dim() }

// Len returns the number of ids, which is that of the rows.
func (s *IDSource) Len() int { return len(s.ids) }

// Next reads the next row of the source and returns the list's id for it.
func (s *IDSource) Next(dst []float32) (int64, error) {
	_, err := s.source.Next(dst)
	switch {
	case err == io.EOF && s.row < len(s.ids):
		return 0, fmt.Errorf("annoy: %d ids for %d vectors", len(s.ids), s.row)
	case err != nil:
		return 0, err
	case s.row == len(s.ids):
		return 0, fmt.Errorf("annoy: %d ids, and more vectors than that", len(s.ids))
	}
	s.row++
	return s.ids[s.row-1], nil
}
