package main

import (
	"fmt"
	"path/filepath"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
)

// large is a set that is not held in memory while it is built.
type large struct {
	Build memoryOf  `json:"build"`
	Info  indexInfo `json:"info"`
	Asked []asking  `json:"asked"`
}

// measureLarge builds from the set's file with all defaults, and asks.
func measureLarge(b *bench) (*result, error) {
	l := &large{}
	path := filepath.Join(b.dir, "large"+extension)
	r := request{Base: b.set.base, Rows: b.config.rows, Metric: b.set.metric.String(), Index: path}
	progress("%s: BuildFile", b.set.name)
	s, err := runChild(b.ctx, "child-build", r, 0, nil, &l.Build)
	if err != nil {
		return nil, err
	}
	v, err := b.vectors()
	if err != nil {
		return nil, err
	}
	l.Build.sampled, l.Build.Vectors = s, int64(v.rows)*int64(v.dim)*4
	ix, err := annoy.Open(path, nil)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	if l.Info, err = describe(ix); err != nil {
		return nil, err
	}
	x, err := newSubject(ix, v, 10)
	if err != nil {
		return nil, err
	}
	for _, target := range []float64{0.9, 0.95, 0.99} {
		var rates []float64
		var p passed
		for range b.rounds {
			if p, err = x.pass(0, len(v.queries), atRecall(target)); err != nil {
				return nil, err
			}
			rates = append(rates, float64(len(v.queries))/p.cpu.Seconds())
		}
		l.Asked = append(l.Asked, asking{10, target, p.recall, peers.FigureOf(rates).Median})
	}
	return &result{Large: l, Queries: len(v.queries)}, nil
}

// LargeTable has a row for each recall.
func (p *page) LargeTable() string {
	rows := [][]string{{"set", "build, s", "CPU s", "own memory at most, MB", "file, MB", "bytes a vector beyond the vectors", "shape", "asked for", "recall", "queries per CPU second"}}
	for _, m := range p.Of("large") {
		b, info := m.Large.Build, m.Large.Info
		for _, a := range m.Large.Asked {
			rows = append(rows, []string{m.Title(), peers.Significant(b.Seconds), peers.Significant(b.CPU), megabytes(b.Anon), megabytes(b.File),
				peers.Significant(info.beyond()), info.Shape, plain(a.Target), fmt.Sprintf("%.4f", a.Recall), peers.Short(a.QPS)})
		}
	}
	return table(rows)
}
