// Package inherit passes an index from a process to a child forked from it. Go's runtime does not survive a fork, so the Python module
// opens the library anew in the child. The bytes of the parent's indexes are still there, at the same addresses: files that
// are mapped stay mapped, and the parent's heap is kept by a runtime that no longer runs, so that nothing frees it.
//
// The public API has no room for this. The root package fills in the two functions, and python/clib alone calls them.
package inherit

// Bytes are the bytes of an index in memory. They are never written to, and stay where they are until the index is closed and, where
// they are not mapped, no longer used.
type Bytes struct {
	// Parts follow each other in the index's file. The second is empty but for a forest that was built in memory, whose trees are apart
	// from its items.
	Parts  [2][]byte
	Mapped bool // they are a mapping of a file: reading a page may fault
	// Of a forest in two parts: what its file tells by how it ends, and its sidecar.
	Trees int
	Seed  uint64
}

var (
	// Of tells where the bytes of index, an *annoy.Index that is open, are.
	Of func(index any) Bytes

	// Take makes an *annoy.Index of bytes that another process's Of told. It does not own them: closing it leaves them as they are. path
	// is that of the file they are from, "" for none; options are *annoy.OpenOptions, with the metric and the dimension of a forest.
	Take func(b Bytes, path string, options any) (index any, err error)
)
