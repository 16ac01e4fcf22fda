// Package peers compares this library's index with the best-known libraries for nearest neighbours, on anyone's
// vectors, on one machine, in one run: the answer to "when does Annoy beat HNSW for my data".
//
// The peers are Python packages. [Setup] installs pinned versions into a virtual environment of their own, when asked
// and never otherwise; [Compare] measures those that it finds there and says which are absent. Each runs in a Python child that
// keeps its own clock; this library runs in the process itself.
//
//	options.go      what to compare
//	compare.go      the order of a comparison
//	set.go          vectors and queries; recall.go when an answer counts
//	peer.go         what a peer is; library.go the six libraries, their build parameters and knobs
//	worker.go       the child and its protocol, worker.py its other side; python.go a library as a Peer; ours.go this one
//	cache.go        the peers' indexes kept from one comparison to the next
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
	"path/filepath"
	"slices"
	"strings"

	"github.com/annoy-go/annoy/internal/cputime"
)

// Compare builds, sweeps and reports. A peer that is absent, does not know the metric, or fails, is named in the report
// with the reason, and the others go on; that this library fails is an error, as are unreadable files, annoy.ErrOption and
// ctx's. It needs room in TempDir for all indexes together, and in memory for all of them but ours and Annoy's, which are mapped.
func Compare(ctx context.Context, options Options) (*Report, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	if err := cputime.Check(); err != nil {
		return nil, err
	}
	o := options.withDefaults()
	if err := checkChosen(ctx, &options); err != nil {
		return nil, err
	}
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
	err = race(ctx, &o, s, all, r)
	if err != nil && !r.Interrupted {
		return nil, err
	}
	r.compareAll()
	return r, err
}

// checkChosen finds out, before anything is measured, whether the libraries that were named can be run.
func checkChosen(ctx context.Context, o *Options) error {
	if o.Alone || len(o.With) == 0 {
		return nil
	}
	env, err := environmentOf(o.Env)
	if err != nil {
		return err
	}
	chosen, err := find(o.With)
	if err != nil {
		return err
	}
	for _, l := range chosen {
		w, err := env.start(ctx, l.name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("annoy: %s: %s", l.name, env.unavailable(err))
		}
		w.Close()
	}
	return nil
}

// unavailable says why a library cannot be run, and what to do.
func (e environment) unavailable(err error) string {
	why := reason(err)
	if strings.Contains(why, "ModuleNotFoundError") {
		return fmt.Sprintf("it is not installed in %s: annoy compare --setup installs it", e.dir)
	}
	return why
}

// assemble makes the contenders, and names in the report those that cannot be.
func assemble(ctx context.Context, o *Options, s *Set, dir string, r *Report) ([]*contender, error) {
	var all []*contender
	join := func(p Peer) { all = append(all, &contender{peer: p, d: p.Describe()}) }
	sh := shape{metric: o.Metric, rows: s.rows, dim: s.dim}
	for i, own := range o.Ours {
		join(newOurs(own, sh, o.K, o.Version, filepath.Join(dir, fmt.Sprintf("ours-%d", i))))
	}
	if o.Alone {
		return all, nil
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
			r.absent(l.name, env.unavailable(err))
			continue
		}
		w.Close()
		r.Python, r.NumPy = w.versions.Python, w.versions.NumPy
		sh.trees = 0
		for _, trees := range o.Trees {
			if l.trees {
				sh.trees = trees
			}
			p := newPython(l, w.versions, sh, o.K, dir, start)
			p.cache = cache{o.Cache, o.Rebuild}
			join(p)
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
		cost, err := c.peer.Build(ctx, s)
		if ctx.Err() != nil {
			r.interrupt(all, o, 0)
			return ctx.Err()
		}
		c.cost, c.failed = cost, err
	}
	for _, c := range running(all) {
		o.progress("load: " + c.d.Name)
		c.failed = c.peer.Open(ctx, s)
	}
	if rounds, err := sweep(ctx, o, s, all); err != nil {
		r.interrupt(all, o, rounds)
		return err
	}
	for _, c := range all {
		switch {
		case c.failed == nil:
			r.add(c, o)
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
