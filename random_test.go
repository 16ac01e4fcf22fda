package annoy_test

import (
	"bytes"
	"context"
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

// A random-operation test: a builder, the indexes that it built, and files of them, against a twin of each. Every step is
// drawn from one seed, which a failure prints with the command that replays it.

// session is a builder and all that came of it.
type session struct {
	*testing.T
	*twin
	rng     *rand.Rand
	dim     int
	builder *annoy.Builder
	built   bool
	indexes []known
	dir     string
	files   int
	log     []string
}

// known is an index and the twin that it must equal for ever.
type known struct {
	*annoy.Index
	*twin
}

const randomSessions, randomSteps = 60, 60

func TestRandomOperations(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; replay: go test -run '^TestRandomOperations$' -seed %d .", seed, seed)
	rng := seeded(seed)
	dims := []int{1, 2, 3, 17, 64, 65, 130}
	for i := range randomSessions {
		m, dim := allMetrics[i%len(allMetrics)], dims[i/len(allMetrics)%len(dims)]
		name := fmt.Sprintf("%d/%s/%d", i, m, dim)
		mine := seeded(rng.Uint64())
		t.Run(name, func(t *testing.T) { runSession(t, m, dim, mine) })
	}
}

func runSession(t *testing.T, m annoy.Metric, dim int, rng *rand.Rand) {
	s := &session{T: t, twin: newTwin(m), rng: rng, dim: dim, dir: t.TempDir()}
	t.Cleanup(func() {
		if t.Failed() {
			for i, step := range s.log {
				t.Logf("step %d: %s", i, step)
			}
		}
	})
	o := &annoy.BuilderOptions{}
	if m == annoy.Dot && rng.IntN(2) == 0 {
		o.DotDialect = annoy.DotMain
	}
	if rng.IntN(4) == 0 {
		o.OnDisk = filepath.Join(s.dir, "builder.ann")
	}
	s.builder = s.twin.builder(t, dim, o)
	s.note("builder %+v", *o)
	steps := []struct {
		weight int
		do     func()
	}{{6, s.add}, {2, s.build}, {2, s.unbuild}, {3, s.search}, {2, s.filter}, {1, s.look}, {1, s.save}, {1, s.load}, {1, s.cancel}}
	total := 0
	for _, step := range steps {
		total += step.weight
	}
	for range randomSteps {
		at := rng.IntN(total)
		for _, step := range steps {
			if at -= step.weight; at < 0 {
				step.do()
				break
			}
		}
	}
	for _, ix := range s.indexes {
		if err := ix.Verify(t.Context()); err != nil {
			t.Errorf("at the end: %v", err)
		}
		ix.Close()
	}
}

func (s *session) note(format string, args ...any) {
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

// vector is a new one, one that exists, one near it, or zero; some components lie on hamming's threshold.
func (s *session) vector() []float32 {
	switch ids := s.ids(); {
	case s.rng.IntN(20) == 0:
		return make([]float32, s.dim)
	case len(ids) > 0 && s.rng.IntN(4) == 0:
		v := slices.Clone(s.items[ids[s.rng.IntN(len(ids))]])
		if s.rng.IntN(2) == 0 {
			v[s.rng.IntN(s.dim)] += 0.25
		}
		return v
	}
	v := make([]float32, s.dim)
	for c := range v {
		v[c] = float32(s.rng.IntN(33)-12) / 8
	}
	return v
}

// add some items: in a row, scattered, or again.
func (s *session) add() {
	n, next := 1+s.rng.IntN(60), s.length()
	for range n {
		id, v := next, s.vector()
		switch s.rng.IntN(6) {
		case 0:
			id += s.rng.IntN(9)
		case 1:
			id = s.rng.IntN(next + 1)
		}
		next = max(next, id+1)
		err := s.builder.Add(id, v)
		if s.built {
			if !errors.Is(err, annoy.ErrBuilt) {
				s.Fatalf("Add after the build: %v", err)
			}
			return
		}
		if err != nil {
			s.Fatal(err)
		}
		s.items[int64(id)] = v
	}
	s.note("added %d, now %d of %d ids", n, len(s.items), s.length())
	if s.builder.Len() != s.length() {
		s.Fatalf("Len %d, want %d", s.builder.Len(), s.length())
	}
}

func (s *session) build() {
	o := s.options()
	s.note("build %+v", *o)
	ix := build(s.T, s.builder, o)
	s.built = true
	if err := ix.Verify(s.Context()); err != nil {
		s.Fatal(err)
	}
	if o.Trees > 0 && ix.Trees() != o.Trees {
		s.Fatalf("%d trees, want %d", ix.Trees(), o.Trees)
	}
	s.keep(ix, &twin{s.metric, copyOf(s.items)})
}

func copyOf(items map[int64][]float32) map[int64][]float32 {
	out := make(map[int64][]float32, len(items))
	for id, v := range items {
		out[id] = v
	}
	return out
}

// keep an index; the oldest of four is closed.
func (s *session) keep(ix *annoy.Index, tw *twin) {
	s.indexes = append(s.indexes, known{ix, tw})
	if len(s.indexes) > 4 {
		s.indexes[0].Close()
		s.indexes = s.indexes[1:]
	}
}

func (s *session) options() *annoy.BuildOptions {
	return &annoy.BuildOptions{
		Kind: annoy.Forest, Trees: []int{-1, 0, 1, 2, 3, 7}[s.rng.IntN(6)], Workers: s.rng.IntN(4), Seed: uint64(s.rng.IntN(3)),
	}
}

func (s *session) unbuild() {
	s.note("unbuild")
	s.builder.Unbuild()
	s.built = false
}

// cancel a build before it ends; it must not change the builder.
func (s *session) cancel() {
	s.note("cancelled build")
	ctx, cancel := context.WithCancel(s.Context())
	o := s.options()
	o.Progress = func(annoy.Progress) { cancel() }
	ix, err := s.builder.Build(ctx, o)
	cancel()
	if err == nil { // the last tree was done
		ix.Close()
		s.built = true
	} else if !errors.Is(err, context.Canceled) {
		s.Fatal(err)
	}
}

// index is one of those kept.
func (s *session) index() (known, bool) {
	if len(s.indexes) == 0 {
		return known{}, false
	}
	i := s.rng.IntN(len(s.indexes))
	s.note("index %d", i)
	return s.indexes[i], true
}

func (s *session) search() {
	ix, ok := s.index()
	if !ok {
		return
	}
	q, k := s.vector(), s.rng.IntN(30)
	if s.rng.IntN(8) == 0 {
		k = ix.Index.Len() + 5
	}
	ranked := ix.rank(q, nil)
	s.note("search of %v, k %d", q, k)
	ix.checkHits(s, q, k, search(s, ix.Index, q, k, everything(ix.Index)), ranked)
	few := search(s, ix.Index, q, k, &annoy.SearchOptions{SearchK: s.rng.IntN(100)})
	if len(few) > min(k, len(ranked)) {
		s.Fatalf("%d hits of %d items, k %d", len(few), len(ranked), k)
	}
	ix.checkValid(s, q, few)
	if ids := ix.ids(); len(ids) > 0 {
		id := ids[s.rng.IntN(len(ids))]
		s.note("search by id %d", id)
		hits, err := ix.SearchByID(id, k, everything(ix.Index))
		if err != nil {
			s.Fatal(err)
		}
		ix.checkHits(s, ix.items[id], k, hits, ix.rank(ix.items[id], nil))
	}
}

func (s *session) filter() {
	ix, ok := s.index()
	if !ok {
		return
	}
	q, k := s.vector(), 1+s.rng.IntN(12)
	share := []float64{0, 0.01, 0.1, 0.5, 0.99, 1}[s.rng.IntN(6)]
	var ids []int64
	in := map[int64]bool{}
	for _, id := range ix.ids() {
		if s.rng.Float64() < share {
			ids = append(ids, id)
			in[id] = true
		}
	}
	keep := func(id int64) bool { return in[id] }
	ranked := ix.rank(q, keep)
	s.note("filter of %d ids, k %d, %v", len(ids), k, q)
	for _, searchK := range []int{0, 1 + s.rng.IntN(200)} {
		for _, f := range []annoy.Filter{annoy.IDFilter(ids), filterFunc(keep)} {
			hits := search(s, ix.Index, q, k, &annoy.SearchOptions{Filter: f, SearchK: searchK})
			if len(hits) != min(k, len(ids)) || slices.ContainsFunc(hits, func(h annoy.Neighbor) bool { return !in[h.ID] }) {
				s.Fatalf("hits %v", hits)
			}
			ix.checkValid(s, q, hits)
			if _, sized := f.(filterFunc); !sized && len(ids) < exactBelow {
				ix.checkHits(s, q, k, hits, ranked)
			}
		}
	}
	full := &annoy.SearchOptions{Filter: filterFunc(keep), SearchK: math.MaxInt32}
	ix.checkHits(s, q, k, search(s, ix.Index, q, k, full), ranked)
}

// look at single vectors and distances, of the builder and of an index.
func (s *session) look() {
	for range 5 {
		i, j := int64(s.rng.IntN(s.length()+2))-1, int64(s.rng.IntN(s.length()+1))
		s.note("look at %d and %d", i, j)
		got, err := s.builder.Vector(i)
		s.sameVector(s.twin, i, got, err)
		d, err := s.builder.Distance(i, j)
		s.sameDistance(s.twin, i, j, d, err)
		if ix, ok := s.index(); ok {
			got, err := ix.Vector(i)
			s.sameVector(ix.twin, i, got, err)
			d, err := ix.Distance(i, j)
			s.sameDistance(ix.twin, i, j, d, err)
		}
	}
	if ix, ok := s.index(); ok {
		var ids []int64
		for item, err := range ix.All() {
			ids = append(ids, item.ID)
			s.sameVector(ix.twin, item.ID, item.Vector, err)
		}
		if !slices.Equal(ids, ix.ids()) {
			s.Fatalf("All yields %v, want %v", ids, ix.ids())
		}
	}
}

func (s *session) sameVector(tw *twin, id int64, got []float32, err error) {
	s.Helper()
	want, exists := tw.items[id]
	if !exists {
		if !errors.Is(err, annoy.ErrNotFound) {
			s.Fatalf("vector of %d, which does not exist: %v", id, err)
		}
		return
	}
	if err != nil || !slices.Equal(got, asStored(tw.metric, want)) {
		s.Fatalf("vector of %d: %v (%v), want %v", id, got, err, want)
	}
}

func (s *session) sameDistance(tw *twin, i, j int64, got float32, err error) {
	s.Helper()
	a, okA := tw.items[i]
	b, okB := tw.items[j]
	if !okA || !okB {
		if !errors.Is(err, annoy.ErrNotFound) {
			s.Fatalf("distance of %d and %d: %v", i, j, err)
		}
		return
	}
	if want, slack := distance(tw.metric, a, b); err != nil || !nearDistance(tw.metric, float64(got), want, slack) {
		s.Fatalf("distance of %d and %d: %v (%v), want %v", i, j, got, err, want)
	}
}

// save an index and keep what is opened of the file.
func (s *session) save() {
	ix, ok := s.index()
	if !ok {
		return
	}
	path := filepath.Join(s.dir, fmt.Sprintf("%d.ann", s.files%3)) // over older files, which others may have open
	s.files++
	o := &annoy.OpenOptions{Prefault: s.rng.IntN(2) == 0}
	var err error
	if s.metric == annoy.Dot && s.rng.IntN(2) == 0 {
		d := annoy.DotDialect(s.rng.IntN(2))
		s.note("save in dialect %s", d)
		err = ix.SaveDialect(path, d)
	} else {
		s.note("save")
		err = ix.Save(path)
	}
	if err != nil {
		s.Fatal(err)
	}
	again := open(s, path, o)
	if err := again.Verify(s.Context()); err != nil {
		s.Fatal(err)
	}
	if again.Len() != ix.Index.Len() || again.Trees() != ix.Trees() {
		s.Fatalf("%d items, %d trees, want %d, %d", again.Len(), again.Trees(), ix.Index.Len(), ix.Trees())
	}
	s.keep(again, ix.twin)
}

// load an index's bytes, which must come back the same.
func (s *session) load() {
	ix, ok := s.index()
	if !ok {
		return
	}
	data := bytesOf(s, ix.Index)
	s.note("load of %d bytes", len(data))
	again := load(s, data, s.metric, s.dim)
	if !bytes.Equal(bytesOf(s, again), data) {
		s.Fatal("loaded bytes are not written back alike")
	}
	s.keep(again, ix.twin)
}
