package peers

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
)

// python is a library of Python as a Peer. Build and search are two processes, so that the second holds the index alone.
type python struct {
	lib    *library
	start  func(ctx context.Context) (*worker, error)
	shape  shape
	d      Description
	path   string // of the saved index
	metric string
	cache  cache
	search *worker // nil before Open
	before int64   // resident bytes before the index was loaded
}

// newPython makes a peer of a library that start imports; the index will be saved in dir.
func newPython(l *library, v versions, s shape, k int, dir string, start func(context.Context) (*worker, error)) *python {
	name := l.name
	if l.trees {
		name = fmt.Sprintf("%s, %d trees", l.name, s.trees)
	}
	p := &python{lib: l, start: start, shape: s, metric: metricFor(s.metric)}
	p.d = Description{
		Name: name, Library: l.name, Version: v.Version, Parameters: l.parameters(s), Call: l.call,
		Knob: l.knob, Extra: l.extra, Series: l.series(s, k),
	}
	p.path = filepath.Join(dir, fmt.Sprintf("%s-%d.index", l.name, s.trees))
	return p
}

func (p *python) Describe() Description {
	d := p.d
	d.Parameters = maps.Clone(d.Parameters)
	return d
}

// Build takes the index from the cache where that has it.
func (p *python) Build(ctx context.Context, s *Set) (BuildCost, error) {
	return p.cache.get(p, s, func() (BuildCost, error) { return p.build(ctx, s) })
}

func (p *python) build(ctx context.Context, s *Set) (cost BuildCost, err error) {
	w, err := p.start(ctx)
	if err != nil {
		return cost, err
	}
	defer w.Close()
	err = w.call(request{
		Op: "build", Metric: p.metric, Parameters: p.d.Parameters, Base: s.npyBase, Rows: s.rows, Path: p.path,
	}, &cost)
	return cost, err
}

func (p *python) Open(ctx context.Context, s *Set) error {
	w, err := p.start(ctx)
	if err != nil {
		return err
	}
	p.search = w
	var answer struct{ Before int64 }
	err = w.call(request{
		Op: "load", Metric: p.metric, Parameters: p.d.Parameters, Queries: s.npyQueries, Count: len(s.queries),
		Rows: s.rows, Path: p.path,
	}, &answer)
	p.before = answer.Before
	return err
}

func (p *python) Search(from, count, k int, e Effort) (t Timing, err error) {
	err = p.search.call(request{
		Op: "run", From: from, Count: count, K: k, Knob: e.Knob, Extra: e.Extra, Warm: min(warmQueries, count),
	}, &t)
	if err == nil && len(t.IDs) != count {
		err = &workerError{p.d.Name, "run", fmt.Sprintf("answers to %d queries, want %d", len(t.IDs), count)}
	}
	return t, err
}

func (p *python) EmptyCall(from, count int) (float64, error) {
	var answer struct{ CPU float64 }
	err := p.search.call(request{Op: "empty", From: from, Count: count, Repeat: emptyRepeat}, &answer)
	return answer.CPU, err
}

func (p *python) Resident() (int64, error) {
	var answer struct{ Resident int64 }
	err := p.search.call(request{Op: "grown", Before: p.before}, &answer)
	return answer.Resident, err
}

func (p *python) Close() error {
	if p.search != nil {
		p.search.Close()
	}
	return nil
}
