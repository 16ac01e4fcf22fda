package main

import (
	"fmt"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
)

// compare lets indexes of ours take turns with each other, and with the peers named, on the harness of annoy compare.
func (b *bench) compare(variants []variant, with []string, o peers.Options) (*peers.Report, error) {
	for _, v := range variants {
		x, err := b.index(v)
		if err != nil {
			return nil, err
		}
		o.Ours = append(o.Ours, peers.Own{Name: v.name(), Build: v.options(b.v.calibration), Path: x.path, Cost: x.cost})
	}
	o.Base, o.Queries, o.Truth, o.Metric, o.Rows = b.set.base, b.set.queries, b.set.truth, b.set.metric, b.config.rows
	if o.Rows > 0 {
		o.Truth = ""
	}
	if o.Rounds == 0 {
		o.Rounds, o.Slice = b.rounds, b.slice
	}
	o.With, o.Alone = with, len(with) == 0
	o.Trees = []int{50}
	o.Env, o.Cache, o.Rebuild, o.TempDir, o.Version = b.env, b.cache, b.rebuilds(with), b.dir, version()
	stage := ""
	o.Progress = func(now string, _, _ int) {
		if now != stage {
			stage = now
			progress("%s: %s", b.set.name, now)
		}
	}
	return peers.Compare(b.ctx, o)
}

// measureQueries is the main table: our index beside the peers.
func measureQueries(b *bench) (*result, error) {
	r, err := b.compare([]variant{{}}, b.peers, peers.Options{})
	if err != nil {
		return nil, err
	}
	return b.reported(r), nil
}

// measureShapes sets the shape that the build chooses beside the three that it chooses from.
func measureShapes(b *bench) (*result, error) {
	r, err := b.compare([]variant{{}, {shape: annoy.One4}, {shape: annoy.One8}, {shape: annoy.Two8}}, nil, peers.Options{Recalls: []float64{0.9, 0.95, 0.99}})
	if err != nil {
		return nil, err
	}
	return b.reported(r), nil
}

// measureRows sets rows that lose something beside those that keep all.
func measureRows(b *bench) (*result, error) {
	r, err := b.compare([]variant{{}, {rows: annoy.RowsFloat32}, {rows: annoy.RowsFloat16}, {rows: annoy.RowsInt8}}, nil, peers.Options{Recalls: []float64{0.9, 0.95, 0.99}})
	if err != nil {
		return nil, err
	}
	return b.reported(r), nil
}

// measureMetrics is the main table for the metrics that only Annoy has too.
func measureMetrics(b *bench) (*result, error) {
	r, err := b.compare([]variant{{}}, b.only("annoy"), peers.Options{Recalls: []float64{0.9, 0.95, 0.99}})
	if err != nil {
		return nil, err
	}
	return b.reported(r), nil
}

// The tutorial case is slow for all: fewer queries.
const tutorialRounds, tutorialSlice = 3, 100

// measureTutorial is what a tutorial indexes: random numbers.
func measureTutorial(b *bench) (*result, error) {
	o := peers.Options{Recalls: []float64{0.9}, Rounds: min(b.rounds, tutorialRounds), Slice: min(b.slice, tutorialSlice)}
	r, err := b.compare([]variant{{}}, b.only("annoy"), o)
	if err != nil {
		return nil, err
	}
	return b.reported(r), nil
}

// only is the peers that are asked for, of one name.
func (b *bench) only(name string) (with []string) {
	for _, p := range b.peers {
		if p == name {
			with = append(with, p)
		}
	}
	return with
}

// reported is a comparison's result, with what our indexes say of themselves.
func (b *bench) reported(r *peers.Report) *result {
	res := &result{Report: r, Indexes: map[string]indexInfo{}}
	for v, x := range b.built {
		if !v.bare && v.first == 0 {
			res.Indexes[v.name()] = x.info
		}
	}
	return res
}

// rebuilds says whether the peers' indexes are to be built again: once a run, for some sets share them.
func (b *bench) rebuilds(with []string) bool {
	of := fmt.Sprint(b.set.base, b.set.metric)
	if !b.rebuild || len(with) == 0 || b.rebuilt[of] {
		return false
	}
	b.rebuilt[of] = true
	return true
}
