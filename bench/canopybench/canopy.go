package main

import (
	"fmt"

	"github.com/annoy-go/annoy"
)

// extension is that of a canopy's file.
const extension = ".canopy"

// indexInfo is what an index of ours says of itself.
type indexInfo struct {
	Bytes    int64  `json:"bytes"`
	Items    int    `json:"items"`
	Dim      int    `json:"dim"`
	Shape    string `json:"shape"`
	ShapeWhy string `json:"shape_why"`
	Element  string `json:"element"` // of the rows
	// Vectors is the bytes of the vectors themselves, at the width of their rows and without what pads these.
	Vectors int64 `json:"vectors"`
}

// beyond is the bytes a vector that the index has beyond the vectors.
func (i indexInfo) beyond() float64 { return float64(i.Bytes-i.Vectors) / float64(i.Items) }

// elementBytes are those of a component.
var elementBytes = map[annoy.Rows]int64{annoy.RowsFloat32: 4, annoy.RowsFloat16: 2, annoy.RowsInt8: 1, annoy.RowsUint8: 1}

// describe reads what the tables say of an index.
func describe(ix *annoy.Index) (indexInfo, error) {
	s, err := ix.Stats()
	if err != nil {
		return indexInfo{}, err
	}
	c := s.Canopy
	if c == nil || elementBytes[c.Rows] == 0 {
		return indexInfo{}, fmt.Errorf("the index says that it is a %v with other rows than are known", s.Kind)
	}
	return indexInfo{
		Bytes: s.Bytes, Items: s.Items, Dim: s.Dim, Shape: c.Shape.String(), ShapeWhy: c.ShapeWhy, Element: c.Rows.String(),
		Vectors: elementBytes[c.Rows] * int64(s.Items) * int64(s.Dim),
	}, nil
}

// shapes are those that a build chooses from.
var shapes = []annoy.Shape{annoy.One4, annoy.One8, annoy.Two8}

// variant says how an index is built. The zero value is the canopy with all defaults.
type variant struct {
	shape annoy.Shape
	rows  annoy.Rows
	// bare leaves the calibration out.
	bare bool
	// first is how many rows of the base are indexed, 0: all.
	first int
}

// name is that in tables.
func (v variant) name() string {
	name := "ours, canopy"
	if v.shape != annoy.ShapeAuto {
		name += ", " + v.shape.String()
	}
	if v.rows != annoy.RowsAuto {
		name += ", " + v.rows.String() + " rows"
	}
	return name
}

// options are those of the build; calibration are queries of the caller's, nil: the base's own.
func (v variant) options(calibration [][]float32) annoy.BuildOptions {
	o := annoy.BuildOptions{Kind: annoy.Canopy, Shape: v.shape, Rows: v.rows, CalibrationQueries: calibration}
	if v.bare {
		o.Calibrate, o.CalibrationQueries = -1, nil
	}
	return o
}

// atRecall asks for recall.
func atRecall(recall float64) *annoy.SearchOptions { return &annoy.SearchOptions{Recall: recall} }
