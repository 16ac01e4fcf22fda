package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/jsonline"
)

//go:embed worker.py
var workerSource string

// annoyVersion is the release that ratios are stated against.
const annoyVersion = "1.17.3"

// worker is the Python child.
type worker struct{ *jsonline.Child }

// request is a line to the worker; each operation uses some of the fields.
type request struct {
	Op      string `json:"op"`
	Base    string `json:"base,omitempty"`
	Path    string `json:"path,omitempty"`
	Save    string `json:"save"`
	Metric  string `json:"metric,omitempty"`
	Dim     int    `json:"dim,omitempty"`
	Rows    int    `json:"rows,omitempty"`
	Trees   int    `json:"trees,omitempty"`
	K       int    `json:"k,omitempty"`
	SearchK int    `json:"search_k,omitempty"`
	From    int    `json:"from"`
	Count   int    `json:"count,omitempty"`
	Warm    int    `json:"warm"`
	Repeat  int    `json:"repeat,omitempty"`
}

func startWorker(ctx context.Context, python string) (*worker, error) {
	if _, err := exec.LookPath(python); err != nil {
		return nil, fmt.Errorf("no Python to run Annoy in: %w (make bench-annoy makes it, -python names another)", err)
	}
	child, err := jsonline.Start(exec.CommandContext(ctx, python, "-c", workerSource))
	return &worker{child}, err
}

// call sends a request and decodes its answer.
func (w *worker) call(r request, answer any) error {
	if err := w.Call(r, answer); err != nil {
		return fmt.Errorf("annoy's worker: %s: %w", r.Op, err)
	}
	return nil
}

// versions of what the worker runs; anything but annoyVersion is an error.
func (w *worker) versions() (v pythonVersions, err error) {
	if err := w.call(request{Op: "versions"}, &v); err != nil {
		return v, err
	}
	if v.Annoy != annoyVersion {
		return v, fmt.Errorf("the Python has annoy %s, want %s", v.Annoy, annoyVersion)
	}
	return v, nil
}

// buildTimes are the seconds of one build.
type buildTimes struct {
	AddCPU float64 `json:"add_cpu"`
	CPU    float64 `json:"cpu"`
	Wall   float64 `json:"wall"`
}

// build builds a fresh index and saves it, if save is not empty.
func (w *worker) build(set *dataset, trees int, save string) (t buildTimes, err error) {
	err = w.call(request{Op: "build", Base: set.npyBase, Rows: set.rows, Metric: annoyMetric(set.metric), Trees: trees, Save: save}, &t)
	return t, err
}

// annoyMetric is the metric's name in Annoy, which has no cosine but its order.
func annoyMetric(m annoy.Metric) string {
	if m == annoy.Cosine {
		m = annoy.Angular
	}
	return m.String()
}

// theirs is Annoy's index as a searcher.
type theirs struct {
	w *worker
	k int
}

// open maps the index file that Annoy saved, for searching.
func (w *worker) open(path string, set *dataset, k int) (*theirs, error) {
	var answer struct{ Items int }
	err := w.call(request{Op: "open_index", Path: path, Metric: annoyMetric(set.metric), Dim: set.dim}, &answer)
	if err == nil && answer.Items != set.rows {
		err = fmt.Errorf("annoy loads %d items from its file, want %d", answer.Items, set.rows)
	}
	return &theirs{w, k}, err
}

func (t *theirs) run(from, count, searchK int) (s timing, err error) {
	err = t.w.call(request{Op: "run", From: from, Count: count, K: t.k, SearchK: searchK, Warm: min(warmQueries, count)}, &s)
	if err == nil && len(s.IDs) != count {
		err = errors.New("annoy's worker has fewer queries than were asked")
	}
	return s, err
}

// overhead is Python's share of a call, in seconds.
type overhead struct {
	CPU  float64 `json:"cpu"`  // an empty call with a vector of the set's dimension: what is subtracted
	Wall float64 `json:"wall"` // the same by the clock on the wall
	Call float64 `json:"call"` // an empty call with a vector of one component; CPU less this is the list's conversion
}

func (t *theirs) overhead(from, count int) (o overhead, err error) {
	err = t.w.call(request{Op: "overhead", From: from, Count: count, Repeat: 5}, &o)
	return o, err
}

func (t *theirs) close() {
	var answer struct{}
	if err := t.w.call(request{Op: "close_index"}, &answer); err != nil {
		fmt.Fprintln(os.Stderr, "bench-annoy:", err)
	}
}
