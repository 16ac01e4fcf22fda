// Command annoy (make bench-annoy) measures this library against Annoy 1.17.3 in one run and prints ratios.
//
// This library runs in the process itself, Annoy in a Python child (worker.py) that keeps its own clock. Both
// search on one thread and are timed by CPU time, in slices of queries that alternate between the two, so that what else
// the machine does meets both. Each searches the index that it built itself, mapped from the file that it saved itself.
// Python's share, measured beside every slice as the cost of an empty call with the same lists, is subtracted
// from Annoy's time.
//
//	main.go     flags and the order of the run
//	dataset.go  vectors, queries and their true neighbours
//	worker.go   the Python child; ours.go the same operations on this library
//	build.go    builds in turns
//	sweep.go    slices in turns over a grid of search_k; curve.go their interpolation at a recall
//	memory.go   open time and resident memory of processes that share a file
//	ondisk.go   the other mode: peak memory of BuildFile
//	report.go   the figures as JSON; table.go as text; figure.go their medians
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/annoy-go/annoy"
)

// config is the command line.
type config struct {
	mode        string
	sets        []*dataset
	trees       []int
	k           int
	rounds      int
	slice       int
	buildRounds int
	workers     int
	python      string
	dir         string
	json        string
	quick       bool
}

const (
	exitFailed = 1
	exitUsage  = 2 // also: no data to measure on
)

// usageError is a command line, or an environment, that nothing can be measured with.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:])
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "bench-annoy:", err)
		os.Exit(exitUsage)
	}
	fmt.Fprintln(os.Stderr, "bench-annoy:", err)
	os.Exit(exitFailed)
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 {
		if child, ok := children[args[0]]; ok {
			return child([]byte(args[1]))
		}
	}
	c, err := parseFlags(args)
	if err != nil {
		return err
	}
	if runtime.GOOS != "linux" {
		return usageError{errors.New("measures CPU time by thread and reads /proc: it runs on Linux only")}
	}
	dir, err := os.MkdirTemp(c.dir, "bench-annoy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.dir = dir
	r := newReport(c)
	switch c.mode {
	case "speed":
		err = measureSpeed(ctx, c, r)
	case "ondisk":
		err = measureOnDisk(ctx, c, r)
	}
	if err != nil {
		return err
	}
	r.print(os.Stdout)
	if c.json == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.json, append(data, '\n'), 0o644)
}

func parseFlags(args []string) (*config, error) {
	c := &config{}
	fs := flag.NewFlagSet("bench-annoy", flag.ContinueOnError)
	sets := fs.String("sets", "sift,gloss", "sets to measure, of those under $ANNOY_DATA (default ../shared/data)")
	base := fs.String("base", "", "measure this file of vectors instead (any format of package vecio)")
	queries := fs.String("queries", "", "its queries")
	truth := fs.String("truth", "", "their exact neighbours' row numbers, nearest first (npy or ivecs); default: computed")
	metric := fs.String("metric", "", "its metric: angular, euclidean, manhattan, dot, hamming or cosine")
	trees := fs.String("trees", "10,50", "trees of the forests")
	fs.StringVar(&c.mode, "mode", "speed", "speed, or ondisk: peak memory of BuildFile")
	fs.IntVar(&c.k, "k", 10, "neighbours a query asks for")
	fs.IntVar(&c.rounds, "rounds", 5, "rounds of the query sweep, each with a slice of its own of the queries")
	fs.IntVar(&c.slice, "slice", 200, "queries a slice")
	fs.IntVar(&c.buildRounds, "build-rounds", 2, "builds of each kind")
	fs.IntVar(&c.workers, "workers", 2, "workers of the parallel build")
	fs.StringVar(&c.python, "python", filepath.Join(".venv", "bin", "python"), "Python with annoy 1.17.3 and numpy")
	fs.StringVar(&c.dir, "dir", "", "folder for the indexes, about 3 GB for sift; default: the system's temporary folder")
	fs.StringVar(&c.json, "json", "", "write all figures to this file")
	fs.BoolVar(&c.quick, "quick", false, "for development: a tenth of sift, 2 rounds of 100 queries, one build of each kind")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, usageError{err}
	}
	if fs.NArg() > 0 {
		return nil, usageError{fmt.Errorf("%q is not a flag", fs.Arg(0))}
	}
	if c.quick {
		c.rounds, c.slice, c.buildRounds = 2, 100, 1
	}
	var err error
	if c.trees, err = parseTrees(*trees); err != nil {
		return nil, usageError{err}
	}
	if c.mode != "speed" && c.mode != "ondisk" {
		return nil, usageError{fmt.Errorf("-mode %q, want speed or ondisk", c.mode)}
	}
	if min(c.k, c.rounds, c.slice, c.buildRounds, c.workers) < 1 {
		return nil, usageError{errors.New("-k, -rounds, -slice, -build-rounds and -workers are 1 or more")}
	}
	if *base != "" {
		m, err := annoy.ParseMetric(*metric)
		if err != nil {
			return nil, usageError{err}
		}
		if *queries == "" && c.mode == "speed" {
			return nil, usageError{errors.New("-base needs -queries")}
		}
		c.sets = []*dataset{{name: filepath.Base(*base), metric: m, basePath: *base, queryPath: *queries, truthPath: *truth}}
		return c, nil
	}
	c.sets, err = namedSets(strings.Split(*sets, ","), c.quick)
	return c, err
}

func parseTrees(list string) ([]int, error) {
	var trees []int
	for field := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-trees %q, want numbers from 1 on, separated by commas", list)
		}
		trees = append(trees, n)
	}
	return trees, nil
}

// measureSpeed is the default mode: build, search, open, memory, for every set and number of trees.
func measureSpeed(ctx context.Context, c *config, r *report) error {
	w, err := startWorker(ctx, c.python)
	if err != nil {
		return usageError{err}
	}
	defer w.Close()
	if r.Versions.Python, err = w.versions(); err != nil {
		return err
	}
	for _, set := range c.sets {
		progress("%s: reading", set.name)
		if err := set.load(ctx, w, c); err != nil {
			return err
		}
		for _, trees := range c.trees {
			f, err := measureForest(ctx, c, w, set, trees)
			if err != nil {
				return fmt.Errorf("%s, %d trees: %w", set.name, trees, err)
			}
			r.Forests = append(r.Forests, f)
		}
		set.unload()
	}
	return nil
}

// measureForest is everything about one set and number of trees.
func measureForest(ctx context.Context, c *config, w *worker, set *dataset, trees int) (*forest, error) {
	f := &forest{Set: set.name, Metric: set.metric.String(), Items: set.rows, Dim: set.dim, Trees: trees, K: c.k}
	oursPath := filepath.Join(c.dir, fmt.Sprintf("ours-%d.ann", trees))
	annoyPath := filepath.Join(c.dir, fmt.Sprintf("annoy-%d.ann", trees))
	defer func() {
		for _, path := range []string{oursPath, oursPath + ".meta", annoyPath} {
			os.Remove(path)
		}
	}()
	var err error
	if f.Build, err = measureBuilds(ctx, c, w, set, trees, oursPath, annoyPath); err != nil {
		return nil, err
	}
	ours, err := openOurs(oursPath, set, c.k)
	if err != nil {
		return nil, err
	}
	defer ours.close()
	theirs, err := w.open(annoyPath, set, c.k)
	if err != nil {
		return nil, err
	}
	defer theirs.close()
	if f.Search, err = sweep(ctx, c, set, trees, ours, theirs); err != nil {
		return nil, err
	}
	if f.Open, err = measureOpen(oursPath); err != nil {
		return nil, err
	}
	f.Memory, err = measureSharing(ctx, c, set, oursPath, f.Search.searchKFor(0.95))
	return f, err
}

// progress tells on standard error what is being measured; standard output has the result alone.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
