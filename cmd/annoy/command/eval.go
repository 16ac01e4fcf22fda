package command

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/internal/atomicfile"
)

type evalFlags struct {
	table   tableFlags
	index   indexFlags
	queries string
	truth   string
	k       int
	searchK int
	recalls []float64
	sweep   string
	threads []int
	minTime time.Duration
	csv     bool
	html    string
	gate    gateFlags
	strict  bool
}

// defaultRecalls are the recalls that eval looks for unless told otherwise.
var defaultRecalls = []float64{0.8, 0.9, 0.95, 0.99}

func newEval(e *env) *cobra.Command {
	f := &evalFlags{}
	cmd := &cobra.Command{
		Use:   "eval INDEX --queries FILE [--truth IDS]",
		Short: "Measure recall, latency and queries per second of an index",
		Long: `Measure an index with queries: latency and queries per second, each thread asking
its next query when the last is answered, and recall.

A calibrated index is asked for the target recalls 0.8, 0.9, 0.95 and 0.99 (or those
of --sweep recall=…): each is kept, short, or unclear where the queries are too
few to tell. With --strict a short one ends the command with 1.

Of another index, and with --recall, the smallest search_k is found that reaches
each recall (to within 1 %), and measured.

Recall is by distance: a hit counts that is as near as the true k-th neighbour.
--truth is a file of the ids of the true neighbours, nearest first, a row for
each query (npy or ivecs; 'annoy truth' writes one). Without it they are
computed first, from the vectors in the index. An HDF5 file of ann-benchmarks
as --queries has its own truth, where that is of the index's metric and items.

--sweep measures at given values of search_k, k or threads instead (or as well,
with --recall), the other two fixed: search_k=1000,2000,5000, or k=1..100,
doubling. --sweep recall=0.8,0.9,0.95 asks a calibrated canopy for recalls, and
measures which it keeps. -k and --threads beside a sweep of them are those of
--recall and --at. The number of trees takes an index for each value: 'annoy compare
--trees' sweeps it.

The search_k of a recall is chosen by the queries that then measure it, so what
it reaches is in-sample: for other queries, expect a little less.

As a gate in CI, --at with --max-p99 or --min-recall exits with 1 when the
limit is not kept, or when the truth is seen not to be exact; without --recall
and --sweep nothing else is measured.`,
		Example: `  annoy eval docs.ann --queries queries.npy --truth gt_ids.npy --html report.html
  annoy eval docs.ann --queries queries.npy --sweep search_k=500..20000 --threads 1,2
  annoy eval docs.ann --queries queries.npy --sweep k=1,10,100 --search-k 5000
  annoy eval docs.canopy --queries queries.npy --sweep recall=0.8,0.9,0.95,0.99
  annoy eval docs.ann --queries queries.npy --truth gt_ids.npy --at recall=0.95 --max-p99 2ms
  annoy eval docs.ann --queries queries.npy --truth gt_ids.npy --at search_k=5000 --min-recall 0.95`,
		Args:              exactArgs("INDEX"),
		ValidArgsFunction: completeIndex,
		RunE:              func(cmd *cobra.Command, args []string) error { return runEval(cmd, e, f, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.queries, "queries", "", "file of query vectors (required)")
	fl.StringVar(&f.truth, "truth", "", "file of the ids of their true neighbours; without it they are computed")
	fl.IntVarP(&f.k, "neighbors", "k", 10, "neighbours to ask for, and to judge")
	fl.Float64SliceVar(&f.recalls, "recall", nil, "recalls to reach, each above 0 and at most 1")
	showDefault(cmd, "recall", defaultRecalls)
	fl.StringVar(&f.sweep, "sweep", "", "values to measure at: NAME=LIST or NAME=FROM..TO, of search_k, k or threads; or recall=LIST")
	fl.IntVar(&f.searchK, "search-k", 0, "while --sweep varies k or threads; 0: the largest k, times the trees; of a canopy its own default")
	fl.IntSliceVar(&f.threads, "threads", []int{1}, "numbers of threads to measure with")
	fl.DurationVar(&f.minTime, "min-time", time.Second, "how long to measure each speed at least")
	fl.BoolVar(&f.csv, "csv", false, "print CSV instead of a table")
	fl.StringVar(&f.html, "html", "", "also write a page with curves, which needs no network, to this file")
	fl.BoolVar(&f.strict, "strict", false, "fail when a calibrated index finds less than the target recall, by more than the interval")
	f.table.register(cmd, false)
	f.gate.register(cmd)
	f.index.register(cmd)
	f.index.registerAccess(cmd)
	return cmd
}

func (f *evalFlags) validate(path string) error {
	switch {
	case f.queries == "":
		return usagef("missing --queries FILE")
	case f.k < 1:
		return usagef("-k must be 1 or more, not %d", f.k)
	case len(f.threads) == 0 || slices.Min(f.threads) < 1:
		return usagef("--threads %v: want 1 or more", f.threads)
	case f.searchK < 0:
		return usagef("--search-k must be 0 or more, not %d", f.searchK)
	case f.minTime <= 0:
		return usagef("--min-time must be more than 0, not %v", f.minTime)
	}
	if err := f.table.checkAny(f.queries); err != nil || f.html == "" {
		return err
	}
	return checkOutput(f.html, path, f.queries, f.truth)
}

func runEval(cmd *cobra.Command, e *env, f *evalFlags, path string) error {
	ctx := cmd.Context()
	if f.csv && e.json {
		return usagef("--csv and --json exclude each other")
	}
	if err := f.validate(path); err != nil {
		return err
	}
	plan, err := f.plan(cmd)
	if err != nil {
		return err
	}
	ix, err := f.index.open(cmd, e, path)
	if err != nil {
		return err
	}
	defer ix.Close()
	stats, err := ix.Stats()
	if err != nil {
		return inFile(path, err)
	}
	calibrated := stats.Canopy != nil && stats.Canopy.Calibration != nil
	if calibrated && f.measuresDefault() {
		plan.Asked, plan.Recalls = defaultRecalls, nil
	}
	if f.strict && len(plan.Asked) == 0 {
		return usagef("--strict: no target recall of a calibrated index is measured; give --sweep recall=…, or nothing for a calibrated index")
	}
	if len(plan.Asked) > 0 && !calibrated {
		return usagef("--sweep %s: %s is not calibrated, which only a canopy can be; --recall finds the search_k of a recall", f.sweep, path)
	}
	most := f.largestK(plan)
	if items := stats.Items - stats.Holes; items < most {
		return usagef("-k %d: %s has %s", most, path, count(items, "item"))
	}
	queries, err := readQueries(ctx, f.queries, &f.table)
	if err != nil {
		return err
	}
	if len(queries[0]) != ix.Dim() {
		return fmt.Errorf("annoy: %s: vectors of dimension %d, those of %s have %d", f.queries, len(queries[0]), path, ix.Dim())
	}
	bar := e.newProgress()
	defer bar.stop()
	measure, truth, err := f.evaluator(ctx, e, ix, queries, path, most, &eval.Options{
		K: f.k, SearchK: cmp.Or(f.searchK, most*stats.Trees), Threads: f.threads, MinTime: f.minTime,
		Progress: func(what string) { bar.update(what, 0, -1) },
	}, bar)
	if err != nil {
		return err
	}
	report, err := measure.Run(ctx, plan)
	switch {
	case err != nil && truth != computedTruth && ctx.Err() == nil:
		return inFile(truth, err)
	case err != nil:
		return err
	}
	bar.stop()
	report.Index, report.Truth, report.Version = path, truth, commit()
	return f.finish(e, report)
}

// finish prints the report, writes the page, and ends with the gate's verdict.
func (f *evalFlags) finish(e *env, r *eval.Report) error {
	if r.Nearer > 0 {
		e.warn(fmt.Sprintf("%s: %s an item nearer than the true neighbour of its place: this truth is not exact",
			r.Truth, quantity(r.Nearer, "answer has", "answers have")))
	}
	var err error
	switch {
	case e.json:
		err = printLine(e.stdout, r)
	case f.csv:
		for _, u := range r.Unreached {
			e.warn(unreached(u))
		}
		err = r.WriteCSV(e.stdout)
	default:
		err = printReport(e.stdout, r)
	}
	if err != nil {
		return err
	}
	if f.html != "" {
		if err := writePage(f.html, r); err != nil {
			return err
		}
	}
	return errors.Join(f.gate.check(r), f.checkPromises(r))
}

// checkPromises returns an error for the target recalls that are short, where --strict asks for it.
func (f *evalFlags) checkPromises(r *eval.Report) error {
	if !f.strict {
		return nil
	}
	var short []string
	for _, p := range r.Points {
		if p.Promise() == eval.Short {
			short = append(short, fmt.Sprintf("target %v, found %.4f ± %.4f", p.RecallAsked, p.Recall, p.Interval))
		}
	}
	if len(short) == 0 {
		return nil
	}
	return fmt.Errorf("annoy: %s: recall is short: %s", r.Index, strings.Join(slices.Compact(short), "; "))
}

func writePage(path string, r *eval.Report) error {
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Abort()
	if err := r.WriteHTML(file); err != nil {
		return err
	}
	return file.Commit()
}
