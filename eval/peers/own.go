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

// defaultOurs are the indexes of this library that are compared when none are named.
func defaultOurs(trees []int) (all []Own) {
	for _, n := range trees {
		all = append(all, Own{Build: annoy.BuildOptions{Kind: annoy.Forest, Trees: n}})
	}
	return all
}

func (o *Own) name() string {
	if o.Name != "" {
		return o.Name
	}
	return fmt.Sprintf("ours, %d trees", o.Build.Trees)
}

// describe says what the index is; s gives rows.
func (o *Own) describe(s shape, k int, version string) Description {
	s.trees = o.Build.Trees
	return Description{
		Name: o.name(), Library: oursLibrary, Version: version, Parameters: map[string]any{"trees": o.Build.Trees},
		Call: "a Go loop, a call a query", Knob: "search_k", Series: []Series{{From: k, To: exhaustive(s)}},
	}
}

// extension is that of a file of its kind.
func (o *Own) extension() string { return ".ann" }
