package command

import (
	"fmt"
	"io"
	"iter"

	"github.com/annoy-go/annoy"
)

// indexSource gives the items of an index as an annoy.Source, in order of
// their ids.
type indexSource struct {
	ix   *annoy.Index
	path string
	rows int
	row  int
	next func() (annoy.Item, error, bool)
	stop func()
}

func newIndexSource(ix *annoy.Index, path string) (*indexSource, error) {
	s, err := ix.Stats()
	if err != nil {
		return nil, inFile(path, err)
	}
	src := &indexSource{ix: ix, path: path, rows: s.Items - s.Holes}
	src.next, src.stop = iter.Pull2(ix.All())
	return src, nil
}

func (s *indexSource) Dim() int { return s.ix.Dim() }
func (s *indexSource) Len() int { return s.rows }

func (s *indexSource) Next(dst []float32) (int64, error) {
	item, err, ok := s.next()
	switch {
	case !ok:
		return 0, io.EOF
	case err != nil:
		return 0, fmt.Errorf("%w (after %d of %d items)", inFile(s.path, err), s.row, s.rows)
	}
	s.row++
	copy(dst, item.Vector)
	return item.ID, nil
}

func (s *indexSource) close() { s.stop() }

// keyed is the items with their keys, if they are wanted.
func (s *indexSource) keyed(wanted bool) annoy.Source {
	if !wanted {
		return s
	}
	return &keyedItems{indexSource: s}
}

// keyedItems is an annoy.KeySource.
type keyedItems struct {
	*indexSource
	key string
}

func (k *keyedItems) HasKeys() bool { return true }

func (k *keyedItems) Key() string { return k.key }

func (k *keyedItems) Next(dst []float32) (int64, error) {
	id, err := k.indexSource.Next(dst)
	if err != nil {
		return id, err
	}
	if k.key, err = k.ix.Key(id); err != nil {
		return id, inFile(k.path, err)
	}
	return id, nil
}
