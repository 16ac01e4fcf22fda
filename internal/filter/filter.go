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
	IDs   []int64
	limit int64
}

// Reset empties the list. It takes ids below limit from now on.
func (l *List) Reset(limit int64) { l.IDs, l.limit = l.IDs[:0], limit }

// Take adds an id, unless it is negative or not below the limit; whether it took it tells that larger ones may follow.
func (l *List) Take(id int64) bool {
	if id < 0 || id >= l.limit {
		return false
	}
	l.IDs = append(l.IDs, id)
	return true
}
