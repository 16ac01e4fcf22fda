package command

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

type truthFlags struct {
	table   tableFlags
	out     string
	metric  metricFlag
	k       int
	ids     string
	holdOut int
	seed    uint64
	workers int
}

// truthResult is what truth prints with --json.
type truthResult struct {
	IDs       string  `json:"ids"`
	Distances string  `json:"distances"`
	Base      string  `json:"base"`
	Queries   string  `json:"queries"`
	HeldOut   bool    `json:"held_out"` // base and queries were made here, by holding some rows out
	Metric    string  `json:"metric"`
	K         int     `json:"k"`
	Rows      int64   `json:"rows"`
	Count     int     `json:"query_count"`
	Resumed   bool    `json:"resumed"`
	Seconds   float64 `json:"seconds"`
}

// mostHeldOut is how many rows are held out unless --hold-out says, or a tenth
// of the base if that is fewer.
const mostHeldOut = 1000

func newTruth(e *env) *cobra.Command {
	f := &truthFlags{}
	cmd := &cobra.Command{
		Use:   "truth BASE [QUERIES] -o PREFIX",
		Short: "Find the exact nearest neighbours, for eval to measure against",
		Long: `Find, for each vector of QUERIES, the k nearest vectors of BASE by comparing
all with all. Writes two files of a row for each query, nearest first:
  PREFIX_ids.npy    int32, the ids (row numbers, unless BASE or --ids has ids),
                    which of rows with keys are those that an index gives them
  PREFIX_dist.npy   float32, the distances; for the metric dot the products
Distances and order are computed in float64; ties go to the smaller row. An
HDF5 file of ann-benchmarks gives its dataset train as BASE, test as QUERIES,
and its metric.

Without QUERIES, some rows of BASE are held out at random as queries. Then
there are also
  PREFIX_queries.npy   the rows held out
  PREFIX_base.npy      the others: build the index of these, whose row numbers
                       the ids are
The same seed holds out the same rows.

BASE is read as a stream and may be larger than memory. While it works, and
after an interruption, PREFIX.state keeps what is done: the same command
continues from there, and removes it at the end.`,
		Example: `  annoy truth base.npy queries.npy -k 100 --metric euclidean -o gt
  annoy truth vectors.npy -k 10 --metric angular -o held`,
		Args:              truthArgs,
		ValidArgsFunction: completeTwoVectors,
		RunE: func(cmd *cobra.Command, args []string) error {
			queries := ""
			if len(args) == 2 {
				queries = args[1]
			}
			return runTruth(cmd, e, f, args[0], queries)
		},
	}
	fl := cmd.Flags()
	f.table.register(cmd, true)
	fl.StringVarP(&f.out, "output", "o", "", "what the names of the files begin with (required)")
	f.metric.register(cmd)
	fl.IntVarP(&f.k, "neighbors", "k", 100, "neighbours of each query")
	fl.StringVar(&f.ids, "ids", "", "file with the id of each row of BASE, one a line")
	fl.IntVar(&f.holdOut, "hold-out", 0, "without QUERIES, how many rows to hold out; 0: 1000, or a tenth if that is fewer")
	fl.Uint64Var(&f.seed, "seed", 1, "seed of the choice of those rows")
	fl.IntVar(&f.workers, "workers", 0, "goroutines that search; 0: one for each core")
	return cmd
}

func truthArgs(_ *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return fmt.Errorf("missing argument BASE")
	case len(args) > 2:
		return fmt.Errorf("unexpected argument %q", args[2])
	}
	return nil
}

// completeTwoVectors completes two arguments that are vector files.
func completeTwoVectors(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return vectorExtensions(), cobra.ShellCompDirectiveFilterFileExt
}

func (f *truthFlags) file(name string) string { return f.out + name }

func (f *truthFlags) validate(cmd *cobra.Command, base, queries string) error {
	switch {
	case f.out == "":
		return usagef("missing -o PREFIX, what the names of the files begin with")
	case f.k < 1:
		return usagef("-k must be 1 or more, not %d", f.k)
	case f.holdOut < 0:
		return usagef("--hold-out must be 0 or more, not %d", f.holdOut)
	case f.workers < 0:
		return usagef("--workers must be 0 or more, not %d", f.workers)
	case queries != "" && (cmd.Flags().Changed("hold-out") || cmd.Flags().Changed("seed")):
		return usagef("--hold-out and --seed are for a base without queries, and there is %s", queries)
	case queries == "" && f.ids != "":
		return usagef("--ids is not for holding out rows: the ids are then the row numbers of %s", f.file("_base.npy"))
	}
	if err := f.table.checkAny(base, queries); err != nil {
		return err
	}
	outs := []string{"_ids.npy", "_dist.npy", ".state"}
	if queries == "" {
		outs = append(outs, "_base.npy", "_queries.npy")
	}
	for _, out := range outs {
		if err := checkOutput(f.file(out), base, queries, f.ids); err != nil {
			return err
		}
	}
	return nil
}

func runTruth(cmd *cobra.Command, e *env, f *truthFlags, base, queries string) error {
	start := time.Now()
	if err := f.validate(cmd, base, queries); err != nil {
		return err
	}
	tellMetric := slices.DeleteFunc([]string{base, queries}, func(path string) bool { return !isHDF5(path) })
	if err := f.metric.settle(e, tellMetric...); err != nil {
		return err
	}
	ctx := cmd.Context()
	bar := e.newProgress()
	defer bar.stop()
	in, err := f.openInputs(ctx, base, queries, bar)
	if err != nil {
		return err
	}
	defer in.close()
	asked, src := in.asked, in.base
	state := f.file(".state")
	_, err = os.Stat(state)
	resumed := err == nil
	truth, err := eval.Exact(ctx, smallIDs{src, base}, asked, f.metric.value, f.k, &eval.ExactOptions{
		Workers: f.workers, State: state,
		Progress: func(rows, total int64) { bar.update("compare", rows, total) },
	})
	bar.stop()
	switch {
	case errors.Is(err, eval.ErrState):
		return fmt.Errorf("%w; remove %s to begin anew", err, state)
	case err != nil:
		if _, serr := os.Stat(state); serr == nil {
			e.warn("what is done is kept in " + state + ": the same command continues from there")
		}
		return err
	case truth.Rows < int64(f.k):
		return tooFew(base, truth.Rows, f.k)
	}
	heldOut := in.held != nil
	if heldOut {
		base, queries = f.file("_base.npy"), f.file("_queries.npy")
	}
	r := truthResult{
		IDs: f.file("_ids.npy"), Distances: f.file("_dist.npy"), Base: base, Queries: queries, HeldOut: heldOut,
		Metric: f.metric.value.String(), K: f.k, Rows: truth.Rows, Count: len(asked), Resumed: resumed,
	}
	if err := writeTruth(truth, r.IDs, r.Distances, f.k, in.held); err != nil {
		return err
	}
	r.Seconds = time.Since(start).Seconds()
	note := ""
	if heldOut {
		note = fmt.Sprintf("held out %s at random as %s; the others are %s, to build the index of\n", count(r.Count, "row"), queries, base)
	}
	if resumed {
		note += "continued from " + state + "\n"
	}
	return e.result(r, "%s%s and %s: %d nearest of %s for %s, %s, in %.2f s\n",
		note, r.IDs, r.Distances, r.K, count(int(r.Rows), "vector"), quantity(r.Count, "query", "queries"), r.Metric, r.Seconds)
}

// truthInputs are what truth reads.
type truthInputs struct {
	base  annoy.Source
	asked [][]float32
	file  *vectorFile // that base reads
	held  *heldOut    // nil where queries were given
}

// openInputs opens base and reads the queries, or holds them out of it.
func (f *truthFlags) openInputs(ctx context.Context, base, queries string, bar *progress) (*truthInputs, error) {
	in := &truthInputs{}
	var err error
	if queries == "" {
		h := &holdOut{from: base, table: &f.table, base: f.file("_base.npy"), queries: f.file("_queries.npy"), count: f.holdOut, seed: f.seed, k: f.k}
		if in.held, err = h.write(ctx, bar); err == nil {
			in.asked = in.held.asked
		}
	} else {
		in.asked, err = readQueries(ctx, queries, &f.table)
	}
	if err != nil {
		return nil, err
	}
	if in.file, err = f.table.ofBase(base).open(base, f.ids); err != nil {
		in.close()
		return nil, err
	}
	in.base = &distinctKeys{vectorFile: in.file, path: base, seen: map[string]bool{}}
	if in.held != nil {
		in.base = &keptRows{Source: in.file, out: in.held.chosen}
	}
	if err := f.checkInputs(in, base, queries); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

func (f *truthFlags) checkInputs(in *truthInputs, base, queries string) error {
	if in.base.Dim() != len(in.asked[0]) {
		return fmt.Errorf("annoy: %s: vectors of dimension %d, those of %s have %d", queries, len(in.asked[0]), base, in.base.Dim())
	}
	if n := in.base.Len(); n >= 0 && n < f.k {
		return tooFew(base, int64(n), f.k)
	}
	return nil
}

func (in *truthInputs) close() {
	if in.file != nil {
		in.file.close()
	}
	if in.held != nil {
		in.held.abort()
	}
}

func tooFew(base string, rows int64, k int) error {
	return usagef("-k %d: %s has %s", k, base, count(int(rows), "vector"))
}

// quantity is count for a noun whose plural is not its own with an s.
func quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// distinctKeys refuses a key that comes again. An index keeps the last of its
// rows, and so the ids of the rows after it are not those of the file.
type distinctKeys struct {
	*vectorFile
	path string
	seen map[string]bool
}

func (d *distinctKeys) Next(dst []float32) (int64, error) {
	id, err := d.vectorFile.Next(dst)
	if err != nil || !d.HasKeys() {
		return id, err
	}
	key := d.Key()
	if d.seen[key] {
		return 0, fmt.Errorf("annoy: %s: row %d: key %q stands there before: ids of an index would be others", d.path, id, key)
	}
	d.seen[key] = true
	return id, nil
}

// smallIDs refuses ids that a file of int32 does not hold, before they cost a
// search.
type smallIDs struct {
	annoy.Source
	path string
}

func (s smallIDs) Next(dst []float32) (int64, error) {
	id, err := s.Source.Next(dst)
	if err == nil && id > math.MaxInt32 {
		err = fmt.Errorf("annoy: %s: id %d: the file of ids is of int32, up to %d", s.path, id, math.MaxInt32)
	}
	return id, err
}

// writeTruth writes both files, and gives them and what was held out (unless
// nil) their names when all of them are whole: a run that fails changes no file.
func writeTruth(t *eval.Truth, ids, distances string, k int, held *heldOut) error {
	wi, err := vecio.Create(ids, k, &vecio.WriteOptions{Format: vecio.Npy, Element: vecio.Int32})
	if err != nil {
		return err
	}
	defer wi.Abort()
	wd, err := vecio.Create(distances, k, &vecio.WriteOptions{Format: vecio.Npy})
	if err != nil {
		return err
	}
	defer wd.Abort()
	id32, d32 := make([]int32, k), make([]float32, k)
	for q := range t.IDs {
		for i := range k {
			id32[i], d32[i] = int32(t.IDs[q][i]), float32(t.Distances[q][i])
		}
		if err := wi.WriteInts(id32); err != nil {
			return err
		}
		if err := wd.Write(d32); err != nil {
			return err
		}
	}
	if held != nil {
		if err := held.commit(); err != nil {
			return err
		}
	}
	if err := wd.Close(); err != nil {
		return err
	}
	return wi.Close()
}
