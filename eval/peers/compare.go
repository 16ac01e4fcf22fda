// Package peers compares this library's index with the best-known libraries for nearest neighbours, on anyone's
// vectors, on one machine, in one run: the answer to "when does Annoy beat HNSW for my data".
//
// The peers are Python packages. [Setup] installs pinned versions into a virtual environment of their own, when asked
// and never otherwise; [Compare] measures those that it finds there and says which are absent. Each runs in a Python child that
// keeps its own clock; this library runs in the process itself.
//
//	compare.go      Options, and the order of a comparison
//	set.go          vectors and queries; recall.go when an answer counts
//	peer.go         what a peer is; library.go the six libraries, their build parameters and knobs
//	worker.go       the child and its protocol, worker.py its other side; python.go a library as a Peer; ours.go this one
//	environment.go  where the Python packages are, and their installation
//	sweep.go        pilot and rounds, in turns; curve.go interpolation at a recall
//	report.go       the figures; table.go, plot.go and page.go as text, CSV, SVG and HTML
//
// # How it is measured
//
// Every index is built once, from the same rows, with all cores; CPU time of all threads is what is stated. It is saved, and
// loaded into a process that holds nothing else. Then slices of queries take turns: in every round each peer
// answers the same slice at each of its efforts, on one thread, in one batch call where it has one. Figures are medians over
// rounds. Nothing is subtracted; the cost of an empty call, the same slice searched in an index of one item, is stated beside them.
package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/cputime"
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
	Recalls []float64    // to state speeds at, each within (0, 1); nil: 0.8, 0.9, 0.95, 0.99
	Trees   []int        // of the forests, ours and Annoy's; nil: 10 and 50
	Quick   bool         // for a first look: quickRows rows, 2 rounds of 100 queries
	Env     string       // the Python environment; "": DefaultEnv
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

func (o *Options) rounds() int {
	if o.Quick {
		return 2
	}
	return 5
}

// slice is how many queries a round has, where the file has enough of them.
func (o *Options) slice() int {
	if o.Quick {
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
	case o.Quick && o.Truth != "":
		return wrong("the exact neighbours of all rows are not those of a quick comparison's: it computes its own")
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

// Compare builds, sweeps and reports. A peer that is absent, does not know the metric, or fails, is named in the report
// with the reason, and the others go on; that this library fails is an error, as are unreadable files, annoy.ErrOption and
// ctx's. It needs room in TempDir for all indexes together, and in memory for all of them but the forests.
func Compare(ctx context.Context, options Options) (*Report, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	if err := cputime.Check(); err != nil {
		return nil, err
	}
	o := options.withDefaults()
	dir, err := os.MkdirTemp(o.TempDir, "annoy-compare-")
	if err != nil {
		return nil, fmt.Errorf("annoy: %w", err)
	}
	defer os.RemoveAll(dir)
	if o.Metric, err = o.metric(); err != nil {
		return nil, err
	}
	o.progress("read")
	s, err := loadSet(ctx, &o, dir)
	if err != nil {
		return nil, err
	}
	o.progress("exact neighbours")
	if err := s.loadTruth(ctx, &o); err != nil {
		return nil, err
	}
	r := newReport(&o, s)
	all, err := assemble(ctx, &o, s, dir, r)
	if err != nil {
		return nil, err
	}
	if err := race(ctx, &o, s, all, r); err != nil {
		return nil, err
	}
	r.compareAll()
	return r, nil
}

// assemble makes the contenders, and names in the report those that cannot be.
func assemble(ctx context.Context, o *Options, s *Set, dir string, r *Report) ([]*contender, error) {
	var all []*contender
	join := func(p Peer) { all = append(all, &contender{peer: p, d: p.Describe()}) }
	sh := shape{metric: o.Metric, rows: s.rows, dim: s.dim}
	for _, sh.trees = range o.Trees {
		join(newOurs(sh, o.K, o.Version, dir))
	}
	env, err := environmentOf(o.Env)
	if err != nil {
		return nil, err
	}
	chosen, err := find(o.With)
	if err != nil {
		return nil, err
	}
	for _, l := range chosen {
		if !slices.Contains(l.metrics, o.Metric) {
			r.absent(l.name, fmt.Sprintf("it has no metric %v", o.Metric))
			continue
		}
		start := func(ctx context.Context) (*worker, error) { return env.start(ctx, l.name) }
		w, err := start(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			why := reason(err)
			if strings.Contains(why, "ModuleNotFoundError") {
				why = fmt.Sprintf("it is not installed in %s: annoy compare --setup installs it", env.dir)
			}
			r.absent(l.name, why)
			continue
		}
		w.Close()
		r.Python, r.NumPy = w.versions.Python, w.versions.NumPy
		sh.trees = 0
		for _, trees := range o.Trees {
			if l.trees {
				sh.trees = trees
			}
			join(newPython(l, w.versions, sh, o.K, dir, start))
			if !l.trees {
				break
			}
		}
	}
	return all, nil
}

// race builds, opens and sweeps, and fills the report.
func race(ctx context.Context, o *Options, s *Set, all []*contender, r *Report) error {
	defer func() {
		for _, c := range all {
			_ = c.peer.Close() // of a file that was only read, or of a child that has answered
		}
	}()
	for _, c := range all {
		o.progress("build: " + c.d.Name)
		c.cost, c.failed = c.peer.Build(ctx, s)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for _, c := range running(all) {
		o.progress("load: " + c.d.Name)
		c.failed = c.peer.Open(ctx, s)
	}
	if err := sweep(ctx, o, s, all); err != nil {
		return err
	}
	for _, c := range all {
		switch {
		case c.failed == nil:
			r.add(c, o)
		case ctx.Err() != nil:
			return ctx.Err()
		case c.d.Library == oursLibrary:
			return c.failed
		default:
			r.absent(c.d.Name, reason(c.failed))
		}
	}
	return nil
}

// reason is an error as the report states it, beside the peer's name.
func reason(err error) string {
	var raised *workerError
	if errors.As(err, &raised) {
		return raised.op + ": " + raised.text
	}
	return strings.TrimPrefix(err.Error(), "annoy: ")
}
