// Package forest builds and searches Annoy's forest: random-projection trees over
// all items (github.com/spotify/annoy). It works on node arrays in memory, wherever
// those bytes live, and knows nothing of files.
//
// A build goes three steps a tree, so that most of its work happens in the cache
// and all of it in parallel:
//
//	top      the first levels are split on a sample of the items (top.go)
//	route    every item goes down these levels in one pass over memory (top.go)
//	subtree  each of the buckets it lands in is copied together and finished alone (subtree.go)
//
// Annoy passes over all items once a level instead. The planes are the same either way: a split
// is decided by at most 200 sampled items (split.go).
//
// Nothing depends on the number of workers or on timing: every random number comes
// from a stream of its own for (seed, tree, path from the root).
package forest
