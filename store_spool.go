package annoy

import (
	"context"
	"fmt"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/internal/mmap"
)

// spoolItems is the itemStore of a builder with OnDisk that makes a canopy: nodes go to a temporary file beside the
// index, in the order in which they come, and stay there until the builder is closed. An item that comes again is
// written again, and the last one counts. A build maps the file for reading, and writes the index to another.
type spoolItems struct {
	layout annfile.Layout
	path   string // of the index
	warn   func(string)
	file   *atomicfile.File // never gets its name
	list   arrivals
	buf    []byte // the last items, not yet written
	first  int    // place of the first of them
}

func newSpoolItems(l annfile.Layout, path string, warn func(string)) (*spoolItems, error) {
	if err := checkName(path, Canopy); err != nil {
		return nil, err
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &spoolItems{layout: l, path: path, warn: warn, file: f}, nil
}

func (s *spoolItems) len() int64 { return s.list.length() }

func (s *spoolItems) put(id int64, node []byte) error {
	if err := s.list.room(); err != nil {
		return err
	}
	if len(s.buf) >= diskBuffer {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.buf = append(s.buf, node...)
	s.list.add(id)
	return nil
}

func (s *spoolItems) offset(place int) int64 { return int64(place) * int64(s.layout.Size) }

// flush writes the buffer. What was not written stays in it: when the disk has room again, the next call writes it.
func (s *spoolItems) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	if _, err := s.file.WriteAt(s.buf, s.offset(s.first)); err != nil {
		return fmt.Errorf("annoy: cannot write the items from id %d on: %w", s.list.id(s.first), err)
	}
	s.buf, s.first = s.buf[:0], s.list.n
	return nil
}

func (s *spoolItems) get(id int64, node []byte) error {
	place, ok := s.list.place(id)
	if !ok {
		return fail(ErrNotFound, "%d", id)
	}
	if place >= s.first {
		copy(node, s.buf[(place-s.first)*len(node):])
		return nil
	}
	_, err := s.file.ReadAt(node, s.offset(place))
	return err
}

func (s *spoolItems) abort() { s.file.Abort() }

func (s *spoolItems) buildForest(context.Context, *treeJob) (*Index, error) {
	return nil, optionError("Kind forest with OnDisk %s, which is the name of a canopy: use .ann", s.path)
}

func (s *spoolItems) buildCanopy(ctx context.Context, job *canopyJob) (*Index, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	in, err := mmap.OpenFile(s.file.File, mmap.Options{})
	if err != nil {
		return nil, corruptFault(err)
	}
	defer in.Close()
	out, err := atomicfile.Create(s.path)
	if err != nil {
		return nil, err
	}
	defer out.Abort()
	vs := &nodeVectors{layout: s.layout, nodes: in.Bytes(), list: &s.list, rows: s.list.live()}
	if err := job.runToFile(ctx, vs, in.Bytes(), out); err != nil {
		return nil, err
	}
	f, err := out.CommitOpen()
	tellInPlace(s.warn, out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ix, err := openBuiltCanopy(f)
	if err != nil {
		return nil, inFile(err, s.path)
	}
	return ix, nil
}
