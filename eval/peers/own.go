package peers

import (
	"fmt"

	"github.com/annoy-go/annoy"
)

// Own is an index of this library in a comparison.
type Own struct {
	Name  string // in the report, unique; "": made of Build
	Build annoy.BuildOptions
	// Path is of an index that is built already, and Cost what that took. "": it is built of the comparison's vectors.
	Path string
	Cost BuildCost
}

// defaultOurs are the indexes of this library that are compared when none are named: a canopy, and a forest of each number of trees.
func defaultOurs(trees []int) []Own {
	all := []Own{{Build: annoy.BuildOptions{Kind: annoy.Canopy}}}
	for _, n := range trees {
		all = append(all, Own{Build: annoy.BuildOptions{Kind: annoy.Forest, Trees: n}})
	}
	return all
}

func (o *Own) name() string {
	switch {
	case o.Name != "":
		return o.Name
	case o.Build.Kind == annoy.Canopy:
		return "ours, canopy"
	}
	return fmt.Sprintf("ours, %d trees", o.Build.Trees)
}

// describe says what the index is; s gives rows.
func (o *Own) describe(s shape, k int, version string) Description {
	d := Description{Name: o.name(), Library: oursLibrary, Version: version, Call: "a Go loop, a call a query", Knob: "search_k"}
	if o.Build.Kind == annoy.Canopy {
		lossless := o.Build.Rows == annoy.RowsAuto || o.Build.Rows == annoy.RowsFloat32
		d.Parameters = map[string]any{"shape": o.Build.Shape.String(), "rows": o.Build.Rows.String(), "calibrated by": calibratedBy(&o.Build)}
		d.Series = []Series{{From: k, To: s.rows, Exact: lossless}}
		return d
	}
	s.trees = o.Build.Trees
	d.Parameters = map[string]any{"trees": o.Build.Trees}
	d.Series = []Series{{From: k, To: exhaustive(s), Exact: exhaustive(s) == s.rows*s.trees}}
	return d
}

// calibratedBy names the sample of a canopy.
func calibratedBy(o *annoy.BuildOptions) string {
	switch {
	case len(o.CalibrationQueries) > 0:
		return fmt.Sprintf("%d queries", len(o.CalibrationQueries))
	case o.Calibrate < 0:
		return "nothing"
	case o.Calibrate == 0:
		return "1000 items"
	}
	return fmt.Sprintf("%d items", o.Calibrate)
}

// extension is that of a file of its kind.
func (o *Own) extension() string {
	if o.Build.Kind == annoy.Canopy {
		return ".canopy"
	}
	return ".ann"
}

// empty are the options of an index of one item of its kind.
func (o *Own) empty() *annoy.BuildOptions {
	if o.Build.Kind == annoy.Canopy {
		return &annoy.BuildOptions{Kind: annoy.Canopy}
	}
	return &annoy.BuildOptions{Kind: annoy.Forest, Trees: 1}
}
