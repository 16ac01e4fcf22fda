package command

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/internal/atomicfile"
)

type evalFlags struct {
	column  columnFlag
	index   indexFlags
	queries string
	truth   string
	k       int
	recalls []float64
	sweep   string
	threads []int
	minTime time.Duration
	csv     bool
	html    string
	gate    gateFlags
}

// defaultRecalls are the recalls that eval looks for unless told otherwise.
var defaultRecalls = []float64{0.8, 0.9, 0.95, 0.99}

func newEval(e *env) *cobra.Command {
	f := &evalFlags{}
	cmd := &cobra.Command{
		Use:   "eval INDEX --queries FILE [--truth IDS]",
		Short: "Measure recall, latency and queries per second of an index",
		Long: `Measure an index with queries: for each recall asked for, the smallest search_k
that reaches it (to within 1 %), and there the latency and the queries per
second, each thread asking its next query when the last is answered.

Recall is by distance: a hit counts that is as near as the true k-th neighbour.
--truth is a file of the ids of the true neighbours, nearest first, a row for
each query (npy or ivecs; 'annoy truth' writes one). Without it they are
computed first, from the vectors in the index. An HDF5 file of ann-benchmarks
as --queries has its own truth.

--sweep measures at given values instead (or as well, with --recall):
search_k=1000,2000,5000, or search_k=500..20000, doubling.

As a gate in CI, --at with --max-p99 or --min-recall exits with 1 when the
limit is not kept; without --recall and --sweep nothing else is measured.`,
		Example: `  annoy eval docs.ann --queries queries.npy --truth gt_ids.npy --html report.html
  annoy eval docs.ann --queries queries.npy --sweep search_k=500..20000 --threads 1,2
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
	fl.StringVar(&f.sweep, "sweep", "", "values to measure at: search_k=LIST or search_k=FROM..TO")
	fl.IntSliceVar(&f.threads, "threads", []int{1}, "numbers of threads to measure with")
	fl.DurationVar(&f.minTime, "min-time", time.Second, "how long to measure each speed at least")
	fl.BoolVar(&f.csv, "csv", false, "print CSV instead of a table")
	fl.StringVar(&f.html, "html", "", "also write a page with curves, which needs no network, to this file")
	f.column.register(cmd)
	f.gate.register(cmd)
	f.index.register(cmd)
	return cmd
}

// plan is what to measure.
func (f *evalFlags) plan() (plan eval.Plan, err error) {
	if f.sweep != "" {
		if plan.SearchK, err = parseSweep(f.sweep); err != nil {
			return plan, err
		}
	}
	plan.Recalls = slices.Clone(f.recalls)
	if len(plan.Recalls) == 0 && f.sweep == "" && f.gate.at == "" {
		plan.Recalls = defaultRecalls
	}
	for _, r := range plan.Recalls {
		if !(r > 0 && r <= 1) {
			return plan, usagef("--recall %v: want more than 0 and at most 1", r)
		}
	}
	return f.gate.add(plan)
}

func (f *evalFlags) validate(path string) error {
	switch {
	case f.queries == "":
		return usagef("missing --queries FILE")
	case f.k < 1:
		return usagef("-k must be 1 or more, not %d", f.k)
	case len(f.threads) == 0 || slices.Min(f.threads) < 1:
		return usagef("--threads %v: want 1 or more", f.threads)
	case f.minTime <= 0:
		return usagef("--min-time must be more than 0, not %v", f.minTime)
	}
	if err := f.column.validate(f.queries); err != nil || f.html == "" {
		return err
	}
	return checkOutput(f.html, path, f.queries, f.truth)
}

// parseSweep reads search_k=1,2,3 or search_k=100..1000, whose values double
// up to the last, which is among them.
func parseSweep(s string) ([]int, error) {
	name, list, ok := strings.Cut(s, "=")
	if !ok || name != eval.SearchK.Name {
		return nil, usagef("--sweep %s: want %s=LIST or %[2]s=FROM..TO", s, eval.SearchK.Name)
	}
	number := func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, usagef("--sweep %s: %q is not an integer of 1 or more", s, text)
		}
		return n, nil
	}
	if from, to, ok := strings.Cut(list, ".."); ok {
		low, err := number(from)
		if err != nil {
			return nil, err
		}
		high, err := number(to)
		if err != nil {
			return nil, err
		}
		if low > high {
			return nil, usagef("--sweep %s: %d is more than %d", s, low, high)
		}
		var values []int
		for ; low < high; low *= 2 {
			values = append(values, low)
			if low > high/2 {
				break
			}
		}
		return append(values, high), nil
	}
	var values []int
	for part := range strings.SplitSeq(list, ",") {
		n, err := number(part)
		if err != nil {
			return nil, err
		}
		values = append(values, n)
	}
	return values, nil
}

func runEval(cmd *cobra.Command, e *env, f *evalFlags, path string) error {
	ctx := cmd.Context()
	if err := f.validate(path); err != nil {
		return err
	}
	plan, err := f.plan()
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
	if items := stats.Items - stats.Holes; items < f.k {
		return usagef("-k %d: %s has %s", f.k, path, count(items, "item"))
	}
	queries, err := readQueries(ctx, f.queries, f.column)
	if err != nil {
		return err
	}
	if len(queries[0]) != ix.Dim() {
		return fmt.Errorf("annoy: %s: vectors of dimension %d, those of %s have %d", f.queries, len(queries[0]), path, ix.Dim())
	}
	bar := e.newProgress()
	defer bar.stop()
	truthFile := f.truth
	if truthFile == "" && isHDF5(f.queries) {
		truthFile = f.queries
	}
	var truth [][]int64
	name := truthFile
	if truthFile != "" {
		truth, err = readTruth(truthFile)
	} else {
		name = "computed"
		truth, err = exactTruth(ctx, ix, path, queries, f.k, bar)
	}
	if err != nil {
		return err
	}
	measure, err := eval.New(ctx, ix, queries, truth, &eval.Options{
		K: f.k, Threads: f.threads, MinTime: f.minTime, Progress: func(what string) { bar.update(what, 0, -1) },
	})
	if err == nil {
		var report *eval.Report
		if report, err = measure.Run(ctx, plan); err == nil {
			bar.stop()
			report.Index, report.Truth = path, name
			return f.finish(e, report)
		}
	}
	if name != "computed" && ctx.Err() == nil {
		return inFile(name, err)
	}
	return err
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
	return f.gate.check(r)
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

func printReport(out io.Writer, r *eval.Report) error {
	s := r.Stats
	truth := r.Truth
	if truth == "computed" {
		truth = "computed from the index's vectors"
	} else {
		truth = filepath.Base(truth)
	}
	fmt.Fprintf(out, "%s: %s of dimension %d, %v, %s, %s\n%s for %d neighbours; truth %s\n\n", r.Index,
		count(s.Items-s.Holes, "item"), s.Dim, s.Metric, count(s.Trees, "tree"), byteSize(s.Bytes),
		quantity(r.Queries, "query", "queries"), r.K, truth)
	front := eval.Front(r.Points)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "asked for\tsearch_k\trecall@%d\tby id\tthreads\tqueries/s\tp50 µs\tp90 µs\tp99 µs\tp99.9 µs\t\n", r.K)
	for _, p := range r.Points {
		asked, best := "", ""
		if p.RecallTarget != nil {
			asked = strconv.FormatFloat(*p.RecallTarget, 'g', -1, 64)
		}
		if slices.Contains(front, p) {
			best = "*"
		}
		fmt.Fprintf(t, "%s\t%d\t%.4f\t%.4f\t%d\t%.0f%s\t%.0f\t%.0f\t%.0f\t%.0f\t\n",
			asked, p.SearchK, p.Recall, p.RecallByID, p.Threads, p.QPS, best, p.P50, p.P90, p.P99, p.P999)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, u := range r.Unreached {
		fmt.Fprintf(out, "recall %v is not reached: it is %.4f at search_k %d, and more changes nothing\n", u.RecallTarget, u.Recall, u.SearchK)
	}
	_, err := fmt.Fprintf(out, "\n* no other setting has both more recall and more queries per second\n")
	if err == nil && r.Memory != (eval.Memory{}) {
		_, err = fmt.Fprintf(out, "memory: %s of mapped files, %s of this process alone (queries and truth among it)\n",
			byteSize(r.Memory.Mapped), byteSize(r.Memory.Private))
	}
	return err
}
