package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/calibrate"
	"github.com/annoy-go/annoy/internal/filter"
	"github.com/annoy-go/annoy/internal/kernel"
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

// ExactBytes is what measuring all rows takes in the measure of Touched.Bytes: rows that follow each other need no request.
func (ix *Index) ExactBytes() float64 { return float64(ix.N) * (150 + float64(ix.RowStride)*6/5) }

// BytesFor is about what a search for k answers touches by a calibrated effort, which may be for fewer answers: leaves grow slower than k, rows
// are twice k at least.
func (ix *Index) BytesFor(e calibrate.Entry, k int) float64 {
	if k <= e.K {
		return e.Bytes
	}
	return e.Bytes*math.Pow(float64(k)/float64(e.K), 0.4) + float64(Touched{Rows: 2 * k}.Bytes(ix))
}

// Bytes is the time that the counted things take, in bytes of codes: what reading and adding up one byte of codes
// takes is 1. The weights are those of a fit to 160 efforts on sift and gloss (shapes one4 and two8, rows of one and two bytes a
// component, a Xeon of 2023), which says the time of each but for 3 to 5 %: 32 ns for a kilobyte of codes and 0.45 ns
// for each slot, 13 ns for a kilobyte of centroids, which the second-level cache holds, and 31 ns for a row wherever it lies, with 38 ns for
// each of its kilobytes.
func (t Touched) Bytes(ix *Index) int64 {
	return (int64(t.Centroids)*int64(ix.routed())+int64(len(ix.Axes)))*2/5 +
		int64(t.Blocks)*int64(kernel.BlockBytes(ix.M)+14*kernel.BlockSlots) +
		int64(t.Rows)*(1000+int64(ix.RowStride)*6/5)
}
