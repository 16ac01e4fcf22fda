package peers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/annoy-go/annoy"
)

// Peer is one index under comparison: a library with one set of build parameters. Its methods are called from one
// goroutine, Build first, Open once after it, then Search, EmptyCall and Resident in any order, Close last.
type Peer interface {
	// Describe tells what it is; the answer does not change.
	Describe() Description
	// Build builds an index of the set's base and saves it. On return nothing of it is in memory.
	Build(ctx context.Context, s *Set) (BuildCost, error)
	// Open loads what Build saved.
	Open(ctx context.Context, s *Set) error
	// Search answers queries[from:from+count] of the set on one thread, after a few of them unmeasured.
	Search(from, count, k int, e Effort) (Timing, error)
	// EmptyCall is the CPU seconds a query of the same slice searched in an index of one item: what the way to the
	// library and back costs.
	EmptyCall(from, count int) (float64, error)
	// Resident is the bytes of memory by which Open and all searches since have grown the process, 0 where the system does
	// not tell.
	Resident() (int64, error)
	Close() error
}

// Description is what a report says of a peer besides its figures.
type Description struct {
	Name       string         `json:"name"`    // unique in a comparison
	Library    string         `json:"library"` // of the names of Names, or "ours"
	Version    string         `json:"version"`
	Parameters map[string]any `json:"parameters"` // of the build
	Call       string         `json:"call"`       // how queries reach it: a loop, a batch
	Knob       string         `json:"knob"`       // the name of its effort
	Extra      string         `json:"extra,omitempty"`
	// Series are the efforts to sweep: the knob from From to To, for each value of Extra.
	Series []Series `json:"-"`
}

// ParameterText is the build parameters by name.
func (d *Description) ParameterText() string {
	var text []string
	for _, name := range slices.Sorted(maps.Keys(d.Parameters)) {
		text = append(text, fmt.Sprintf("%s %v", name, d.Parameters[name]))
	}
	return strings.Join(text, ", ")
}

// Series is a range of a peer's one knob at a fixed value of a second setting, 0 where it has none.
type Series struct {
	From, To, Extra int
	// Exact says that To inspects every item: recall gets to 1, so a pilot never gives the series up.
	Exact bool
}

// Effort is how hard a query tries: the value of the peer's knob, and of its second setting where it has one.
type Effort struct {
	Knob  int `json:"knob"`
	Extra int `json:"extra,omitempty"`
}

// label names an effort in a peer's own words.
func (d *Description) label(e Effort) string {
	if d.Extra == "" {
		return fmt.Sprintf("%s %d", d.Knob, e.Knob)
	}
	return fmt.Sprintf("%s %d, %s %d", d.Knob, e.Knob, d.Extra, e.Extra)
}

// BuildCost is what a build took. It may use all cores: CPU is the time of all its threads.
type BuildCost struct {
	CPU   float64 `json:"cpu"`   // seconds
	Wall  float64 `json:"wall"`  // seconds
	Bytes int64   `json:"bytes"` // of the saved index
	// Built is when, where the index is not of this comparison; otherwise zero.
	Built time.Time `json:"built,omitzero"`
}

// Timing is a slice of queries: its seconds in all, and for each query the ids found, nearest first. A negative
// id is the padding of an answer that is too short.
type Timing struct {
	CPU  float64   `json:"cpu"`
	Wall float64   `json:"wall"`
	IDs  [][]int64 `json:"ids"`
}

// warmQueries run before the clock of every slice starts: the peer before has just used the caches.
const warmQueries = 10

// metricFor is the name of a metric for the libraries: cosine orders as angular does.
func metricFor(m annoy.Metric) string {
	if m == annoy.Cosine {
		m = annoy.Angular
	}
	return m.String()
}
