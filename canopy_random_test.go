package annoy_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/annoy-go/annoy"
)

// A random-operation test of canopies: a builder that gives its items to both kinds, the canopies that it built, and files
// of them, against a twin of each.

// grove is a builder and all that came of it.
type grove struct {
	*testing.T
	*twin
	rng     *rand.Rand
	dim     int
	builder *annoy.Builder
	built   bool
	onDisk  string
	indexes []known
	dir     string
	files   int
	log     []string
}

const groveSessions, groveSteps = 24, 40

func TestCanopyRandomOperations(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; replay: go test -run '^TestCanopyRandomOperations$' -seed %d .", seed, seed)
	rng := seeded(seed)
	dims := []int{1, 3, 17, 64}
	for i := range groveSessions {
		m, dim := allMetrics[i%len(allMetrics)], dims[i/len(allMetrics)%len(dims)]
		mine := seeded(rng.Uint64())
		t.Run(fmt.Sprintf("%d/%s/%d", i, m, dim), func(t *testing.T) { runGrove(t, m, dim, mine) })
	}
}

func runGrove(t *testing.T, m annoy.Metric, dim int, rng *rand.Rand) {
	g := &grove{T: t, twin: newTwin(m), rng: rng, dim: dim, dir: t.TempDir()}
	t.Cleanup(func() {
		if t.Failed() {
			for i, step := range g.log {
				t.Logf("step %d: %s", i, step)
			}
		}
	})
	if rng.IntN(3) == 0 {
		g.onDisk = filepath.Join(g.dir, "builder.canopy")
	}
	g.builder = g.twin.builder(t, dim, &annoy.BuilderOptions{OnDisk: g.onDisk})
	steps := []func(){g.add, g.add, g.add, g.build, g.build, g.search, g.search, g.filter, g.look, g.save, g.again}
	for range groveSteps {
		steps[rng.IntN(len(steps))]()
	}
	for _, ix := range g.indexes {
		if err := ix.Verify(t.Context()); err != nil {
			t.Errorf("at the end: %v", err)
		}
		ix.Close()
	}
}

func (g *grove) note(format string, args ...any) { g.log = append(g.log, fmt.Sprintf(format, args...)) }

func (g *grove) vector() []float32 {
	v := make([]float32, g.dim)
	switch ids := g.ids(); {
	case g.rng.IntN(20) == 0:
		return v
	case len(ids) > 0 && g.rng.IntN(4) == 0:
		copy(v, g.items[ids[g.rng.IntN(len(ids))]])
		v[g.rng.IntN(g.dim)] += float32(g.rng.IntN(2)) / 4
		return v
	}
	for c := range v {
		v[c] = float32(g.rng.IntN(33)-12) / 8
	}
	return v
}

// add items in a row, or under ids of all sorts, or again.
func (g *grove) add() {
	n := 1 + g.rng.IntN(400)
	next := int64(g.length())
	for range n {
		id := next
		switch ids := g.ids(); {
		case g.rng.IntN(30) == 0:
			id = int64(g.rng.Uint64())
		case g.rng.IntN(30) == 0:
			id = next + int64(g.rng.IntN(5000))
		case len(ids) > 0 && g.rng.IntN(40) == 0:
			id = ids[g.rng.IntN(len(ids))]
		}
		if id > 0 && id < math.MaxInt64/2 {
			next = max(next, id) + 1
		}
		if id != int64(int(id)) {
			continue // an int of 32 bits does not hold it
		}
		v := g.vector()
		err := g.builder.Add(int(id), v)
		if g.built {
			if !errors.Is(err, annoy.ErrBuilt) {
				g.Fatalf("Add after the build: %v", err)
			}
			return
		}
		if err != nil {
			g.Fatal(err)
		}
		g.items[id] = v
	}
	g.note("added %d, now %d", n, len(g.items))
}

func (g *grove) build() {
	o := &annoy.BuildOptions{
		Shape: annoy.Shape(g.rng.IntN(4)), Rows: annoy.Rows(g.rng.IntN(2)), Calibrate: []int{-1, 20}[g.rng.IntN(2)],
		Workers: g.rng.IntN(4), Seed: uint64(g.rng.IntN(3)), MaxMemory: int64(g.rng.IntN(2) * 10_000),
	}
	g.note("build %+v of %d items", *o, len(g.items))
	ix := build(g.T, g.builder, o)
	g.built = true
	if err := ix.Verify(g.Context()); err != nil {
		g.Fatal(err)
	}
	g.keep(ix, &twin{g.metric, copyOf(g.items)})
}

func (g *grove) again() {
	g.note("unbuild")
	g.builder.Unbuild()
	g.built = false
}

// keep an index; the oldest of four is closed.
func (g *grove) keep(ix *annoy.Index, tw *twin) {
	g.indexes = append(g.indexes, known{ix, tw})
	if len(g.indexes) > 4 {
		g.indexes[0].Close()
		g.indexes = g.indexes[1:]
	}
}

func (g *grove) index() (known, bool) {
	if len(g.indexes) == 0 {
		return known{}, false
	}
	i := g.rng.IntN(len(g.indexes))
	g.note("index %d", i)
	return g.indexes[i], true
}

func (g *grove) search() {
	ix, ok := g.index()
	if !ok {
		return
	}
	q, k := g.vector(), g.rng.IntN(30)
	if g.rng.IntN(8) == 0 {
		k = ix.Index.Len() + 5
	}
	ranked := ix.rank(q, nil)
	g.note("search of %v, k %d", q, k)
	ix.checkHits(g, q, k, search(g, ix.Index, q, k, exactly), ranked)
	want := min(k, len(ranked))
	for _, o := range []*annoy.SearchOptions{nil, {SearchK: 1 + g.rng.IntN(300)}} {
		hits := search(g, ix.Index, q, k, o)
		if len(hits) != want {
			g.Fatalf("%d hits, want %d: a canopy goes on until there are as many", len(hits), want)
		}
		ix.checkValid(g, q, hits)
	}
	if ids := ix.ids(); len(ids) > 0 {
		id := ids[g.rng.IntN(len(ids))]
		g.note("search by id %d, excluding it", id)
		hits, err := ix.SearchByID(id, k, &annoy.SearchOptions{Exact: true, Exclude: []int64{id}})
		if err != nil {
			g.Fatal(err)
		}
		ix.checkHits(g, ix.items[id], k, hits, ix.rank(ix.items[id], func(other int64) bool { return other != id }))
	}
}

func (g *grove) filter() {
	ix, ok := g.index()
	if !ok {
		return
	}
	q, k := g.vector(), 1+g.rng.IntN(12)
	share := []float64{0, 0.01, 0.1, 0.5, 0.99, 1}[g.rng.IntN(6)]
	var ids []int64
	in := map[int64]bool{}
	for _, id := range ix.ids() {
		if g.rng.Float64() < share {
			ids = append(ids, id)
			in[id] = true
		}
	}
	g.note("filter of %d ids, k %d, %v", len(ids), k, q)
	keep := func(id int64) bool { return in[id] }
	for _, o := range []*annoy.SearchOptions{{}, {SearchK: 1 + g.rng.IntN(200)}, {Exact: true}} {
		for _, f := range []annoy.Filter{annoy.IDFilter(append(ids, -77, 1<<60)), filterFunc(keep)} {
			o.Filter = f
			hits := search(g, ix.Index, q, k, o)
			if len(hits) != min(k, len(ids)) || slices.ContainsFunc(hits, func(h annoy.Neighbor) bool { return !in[h.ID] }) {
				g.Fatalf("%d hits of %d in the filter: %v", len(hits), len(ids), hits)
			}
			ix.checkValid(g, q, hits)
			if o.Exact {
				ix.checkHits(g, q, k, hits, ix.rank(q, keep))
			}
		}
	}
}

// look at items, and at the builder's.
func (g *grove) look() {
	ids := append(g.ids(), 1<<50, -1)
	for range 5 {
		id := ids[g.rng.IntN(len(ids))]
		want, exists := g.items[id]
		if v, err := g.builder.Vector(id); exists && (err != nil || !slices.Equal(v, asStored(g.metric, want))) || !exists && !errors.Is(err, annoy.ErrNotFound) {
			g.Fatalf("the builder's vector %d: %v (%v)", id, v, err)
		}
	}
	if ix, ok := g.index(); ok {
		ix.checkItems(g.T, ix.Index)
	}
}

// save an index, and keep what is opened of the file, in some way, or loaded.
func (g *grove) save() {
	ix, ok := g.index()
	if !ok {
		return
	}
	path := filepath.Join(g.dir, fmt.Sprintf("%d.canopy", g.files%3)) // over older files, which others may have open
	g.files++
	if err := ix.Save(path); err != nil {
		g.Fatal(err)
	}
	access := annoy.Access(g.rng.IntN(3))
	g.note("save, open %v", access)
	again := open(g, path, &annoy.OpenOptions{Access: access})
	data := bytesOf(g, ix.Index)
	if !bytes.Equal(bytesOf(g, again), data) {
		g.Fatal("other bytes")
	}
	if g.rng.IntN(3) == 0 {
		again = load(g, data, 0, 0)
	}
	g.keep(again, ix.twin)
}
