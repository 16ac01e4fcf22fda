package peers

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/annoy-go/annoy"
)

// library is what the Go side knows of a peer in Python.
type library struct {
	name         string
	distribution string // on PyPI
	metrics      []annoy.Metric
	trees        bool // built once for each number of trees
	call         string
	knob, extra  string
	parameters   func(s shape) map[string]any
	series       func(s shape, k int) []Series
}

// shape is what build parameters depend on.
type shape struct {
	metric           annoy.Metric
	rows, dim, trees int
}

// common are the metrics of all libraries; Annoy alone has the others.
var common = []annoy.Metric{annoy.Angular, annoy.Cosine, annoy.Euclidean, annoy.Dot}

const (
	graphDegree       = 16
	graphConstruction = 200
	batchCall         = "one batch a slice"
)

// libraries in the order of reports. Graphs have M 16 and ef_construction 200, the values most often published; the
// inverted files the sizes that their authors advise for the number of rows.
var libraries = []*library{
	{
		name: "annoy", distribution: "annoy", trees: true, call: "a Python loop, a call a query", knob: "search_k",
		metrics:    append(slices.Clone(common), annoy.Manhattan, annoy.Hamming),
		parameters: func(s shape) map[string]any { return map[string]any{"trees": s.trees} },
		series: func(s shape, k int) []Series {
			return []Series{{From: k, To: exhaustive(s), Exact: exhaustive(s) == s.rows*s.trees}}
		},
	},
	{
		name: "hnswlib", distribution: "hnswlib", metrics: common, call: batchCall, knob: "ef",
		parameters: func(shape) map[string]any {
			return map[string]any{"M": graphDegree, "ef_construction": graphConstruction}
		},
		series: graphSeries,
	},
	{
		name: "faiss", distribution: "faiss-cpu", metrics: common, call: batchCall, knob: "nprobe", extra: "k_factor",
		parameters: func(s shape) map[string]any {
			return map[string]any{"factory": fmt.Sprintf("IVF%d,PQ%dx4fs,RFlat", faissLists(s.rows), (s.dim+1)/2)}
		},
		series: func(s shape, _ int) []Series {
			return each(Series{From: 1, To: faissLists(s.rows)}, 3, 10, 30)
		},
	},
	{
		name: "usearch", distribution: "usearch", metrics: common, call: batchCall, knob: "expansion_search",
		parameters: func(shape) map[string]any {
			return map[string]any{"connectivity": graphDegree, "expansion_add": graphConstruction}
		},
		series: graphSeries,
	},
	{
		name: "voyager", distribution: "voyager", metrics: common, call: batchCall, knob: "query_ef",
		parameters: func(shape) map[string]any {
			return map[string]any{"M": graphDegree, "ef_construction": graphConstruction}
		},
		series: graphSeries,
	},
	{
		name: "scann", distribution: "scann", metrics: common, call: batchCall, knob: "leaves_to_search", extra: "reorder",
		parameters: func(s shape) map[string]any {
			p := map[string]any{
				"leaves": scannLeaves(s.rows), "dimensions_per_block": 2, "training_sample": 250_000,
			}
			if s.metric != annoy.Euclidean { // the only distance that it spills for is the product
				p["soar_lambda"], p["overretrieve_factor"] = 1.5, 2.0
			}
			return p
		},
		series: func(s shape, k int) []Series {
			return each(Series{From: 1, To: scannLeaves(s.rows)}, min(s.rows, 3*k), min(s.rows, 10*k), min(s.rows, 30*k))
		},
	},
}

// exhaustive is the search_k that inspects every item.
func exhaustive(s shape) int { return min(s.rows*s.trees, math.MaxInt32) }

func graphSeries(s shape, k int) []Series {
	return []Series{{From: k, To: max(k, min(s.rows, 10_000))}}
}

func each(s Series, extras ...int) []Series {
	var all []Series
	for _, e := range slices.Compact(extras) {
		s.Extra = e
		all = append(all, s)
	}
	return all
}

// faissLists is the power of two nearest to 4·√rows, with 39 rows a list at least: fewer, and faiss warns.
func faissLists(rows int) int {
	lists := 1 << int(math.Round(math.Log2(4*math.Sqrt(float64(rows)))))
	for lists > 1 && rows < 39*lists {
		lists /= 2
	}
	return lists
}

func scannLeaves(rows int) int { return max(1, int(math.Round(2*math.Sqrt(float64(rows))))) }

// Names are the libraries to compare with, in the order of reports.
func Names() []string {
	var names []string
	for _, l := range libraries {
		names = append(names, l.name)
	}
	return names
}

// find gives the libraries of names in the order of reports; no names are all. ErrOption where one is unknown.
func find(names []string) ([]*library, error) {
	for _, n := range names {
		if !slices.Contains(Names(), n) {
			return nil, fmt.Errorf("%w: no peer %q: want %s", annoy.ErrOption, n, strings.Join(Names(), ", "))
		}
	}
	if len(names) == 0 {
		return libraries, nil
	}
	var found []*library
	for _, l := range libraries {
		if slices.Contains(names, l.name) {
			found = append(found, l)
		}
	}
	return found, nil
}
