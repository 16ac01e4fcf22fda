package annoy

import (
	"context"
	"io"
)

// backend is one kind of index behind an Index. What reads its bytes is called between begin and end: Close then waits,
// and a page fault becomes an error. Searches are not among the methods: through an interface the compiler would have
// to put every caller's query and options on the heap, so Index calls them by the backend's own type.
type backend interface {
	kind() Kind
	dim() int
	// len is what Index.Len tells.
	len() int
	// places is how many items and holes there are in the order of ids: what itemAt counts.
	places() int
	// itemAt appends the item at a place, in order of ids, to dst; ErrNotFound where there is a hole.
	itemAt(dst []float32, place int) (id int64, v []float32, err error)
	appendVector(dst []float32, id int64) ([]float32, error)
	distance(i, j int64) (float32, error)
	// stats fills in what its kind knows.
	stats(s *Stats) error
	verify(ctx context.Context, tell func(Progress)) error
	save(path string, warn func(string)) error
	writeTo(w io.Writer) (int64, error)
}
