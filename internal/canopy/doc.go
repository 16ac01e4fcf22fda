// Package canopy is an index of one two-level k-means tree: the leaves are contiguous blocks of 4-bit codes, of which a
// scan gives a lower bound of each distance, and the few survivors are measured exactly from vectors stored in the order
// of the leaves. docs/format/canopy.md draws the file.
//
// An [Index] borrows the bytes that it is made of; whoever made them (a mapping, a build's memory) keeps them alive and
// unchanged for as long as it is used. Opening looks at the header only. What the other bytes say is checked where it is
// used, so that a search of any bytes gives an error or valid rows; Verify proves the whole.
package canopy
