package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/internal/words"
)

const (
	demoTrees = 50
	demoK     = 10
)

// What the demo measures: a canopy is asked for recalls, a forest searched with values of search_k.
var (
	demoRecalls = []float64{0.8, 0.9, 0.95, 0.99}
	demoEfforts = []int{500, 1000, 2000, 5000, 10_000, 20_000}
)

// demoSize says how much of the word set the demo uses: all of it, save in
// tests.
type demoSize struct{ total, held int }

func (s *demoSize) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.IntVar(&s.total, "entries", words.Len, "entries of the word set to use")
	fl.IntVar(&s.held, "held-out", 500, "how many of them to hold out as queries")
	for _, name := range []string{"entries", "held-out"} {
		if err := fl.MarkHidden(name); err != nil {
			panic(err) // the flag is defined above: no input leads here
		}
	}
}

func (s *demoSize) set() (*demoSet, error) {
	if s.total > words.Len || s.held < 1 || s.total-s.held < demoK {
		return nil, usagef("--entries must be at most %d, --held-out at least 1 and at most --entries − %d", words.Len, demoK)
	}
	return newDemoSet(s.total, s.held)
}

// demoResult is what demo prints with --json.
type demoResult struct {
	Items   int             `json:"items"`
	HeldOut int             `json:"held_out"`
	Dim     int             `json:"dim"`
	Metric  string          `json:"metric"`
	Reader  json.RawMessage `json:"second_process"`
	Kinds   []*demoKind     `json:"kinds"` // canopy, then forest
}

// demoKind is what is measured of one kind of index.
type demoKind struct {
	Kind         annoy.Kind   `json:"kind"`
	Trees        int          `json:"trees,omitempty"`
	BuildSeconds float64      `json:"build_seconds"`
	Bytes        int64        `json:"bytes"`
	Search       []demoSearch `json:"search"`

	path    string
	efforts []annoy.SearchOptions
}

// demoSearch is what the held-out queries measure at one effort, on one
// thread.
type demoSearch struct {
	Asked     float64 `json:"recall_asked,omitempty"` // of a canopy
	SearchK   int     `json:"search_k,omitempty"`     // of a forest
	Recall    float64 `json:"recall_at_10"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	PerSecond float64 `json:"queries_per_second"`
}

func newDemo(e *env) *cobra.Command {
	size := demoSize{}
	notice := false
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Build, share and measure indexes of English words",
		Long: `Build an index of each kind, canopy and forest, of 9,500 English definitions
that this binary carries, save them to a temporary directory, map the canopy
from a second process that finds definitions like a given one, and measure
recall and speed of both with 500 more definitions that were held out. It needs
no network and no files of yours, takes some seconds, and removes what it wrote.

Words and definitions are those of WordNet 3.0 (--notice prints its licence),
their vectors embeddings by all-MiniLM-L6-v2.`,
		Example:           "  annoy demo",
		Args:              exactArgs(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if notice {
				return printNotice(e)
			}
			set, err := size.set()
			if err != nil {
				return err
			}
			return runDemo(cmd.Context(), e, size, set)
		},
	}
	size.register(cmd)
	cmd.Flags().BoolVar(&notice, "notice", false, "print the licence of WordNet and end")
	return cmd
}

func printNotice(e *env) error {
	if e.json {
		return printLine(e.stdout, map[string]string{"notice": words.Notice})
	}
	_, err := io.WriteString(e.stdout, words.Notice)
	return err
}

func runDemo(ctx context.Context, e *env, size demoSize, set *demoSet) (err error) {
	dir, err := os.MkdirTemp("", "annoy-demo-")
	if err != nil {
		return err
	}
	defer func() {
		if rerr := os.RemoveAll(dir); rerr != nil && err == nil {
			err = rerr
		}
	}()
	// text goes to nobody with --json.
	text := e.stdout
	if e.json {
		text = io.Discard
	}

	items, queries := set.vectors(set.items), set.vectors(set.held)
	fmt.Fprintf(text, "%d English definitions, each as a vector of %d components, carried by this binary.\n"+
		"%d go into the indexes, %d are held out as queries.\n\n", size.total, words.Dim, len(items), len(queries))
	canopy := &demoKind{Kind: annoy.Canopy, path: filepath.Join(dir, "words.canopy")}
	for _, recall := range demoRecalls {
		canopy.efforts = append(canopy.efforts, annoy.SearchOptions{Recall: recall})
	}
	forest := &demoKind{Kind: annoy.Forest, path: filepath.Join(dir, "words.ann"), Trees: demoTrees}
	for _, searchK := range demoEfforts {
		forest.efforts = append(forest.efforts, annoy.SearchOptions{SearchK: searchK})
	}
	r := &demoResult{
		Items: len(items), HeldOut: len(queries), Dim: words.Dim, Metric: annoy.Angular.String(), Kinds: []*demoKind{canopy, forest},
	}
	for _, k := range r.Kinds {
		if err := k.build(ctx, items); err != nil {
			return err
		}
	}
	fmt.Fprintf(text, "Built a canopy, and a forest of %d trees, on %s, and saved them in a temporary directory.\n\n",
		demoTrees, count(runtime.GOMAXPROCS(0), "core"))

	if r.Reader, err = runReader(ctx, e, size, canopy.path, text); err != nil {
		return err
	}

	fmt.Fprintf(text, "\nThe indexes, and their %d held-out queries against exact search (%d neighbours, one thread):\n\n",
		len(queries), demoK)
	truth, err := eval.Exact(ctx, eval.Rows(items), queries, annoy.Angular, demoK, nil)
	if err != nil {
		return err
	}
	for _, k := range r.Kinds {
		if err := k.measure(ctx, queries, truth); err != nil {
			return err
		}
	}
	if e.json {
		return printLine(e.stdout, r)
	}
	return r.print(e.stdout)
}

// build builds the index of items, whose ids are their places, and saves it.
func (k *demoKind) build(ctx context.Context, items [][]float32) error {
	start := time.Now()
	b, err := annoy.NewBuilder(words.Dim, annoy.Angular, nil)
	if err != nil {
		return err
	}
	defer b.Close()
	for id, v := range items {
		if err := b.Add(id, v); err != nil {
			return err
		}
	}
	ix, err := b.Build(ctx, &annoy.BuildOptions{Kind: k.Kind, Trees: k.Trees})
	if err != nil {
		return err
	}
	defer ix.Close()
	k.BuildSeconds = time.Since(start).Seconds()
	if err := ix.Save(k.path); err != nil {
		return err
	}
	s, err := ix.Stats()
	k.Bytes = s.Bytes
	return err
}

// runReader runs the demo's second process and passes its text on.
func runReader(ctx context.Context, e *env, size demoSize, path string, text io.Writer) (json.RawMessage, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{
		"demo-reader", path, "--entries", strconv.Itoa(size.total), "--held-out", strconv.Itoa(size.held),
	}
	var result bytes.Buffer
	out := text
	if e.json {
		args, out = append(args, "--json"), &result
	}
	var failure strings.Builder
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = out, &failure
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if cmd.ProcessState.ExitCode() == exitSignal+int(sigpipe) {
			return nil, syscall.EPIPE // it was the one to meet the end of the output
		}
		return nil, fmt.Errorf("annoy: the demo's second process: %w: %s", err, strings.TrimSpace(failure.String()))
	}
	return bytes.TrimSpace(result.Bytes()), nil
}

// measure fills in Search.
func (k *demoKind) measure(ctx context.Context, queries [][]float32, truth *eval.Truth) error {
	ix, err := annoy.Open(k.path, &annoy.OpenOptions{Prefault: true})
	if err != nil {
		return err
	}
	defer ix.Close()
	judge, err := eval.NewJudge(ctx, annoy.Angular, ix, queries, truth.IDs, demoK)
	if err != nil {
		return err
	}
	for _, o := range k.efforts {
		answers, err := ix.SearchBatch(ctx, queries, demoK, &o)
		if err != nil {
			return err
		}
		verdict, err := judge.Judge(ctx, answers)
		if err != nil {
			return err
		}
		speed, err := eval.ClosedLoop(ctx, ix, queries, demoK, &o, 1, 0)
		if err != nil {
			return err
		}
		k.Search = append(k.Search, demoSearch{
			Asked: o.Recall, SearchK: o.SearchK, Recall: verdict.Recall, P50: speed.P50, P99: speed.P99, PerSecond: speed.QPS,
		})
	}
	return nil
}

func (r *demoResult) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "kind\tbuild seconds\tbytes\t\n")
	for _, k := range r.Kinds {
		fmt.Fprintf(t, "%v\t%.2f\t%d\t\n", k.Kind, k.BuildSeconds, k.Bytes)
	}
	fmt.Fprintf(t, "\nkind\tasked for\trecall@%d\tp50 µs\tp99 µs\tqueries/s\t\n", demoK)
	for _, k := range r.Kinds {
		for _, s := range k.Search {
			asked := fmt.Sprintf("search_k %d", s.SearchK)
			if s.Asked > 0 {
				asked = fmt.Sprintf("recall %v", s.Asked)
			}
			fmt.Fprintf(t, "%v\t%s\t%.3f\t%.0f\t%.0f\t%.0f\t\n", k.Kind, asked, s.Recall, s.P50, s.P99, s.PerSecond)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, `
Next, with your own vectors (npy, fvecs, bvecs, ivecs, fbin, u8bin, jsonl, csv, tsv, npz, hdf5, parquet):

  annoy build vectors.npy -o vectors.canopy --metric angular
  annoy query vectors.canopy --id 0 -k 10
  annoy query vectors.canopy --vectors queries.npy -k 10 --recall 0.99 --json

In a clone, annoy is "go run ./cmd/annoy", or "go install ./cmd/annoy" once.
`)
	return err
}
