package annoy

import (
	"fmt"
	"math/bits"

	"github.com/annoy-go/annoy/internal/canopy"
	"github.com/annoy-go/annoy/internal/kernel"
)

// CanopyStats describe a canopy.
type CanopyStats struct {
	Shape     Shape       `json:"shape"`
	ShapeWhy  string      `json:"shape_why"`
	ShapeCost *ShapeCosts `json:"shape_cost,omitempty"` // nil where the build did not compare shapes
	Rows      Rows        `json:"rows"`                 // type of the components kept
	RowsWhy   string      `json:"rows_why"`

	Axes      int       `json:"axes"`       // coordinates that tree and codes are of; 0: the dimensions themselves
	Tops      int       `json:"tops"`       // centroids of the upper level
	Leaves    int       `json:"leaves"`     // of the lower
	LeafGoal  int       `json:"leaf_goal"`  // vectors that a leaf was meant to have
	Codes     int64     `json:"codes"`      // vectors coded in leaves: Items, or up to twice as many
	CodeBytes int       `json:"code_bytes"` // of one
	MeanLeaf  float64   `json:"mean_leaf"`  // codes in a leaf
	LeafSizes []Bucket  `json:"leaf_sizes"`
	Sections  []Section `json:"sections"` // of the file, in its order

	Keys          bool         `json:"keys"` // items were added with keys
	MetadataBytes int          `json:"metadata_bytes"`
	Calibration   *Calibration `json:"calibration,omitempty"` // nil without
}

// ShapeCosts are the bytes that a query touched in trial builds of each shape, at recall@10 0.95; 0 where none reached it.
type ShapeCosts struct {
	One4 float64 `json:"one4"`
	One8 float64 `json:"one8"`
	Two8 float64 `json:"two8"`
}

// Bucket counts the leaves of Least to Most codes.
type Bucket struct {
	Least  int `json:"least"`
	Most   int `json:"most"`
	Leaves int `json:"leaves"`
}

// Section is a part of a file.
type Section struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"`
	Bytes  int64  `json:"bytes"`
}

// Calibration is the measured relation of recall and effort.
type Calibration struct {
	Queries int                `json:"queries"` // that it was measured with
	Given   bool               `json:"given"`   // as CalibrationQueries; else drawn from the items
	Table   []CalibrationEntry `json:"table"`   // by K, then by Target
}

// CalibrationEntry is the effort that reaches a recall.
type CalibrationEntry struct {
	K       int     `json:"k"`
	Target  float64 `json:"target"`
	Reached bool    `json:"reached"`  // false: nothing cheaper than exact search reached the target, and that is used for it
	Recall  float64 `json:"recall"`   // of the queries, at this effort
	Leaves  int     `json:"leaves"`   // scanned
	SearchK int     `json:"search_k"` // about so many codes are in them
	Z       float32 `json:"z"`        // deviations of an estimate by which bounds are lowered
	Bytes   float64 `json:"bytes"`    // that a query touched, on average
}

func (c *canopyIndex) stats(s *Stats) error {
	ix := c.ix
	s.Items, s.Bytes, s.Seed = ix.N, int64(len(c.data)), ix.About.Seed
	s.Canopy = &CanopyStats{
		Shape: Shape(ix.Shape), ShapeWhy: reason(ix.About.ShapeWhy), Rows: rowsOf(ix.Element), RowsWhy: reason(ix.About.RowsWhy),
		Axes: len(ix.AxisScale), Tops: ix.NTops, Leaves: ix.NLeaves, LeafGoal: ix.About.Leaf, CodeBytes: ix.M/2 + 4, MeanLeaf: ix.MeanSlots,
		Keys: ix.HasKeys(), MetadataBytes: len(ix.Metadata()), Calibration: c.calibrated(),
	}
	if cost := ix.About.ShapeCost; cost != [3]float64{} {
		s.Canopy.ShapeCost = &ShapeCosts{cost[0], cost[1], cost[2]}
	}
	for _, section := range ix.Sections() {
		s.Canopy.Sections = append(s.Canopy.Sections, Section(section))
	}
	return c.countLeaves(s.Canopy)
}

// countLeaves fills in what the directory of leaves says. Buckets double: 1, 2–3, 4–7, …
func (c *canopyIndex) countLeaves(s *CanopyStats) error {
	var counts [33]int
	for l := range uint32(len(c.ix.Leaves)) {
		leaf, err := c.ix.Leaf(l)
		if err != nil {
			return err
		}
		counts[bits.Len32(leaf.Slots)]++
		s.Codes += int64(leaf.Slots)
	}
	for i, n := range counts[1:] { // padding has no slots
		if n > 0 || len(s.LeafSizes) > 0 {
			s.LeafSizes = append(s.LeafSizes, Bucket{1 << i, 1<<(i+1) - 1, n})
		}
	}
	for n := len(s.LeafSizes); n > 0 && s.LeafSizes[n-1].Leaves == 0; n-- {
		s.LeafSizes = s.LeafSizes[:n-1]
	}
	return nil
}

func (c *canopyIndex) calibrated() *Calibration {
	t := c.calibration
	if t == nil {
		return nil
	}
	out := &Calibration{Queries: t.Samples, Given: t.Given}
	for _, e := range t.Entries {
		out.Table = append(out.Table, CalibrationEntry{
			K: e.K, Target: e.Target, Reached: e.Reached(), Recall: e.Recall, Leaves: e.Probes,
			SearchK: int(float64(e.Probes) * c.ix.MeanSlots), Z: e.Z, Bytes: e.Bytes,
		})
	}
	return out
}

// reason says why the build took a shape or a type of rows.
func reason(r canopy.Reason) string {
	switch r {
	case canopy.Asked:
		return "asked for"
	case canopy.FewestBytes:
		return "a query touches the fewest bytes"
	case canopy.TooFew:
		return "too few items to compare"
	case canopy.Exact:
		return "the narrowest that holds every component exactly"
	case canopy.Rounded:
		return "asked for; components were rounded"
	}
	return fmt.Sprintf("unknown reason %d", uint8(r))
}

func rowsOf(e kernel.Element) Rows {
	switch e {
	case kernel.Float16:
		return RowsFloat16
	case kernel.Int8:
		return RowsInt8
	case kernel.Uint8:
		return RowsUint8
	}
	return RowsFloat32
}
