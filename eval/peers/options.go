package peers

import (
	"fmt"
	"slices"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

// Options say what to compare. The zero value of every field but Base is a default.
type Options struct {
	Base    string       // file of the vectors to index, of any format that Open reads
	Queries string       // file of queries; "": a tenth of the base at most is held out and asked
	Truth   string       // file of the exact neighbours' row numbers, nearest first (npy, ivecs, or an HDF5 file's neighbors); "": computed
	Metric  annoy.Metric // 0: what an HDF5 file of ann-benchmarks says, otherwise Angular
	K       int          // neighbours a query asks for; 0: 10
	With    []string     // of Names; nil: all
	Alone   bool         // none of them: this library's indexes beside each other
	Ours    []Own        // indexes of this library; nil: what defaultOurs names
	Recalls []float64    // to state speeds at, each within (0, 1); nil: 0.8, 0.9, 0.95, 0.99
	Trees   []int        // of the forests, ours and Annoy's; nil: 10 and 50
	Rows    int          // the first so many of Base are indexed; 0: all
	Rounds  int          // how often everything takes its turn, each time with queries of its own; 0: 5, or 2 where Quick
	Slice   int          // queries a round, where there are enough of them; 0: 200, or 100 where Quick
	Quick   bool         // for a first look: quickRows rows, and fewer rounds
	Env     string       // the Python environment; "": DefaultEnv
	Cache   string       // folder that keeps the peers' indexes, and what their building took, for the next comparison; "": none
	Rebuild bool         // what Cache keeps is built again
	TempDir string       // for the indexes, all at the same time; "": the system's
	Version string       // of this library, for the report
	// Open opens Base and Queries, for formats of other packages (parquet.Open of package vecio/parquet). dataset is "test" for
	// the queries in an HDF5 file of ann-benchmarks, otherwise "". Default (nil): vecio.Open.
	Open func(path, dataset string) (Source, error)
	// Progress is told what is going on: total 0 where it is not known. Default (nil): nobody.
	Progress func(stage string, done, total int)
}

const quickRows = 20_000

var (
	defaultRecalls = []float64{0.8, 0.9, 0.95, 0.99}
	defaultTrees   = []int{10, 50}
)

// limit is how many rows of the base are read at most, 0: all.
func (o *Options) limit() int {
	if o.Quick && (o.Rows == 0 || o.Rows > quickRows) {
		return quickRows
	}
	return o.Rows
}

func (o *Options) rounds() int {
	switch {
	case o.Rounds > 0:
		return o.Rounds
	case o.Quick:
		return 2
	}
	return 5
}

// slice is how many queries a round has, where the file has enough of them.
func (o *Options) slice() int {
	switch {
	case o.Slice > 0:
		return o.Slice
	case o.Quick:
		return 100
	}
	return 200
}

func (o *Options) progress(stage string) { o.progressOf(stage, 0, 0) }

func (o *Options) progressOf(stage string, done, total int) {
	if o.Progress != nil {
		o.Progress(stage, done, total)
	}
}

// Validate reports what is wrong with the options as annoy.ErrOption.
func (o *Options) Validate() error {
	if _, err := find(o.With); err != nil {
		return err
	}
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{annoy.ErrOption}, args...)...)
	}
	switch {
	case o.Base == "":
		return wrong("no file of vectors")
	case o.K < 0:
		return wrong("k is %d, want 1 or more", o.K)
	case o.Rounds < 0 || o.Slice < 0:
		return wrong("%d rounds of %d queries, want 1 or more of each", o.Rounds, o.Slice)
	case o.Alone && len(o.With) > 0:
		return wrong("no other libraries, and %s", o.With)
	case o.Rows < 0:
		return wrong("%d rows, want 1 or more", o.Rows)
	case o.limit() > 0 && o.Truth != "":
		return wrong("the exact neighbours of all rows are not those of the first %d: they are computed where no file of them is named", o.limit())
	case o.Truth != "" && o.Queries == "":
		return wrong("exact neighbours need the queries that they belong to")
	}
	for _, r := range o.Recalls {
		if !(r > 0 && r < 1) {
			return wrong("recall %v, want a number between 0 and 1", r)
		}
	}
	for _, n := range o.Trees {
		if n < 1 {
			return wrong("%d trees, want 1 or more", n)
		}
	}
	names := map[string]bool{}
	for _, own := range o.Ours {
		if name := own.name(); names[name] {
			return wrong("two indexes are called %q", name)
		} else {
			names[name] = true
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.K == 0 {
		o.K = 10
	}
	if len(o.Recalls) == 0 {
		o.Recalls = defaultRecalls
	}
	if len(o.Trees) == 0 {
		o.Trees = defaultTrees
	}
	o.Recalls, o.Trees = slices.Clone(o.Recalls), slices.Clone(o.Trees)
	slices.Sort(o.Recalls)
	slices.Sort(o.Trees)
	o.Recalls, o.Trees = slices.Compact(o.Recalls), slices.Compact(o.Trees)
	if o.Ours == nil {
		o.Ours = defaultOurs(o.Trees)
	}
	return o
}

// metric is the one that is meant by the zero value.
func (o *Options) metric() (annoy.Metric, error) {
	if o.Metric != 0 || !isHDF5(o.Base) {
		return max(o.Metric, annoy.Angular), nil
	}
	h, err := vecio.OpenHDF5(o.Base)
	if err != nil {
		return 0, err
	}
	defer h.Close()
	name := attribute(h)
	if name == "" {
		return annoy.Angular, nil
	}
	m, err := annoy.ParseMetric(name)
	if err != nil {
		return 0, fmt.Errorf("%w: %s says that its metric is %q: name one", annoy.ErrOption, o.Base, name)
	}
	return m, nil
}

// truthName names the exact neighbours in errors.
func (o *Options) truthName() string {
	if o.Truth != "" {
		return o.Truth
	}
	return o.Base + "#neighbors"
}
