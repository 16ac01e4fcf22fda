package canopy

import (
	"github.com/annoy-go/annoy/internal/calibrate"
	"github.com/annoy-go/annoy/internal/filter"
)

// Query is what a search asks for.
type Query struct {
	Vec     []float32     // Dim components, finite
	K       int           // answers wanted
	Effort  Effort        // how much to scan
	Exact   bool          // measure every row instead of scanning codes
	Filter  filter.Filter // nil: all rows
	Exclude []int64       // ids not wanted, a few: each answer is compared with all of them

	// MaxDist, where Bounded is set, is the largest raw distance wanted. Codes whose bound exceeds it are passed over, so
	// that an answer may be missed whose distance was estimated badly, unless Exact is set.
	MaxDist float32
	Bounded bool

	// Fixed asks for the rerank of a fixed number of rows; nil for the usual one.
	Fixed *FixedRerank
}

// Effort says how much of an index a search looks at. Tops may be 0, for what Probes suggest.
type Effort = calibrate.Setting

// Hit is one answer.
type Hit struct {
	// Dist is the raw distance: squared for Euclidean, 2 − 2cos for Angular and Cosine (2 where either vector is zero),
	// minus the product for Dot, otherwise the distance itself.
	Dist float32
	Row  uint32
}

// Touched counts what a search looked at.
type Touched struct {
	Centroids int // compared by routing, padding included
	Blocks    int // of codes scanned
	Rows      int // measured
	Reads     int // calls of FixedRerank.From
	ReadBytes int // that they read
}

// Bytes is what the counted things weigh. Rows lie scattered, and cost twice their bytes.
func (t Touched) Bytes(ix *Index) int64 {
	return int64(t.Centroids)*int64(ix.routed()) + int64(len(ix.Blocks))/max(1, int64(ix.blocks))*int64(t.Blocks) +
		2*int64(t.Rows)*int64(ix.RowStride)
}
