// Command canopybench (make bench-canopy) measures the canopy: beside hnswlib, ScaNN and Annoy on the comparison's
// harness (package eval/peers), and by itself. What is measured is cut into parts, each of one set; every one leaves a file
// of figures, and the page is made of all files that are there, so that one part can be measured again.
//
//	make bench-canopy                                                       everything: hours
//	make bench-canopy BENCH='-sets gloss -peers hnswlib -parts queries'     one part
//	make bench-canopy BENCH='-parts none -page docs/benchmarks.md'          the page again, nothing measured
//
//	main.go       flags, and the order of the run
//	sets.go       the sets and their files; vectors.go what they hold
//	index.go      our indexes, built once a run
//	compare.go    the parts in which indexes take turns: queries, shapes, rows, metrics, tutorial
//	calibrated.go recall asked for and recall found; tail.go p50 and p99; threads.go two threads and a plain loop;
//	growth.go     the time of a query over the number of vectors; builds.go what parts of a build cost
//	memory.go     what BuildFile takes; cold.go files that are not in memory; child.go both run in processes of their own
//	resident.go   a copy on huge pages beside the mapping
//	large.go      ten million vectors
//	subject.go    an index that is searched in this process
//	goals.go      ratios, and what they should be
//	result.go     the files of figures; page.go and page.md the page, tables.go its tables
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/annoy-go/annoy/internal/cputime"
)

// config is the command line.
type config struct {
	sets    []*source
	parts   []part
	peers   []string
	rounds  int
	slice   int
	rows    int
	quick   bool
	data    string
	made    string
	fashion string
	cache   string
	rebuild bool
	rebuilt map[string]bool // the bases whose indexes have been
	results string
	env     string
	page    string
	dir     string
}

// part is one of the things measured.
type part struct {
	name    string
	sets    []string // on which
	measure func(*bench) (*result, error)
}

var all = []string{"sift", "gloss", "gloss-usage", "fashion"}

// parts in the order of a run.
var parts = []part{
	{"queries", all, measureQueries},
	{"calibrated", all, measureCalibrated},
	{"tail", all, measureTail},
	{"threads", []string{"sift", "gloss"}, measureThreads},
	{"shapes", all, measureShapes},
	{"builds", []string{"sift", "gloss", "fashion"}, measureBuilds},
	{"rows", []string{"gloss"}, measureRows},
	{"growth", []string{"sift"}, measureGrowth},
	{"memory", []string{"sift"}, measureMemory},
	{"resident", []string{"sift", "gloss"}, measureResident},
	{"large", []string{"clusters"}, measureLarge},
	{"cold", []string{"sift", "gloss"}, measureCold},
	{"metrics", []string{"sift-manhattan", "gloss-signs"}, measureMetrics},
	{"tutorial", []string{"uniform"}, measureTutorial},
}

const (
	exitFailed = 1
	exitUsage  = 2
	quickRows  = 20_000
)

// usageError is a command line that nothing can be measured with.
type usageError struct{ error }

func main() {
	if len(os.Args) == 3 && children[os.Args[1]] != nil {
		if err := childMain(os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintf(os.Stderr, "bench-canopy: %s: %v\n", os.Args[1], err)
			os.Exit(exitFailed)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:])
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "bench-canopy:", err)
		os.Exit(exitUsage)
	}
	fmt.Fprintln(os.Stderr, "bench-canopy:", err)
	os.Exit(exitFailed)
}

func run(ctx context.Context, args []string) error {
	c, err := parseFlags(args)
	if err != nil {
		return err
	}
	if err := cputime.Check(); err != nil {
		return err
	}
	for _, s := range c.sets {
		if err := measureSet(ctx, c, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return writePage(c)
}

func parseFlags(args []string) (*config, error) {
	c := &config{rebuilt: map[string]bool{}}
	fs := flag.NewFlagSet("bench-canopy", flag.ContinueOnError)
	sets := fs.String("sets", "", "sets to measure on: "+strings.Join(setNames(), ", ")+" (default all)")
	names := fs.String("parts", "", "what to measure: "+strings.Join(partNames(), ", ")+", or none (default all)")
	with := fs.String("peers", "hnswlib,scann,annoy", "libraries to compare with; none: this one alone")
	fs.IntVar(&c.rounds, "rounds", 5, "rounds, each with queries of its own")
	fs.IntVar(&c.slice, "slice", 800, "queries a round, where a set has enough of them")
	fs.IntVar(&c.rows, "rows", 0, "only the first so many vectors of every set (default all)")
	fs.BoolVar(&c.quick, "quick", false, fmt.Sprintf("for development: %d vectors of every set, 2 rounds of 100 queries", quickRows))
	fs.StringVar(&c.data, "data", dataFolder(), "folder of the sets sift and gloss ($ANNOY_DATA)")
	fs.StringVar(&c.fashion, "fashion", fashionFolder(), "files of Debian's package dataset-fashion-mnist ($FASHION_MNIST)")
	fs.StringVar(&c.made, "made", filepath.Join(".build", "bench-canopy", "made"), "folder for the vector files that are made")
	fs.StringVar(&c.cache, "cache", filepath.Join(".build", "bench-canopy", "peers"), "folder that keeps the peers' indexes from one run to the next")
	fs.BoolVar(&c.rebuild, "rebuild", false, "build the peers' indexes again")
	fs.StringVar(&c.results, "results", filepath.Join(".build", "bench-canopy", "results"), "folder of the figures")
	fs.StringVar(&c.env, "env", filepath.Join(".venv", "compare"), "Python environment of annoy compare --setup")
	fs.StringVar(&c.page, "page", "", "put the page into this Markdown file, between its marks (default: print it)")
	fs.StringVar(&c.dir, "dir", "", "folder for our indexes, which are removed at the end (default: the system's temporary folder)")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, usageError{err}
	}
	switch {
	case fs.NArg() > 0:
		return nil, usageError{fmt.Errorf("%q is not a flag", fs.Arg(0))}
	case c.rounds < 1 || c.slice < 1 || c.rows < 0:
		return nil, usageError{errors.New("-rounds and -slice are 1 or more, -rows is 0 or more")}
	}
	if c.quick {
		c.rounds, c.slice, c.rows = 2, 100, quickRows
	}
	return c, c.choose(*sets, *names, *with)
}

// choose takes the lists of sets, parts and peers apart.
func (c *config) choose(sets, names, with string) error {
	if with != "none" {
		c.peers = strings.Split(with, ",")
	}
	for _, name := range list(names, partNames()) {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if i < 0 {
			return usageError{fmt.Errorf("-parts: no part %q: want %s, or none", name, strings.Join(partNames(), ", "))}
		}
		c.parts = append(c.parts, parts[i])
	}
	known := sourcesOf(c)
	for _, name := range list(sets, setNames()) {
		i := slices.IndexFunc(known, func(s *source) bool { return s.name == name })
		if i < 0 {
			return usageError{fmt.Errorf("-sets: no set %q: want %s", name, strings.Join(setNames(), ", "))}
		}
		c.sets = append(c.sets, known[i])
	}
	return nil
}

// list splits a flag: "" is all, "none" none.
func list(text string, all []string) []string {
	switch text {
	case "":
		return all
	case "none":
		return nil
	}
	return strings.Split(text, ",")
}

func partNames() (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// measureSet measures the parts of one set. A set that is not there is said to be so; the others go on.
func measureSet(ctx context.Context, c *config, s *source) error {
	chosen := slices.DeleteFunc(slices.Clone(c.parts), func(p part) bool { return !slices.Contains(p.sets, s.name) })
	if len(chosen) == 0 {
		return nil
	}
	if err := s.ready(c); err != nil {
		var absent *absentError
		if errors.As(err, &absent) {
			progress("%s is not measured: %v", s.title, err)
			return nil
		}
		return err
	}
	dir, err := os.MkdirTemp(c.dir, "bench-canopy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{ctx: ctx, config: c, set: s, dir: dir}
	defer b.close()
	for _, p := range chosen {
		progress("%s: %s", s.name, p.name)
		started := newResult(c, p.name, s)
		r, err := p.measure(b)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := r.save(c, started); err != nil {
			return err
		}
	}
	return nil
}

// progress tells on standard error what is being measured; standard output has the page alone.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
