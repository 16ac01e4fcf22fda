package command

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/internal/visible"
)

type compareFlags struct {
	table   tableFlags
	queries string
	truth   string
	metric  *choice[annoy.Metric]
	k       int
	with    []string
	recall  []float64
	trees   []int
	quick   bool
	csv     bool
	html    string
	env     string
	tempDir string
	setup   bool
	python  string
}

func newCompare(e *env) *cobra.Command {
	f := &compareFlags{metric: metricChoice()}
	cmd := &cobra.Command{
		Use:   "compare VECTORS | compare --setup",
		Short: "Measure this library against others on your vectors",
		Long: `Build and search the vectors of a file with this library, as a canopy and as
forests, and with others, all in one run, and print how many queries a second each answers at equal recall, what
its index costs to build and to hold, and for how many queries which is the
cheaper. The others are Python packages: ` + strings.Join(peers.Names(), ", ") + `.

Ctrl-C ends it early: what was finished by then is printed, and the exit code is
130.

compare --setup makes a Python environment of their own and installs pinned
versions from PyPI. Without it nothing is ever installed: those that are not
there are named, and the others measured.

An HDF5 file of ann-benchmarks has base, queries and exact neighbours. Without
--queries some rows are held out of the base and asked. Searches run on one
thread, builds on all cores, times are CPU times. All indexes are held at the
same time: there should be room for five times the vectors in memory, as
float32, and for ten times in the temporary directory.`,
		Example: `  annoy compare --setup
  annoy compare vectors.npy --quick
  annoy compare vectors.npy --with hnswlib,faiss --html report.html
  annoy compare sift-128-euclidean.hdf5 --recall 0.9,0.99 --json`,
		Args:              atMostOne,
		ValidArgsFunction: completeVectors,
		RunE:              func(cmd *cobra.Command, args []string) error { return runCompare(cmd, e, f, args) },
	}
	fl := cmd.Flags()
	f.table.register(cmd, false)
	fl.StringVar(&f.queries, "queries", "", "file of query vectors")
	fl.StringVar(&f.truth, "truth", "", "npy or ivecs file of the queries' exact neighbours, as annoy truth writes it (default: computed)")
	f.metric.register(cmd, "metric", "how distance is measured (default: what an HDF5 file says, or angular)")
	fl.IntVarP(&f.k, "neighbors", "k", 10, "neighbours to find for each query")
	fl.StringSliceVar(&f.with, "with", nil, "libraries to compare with (default: all)")
	fl.Float64SliceVar(&f.recall, "recall", defaultRecalls, "recalls to state speeds at")
	showDefault(cmd, "recall", defaultRecalls)
	fl.IntSliceVar(&f.trees, "trees", []int{10, 50}, "trees of the forests, ours and Annoy's")
	fl.BoolVar(&f.quick, "quick", false, "a first look: 20,000 vectors, 200 queries")
	fl.BoolVar(&f.csv, "csv", false, "print every effort measured as CSV")
	fl.StringVar(&f.html, "html", "", "also write the report, with a plot, to this file")
	fl.StringVar(&f.env, "env", "", "directory of the Python environment (default: annoy/compare in the user's cache)")
	fl.StringVar(&f.tempDir, "temp-dir", "", "directory for the indexes (default: the system's)")
	fl.BoolVar(&f.setup, "setup", false, "install the other libraries, then end")
	fl.StringVar(&f.python, "python", "python3", "with --setup: the Python to make the environment with")
	complete(cmd, "with", peers.Names())
	return cmd
}

func atMostOne(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("unexpected argument %q", args[1])
	}
	return nil
}

func runCompare(cmd *cobra.Command, e *env, f *compareFlags, args []string) error {
	if f.setup {
		if len(args) > 0 {
			return usagef("--setup only installs: give it no vectors")
		}
		return runCompareSetup(cmd, e, f)
	}
	switch {
	case len(args) == 0:
		return usagef("missing argument VECTORS, or --setup")
	case f.csv && e.json:
		return usagef("--csv and --json exclude each other")
	case f.k < 1:
		return usagef("-k must be 1 or more, not %d", f.k)
	case !isVectorFile(args[0]):
		return usagef("%s is not a vector file by its name", args[0])
	}
	o := peers.Options{
		Base: args[0], Queries: f.queries, Truth: f.truth, Metric: f.metric.value, K: f.k, With: f.with, Trees: f.trees,
		Quick: f.quick, Env: f.env, TempDir: f.tempDir, Version: commit(), Recalls: f.recall,
	}
	if err := f.table.checkAny(args[0], f.queries); err != nil {
		return err
	}
	if f.html != "" {
		if err := checkOutput(f.html, args[0], f.queries, f.truth); err != nil {
			return err
		}
	}
	bar := e.newProgress()
	defer bar.stop()
	o.Open = f.open
	o.Progress = func(stage string, done, total int) { bar.update(stage, int64(done), int64(total)) }
	if bar == nil {
		o.Progress = e.stageLines()
	}
	r, err := peers.Compare(cmd.Context(), o)
	bar.stop()
	if r == nil {
		return err
	}
	// Interrupted, it reports what was finished.
	return errors.Join(f.write(e, r), err)
}

// stageLines prints a line for each library as it is built and measured, for a log file: where nobody watches a bar. It prints none
// with --quiet or --json.
func (e *env) stageLines() func(stage string, done, total int) {
	last := ""
	return func(stage string, _, _ int) {
		_, library, _ := strings.Cut(stage, ": ")
		if stage != last && (library != "" || stage == "round") && !e.quiet && !e.json {
			fmt.Fprintln(e.stderr, "annoy: "+visible.Line(stage))
		}
		last = stage
	}
}

// write prints the report and writes the page.
func (f *compareFlags) write(e *env, r *peers.Report) error {
	if f.html != "" {
		var page bytes.Buffer
		if err := r.WriteHTML(&page); err != nil {
			return err
		}
		if err := atomicfile.WriteFile(f.html, page.Bytes()); err != nil {
			return err
		}
	}
	switch {
	case e.json:
		return printLine(e.stdout, r)
	case f.csv:
		return r.WriteCSV(e.stdout)
	}
	return r.WriteText(e.stdout)
}

// open opens a file of vectors of any format.
func (f *compareFlags) open(path, dataset string) (peers.Source, error) {
	v := f.table.of(path)
	v.dataset = dataset
	return v.reader(path)
}

// commit names the program that measures: the commit where it is known, for releases say less.
func commit() string {
	v := readVersion()
	if v.Revision == "" {
		return v.Version
	}
	name := v.Revision[:min(12, len(v.Revision))]
	if v.Modified {
		name += " with local changes"
	}
	return name
}

func runCompareSetup(cmd *cobra.Command, e *env, f *compareFlags) error {
	o := peers.SetupOptions{Env: f.env, With: f.with, Python: f.python}
	if !e.json && !e.quiet {
		o.Log = e.stderr
	}
	installed, err := peers.Setup(cmd.Context(), o)
	if err != nil {
		return err
	}
	if e.json {
		return printLine(e.stdout, installed)
	}
	for _, i := range installed {
		text := i.Version
		if i.Reason != "" {
			text = "not available: " + i.Reason
		}
		if _, err := fmt.Fprintf(e.stdout, "%-8s %s\n", i.Name, text); err != nil {
			return err
		}
	}
	return nil
}
