// Package filter is what restricts a search to some ids, as the indexes see it.
package filter

import "iter"

// Filter restricts a search to the ids that it contains.
type Filter interface {
	Contains(id int64) bool
}

// Sized is a Filter that can list itself, so that a small one is scanned exactly.
type Sized interface {
	Filter
	Len() int
	All() iter.Seq[int64]
}

// Lister is a Sized that lists itself without allocating: a sequence and the loop over it are closures, made anew for
// every search.
type Lister interface {
	Sized
	List(to *List) // takes every id once
}

// List is the ids of a filter that an index may have.
type List struct {
	IDs         []int64
	least, most int64
}

// Reset empties the list. It takes ids from least to most from now on.
func (l *List) Reset(least, most int64) { l.IDs, l.least, l.most = l.IDs[:0], least, most }

// Take adds an id that the index may have, and tells whether larger ones may follow.
func (l *List) Take(id int64) bool {
	if id >= l.least && id <= l.most {
		l.IDs = append(l.IDs, id)
	}
	return id <= l.most
}

// TakeAll adds the ids of a filter. It allocates.
func (l *List) TakeAll(f Sized) {
	for id := range f.All() {
		l.Take(id)
	}
}
