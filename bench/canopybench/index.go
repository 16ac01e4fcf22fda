package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
	"github.com/annoy-go/annoy/internal/cputime"
)

// bench is a set under measurement: its vectors, read once, and our indexes of it, each built once.
type bench struct {
	*config
	ctx   context.Context
	set   *source
	dir   string
	v     *vectors
	built map[variant]*built
}

// built is an index of ours.
type built struct {
	path string
	cost peers.BuildCost
	info indexInfo
	ix   *annoy.Index
}

// vectors reads the set where that has not been done.
func (b *bench) vectors() (*vectors, error) {
	if b.v == nil {
		v, err := b.set.load(b.ctx, b.config.rows)
		if err != nil {
			return nil, err
		}
		b.v = v
	}
	return b.v, nil
}

// index is an index of ours, built where that has not been done and open until the set is left.
func (b *bench) index(v variant) (*built, error) {
	if x := b.built[v]; x != nil {
		return x, nil
	}
	all, err := b.vectors()
	if err != nil {
		return nil, err
	}
	x, err := b.build(v, all)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.name(), err)
	}
	if b.built == nil {
		b.built = map[variant]*built{}
	}
	b.built[v] = x
	return x, nil
}

// build counts the adding of the vectors, as the comparison does.
func (b *bench) build(v variant, all *vectors) (*built, error) {
	defer debug.FreeOSMemory()
	progress("%s: build %s", b.set.name, v.name())
	rows := all.rows
	if v.first > 0 {
		rows = v.first
	}
	wall, cpu := time.Now(), cputime.Process()
	builder, err := annoy.NewBuilder(all.dim, all.metric, &annoy.BuilderOptions{Items: rows})
	if err != nil {
		return nil, err
	}
	defer builder.Close()
	for i := range rows {
		if err := builder.Add(i, all.row(i)); err != nil {
			return nil, err
		}
	}
	o := v.options(all.calibration)
	ix, err := builder.Build(b.ctx, &o)
	if err != nil {
		return nil, err
	}
	x := &built{path: filepath.Join(b.dir, fmt.Sprintf("%d%s", len(b.built), extension))}
	x.cost.CPU, x.cost.Wall = (cputime.Process() - cpu).Seconds(), time.Since(wall).Seconds()
	if err := ix.Save(x.path); err != nil {
		ix.Close()
		return nil, err
	}
	if err := ix.Close(); err != nil {
		return nil, err
	}
	if x.ix, err = annoy.Open(x.path, nil); err != nil {
		return nil, err
	}
	if x.info, err = describe(x.ix); err != nil {
		x.ix.Close()
		return nil, err
	}
	x.cost.Bytes = x.info.Bytes
	return x, nil
}

// close closes the set's indexes, whose files go with their folder.
func (b *bench) close() {
	for _, x := range b.built {
		x.ix.Close()
	}
}
