package annoy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/annfile"
)

// fixture is a good, small file.
type fixture struct {
	name   string
	metric annoy.Metric
	dim    int
	data   []byte
	layout annfile.Layout
}

// fixtures are small files of every layout: trees, trees of one leaf, one item, one item with a large id, nothing.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	var out []fixture
	add := func(m annoy.Metric, d annoy.DotDialect) {
		dim, stored := 3, map[annoy.Metric]annfile.Metric{
			annoy.Angular: annfile.Angular, annoy.Euclidean: annfile.Euclidean, annoy.Manhattan: annfile.Manhattan,
			annoy.Dot: annfile.Dot, annoy.Hamming: annfile.Hamming,
		}[m]
		if m == annoy.Hamming {
			dim = 10
		}
		layout, err := annfile.NewLayout(stored, dim, annfile.Dialect(d))
		if err != nil {
			t.Fatal(err)
		}
		vecs := cloud(seeded(30), 26, dim)
		one, far := newTwin(m), newTwin(m)
		one.items[2], far.items[20] = vecs[0], vecs[1]
		for _, c := range []struct {
			name string
			*twin
		}{{"trees", twinOf(m, vecs, 6)}, {"leaves", twinOf(m, vecs[:4], 3)}, {"one", one}, {"far", far}, {"empty", newTwin(m)}} {
			ix := build(t, c.builder(t, dim, &annoy.BuilderOptions{DotDialect: d}), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2})
			out = append(out, fixture{fmt.Sprintf("%s %v %s", m, d, c.name), m, dim, bytesOf(t, ix), layout})
		}
	}
	for _, m := range allMetrics[:5] {
		add(m, annoy.DotReleased)
	}
	add(annoy.Dot, annoy.DotMain)
	return out
}

// ordeal does to an index of any bytes what a user may do, and wants of each call an error that is documented or
// an answer of existing ids; where Verify finds nothing, the right answer.
type ordeal struct {
	t       testing.TB
	opened  int // indexes that Load took
	proved  int // and Verify
	cases   int
	current atomic.Pointer[string]
}

func newOrdeal(t testing.TB) *ordeal {
	o := &ordeal{t: t}
	ticks, last := time.NewTicker(20*time.Second), ""
	stop := make(chan struct{})
	t.Cleanup(func() { ticks.Stop(); close(stop) })
	go func() { // a case that hangs is told by name; none is meant to take milliseconds
		for {
			select {
			case <-stop:
				return
			case <-ticks.C:
				if now := o.current.Load(); now != nil && *now == last {
					panic("hangs: " + last)
				} else if now != nil {
					last = *now
				}
			}
		}
	}()
	return o
}

func (o *ordeal) begin(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	o.current.Store(&s)
}

func (o *ordeal) fail(format string, args ...any) {
	o.t.Helper()
	o.t.Fatalf("%s: %s", *o.current.Load(), fmt.Sprintf(format, args...))
}

// documented fails unless err is nil or one of the errors allowed, and tells whether it is nil.
func (o *ordeal) documented(err error, allowed ...error) bool {
	o.t.Helper()
	if err == nil {
		return true
	}
	if !slices.ContainsFunc(allowed, func(a error) bool { return errors.Is(err, a) }) {
		o.fail("undocumented error %v", err)
	}
	return false
}

func (o *ordeal) run(data []byte, m annoy.Metric, dim int) {
	o.t.Helper()
	o.cases++
	if o.cases%16 == 1 {
		o.allocations(data, m, dim)
	}
	ix, err := annoy.Load(data, &annoy.OpenOptions{Metric: m, Dim: dim})
	if !o.documented(err, annoy.ErrCorrupt) {
		return
	}
	o.opened++
	s, err := ix.Stats()
	if o.documented(err) && (s.Items != ix.Len() || s.Trees != ix.Trees() || s.Bytes != int64(len(data)) || s.Holes > s.Items) {
		o.fail("stats %+v of %d bytes, %d items, %d trees", s, len(data), ix.Len(), ix.Trees())
	}
	tw := newTwin(m)
	for item, err := range ix.All() {
		if o.documented(err) {
			tw.items[item.ID] = slices.Clone(item.Vector)
		}
	}
	if len(tw.items) != s.Items-s.Holes {
		o.fail("All yields %d items, there are %d", len(tw.items), s.Items-s.Holes)
	}
	good := o.documented(ix.Verify(context.Background()), annoy.ErrCorrupt)
	if good {
		o.proved++
	}
	o.searches(ix, tw, good)
	if m == annoy.Dot {
		o.convert(data, s, good)
	}
}

// searches by vector and id, with and without filters. good: the index is proved, so answers must be right.
func (o *ordeal) searches(ix *annoy.Index, tw *twin, good bool) {
	o.t.Helper()
	n, dim := ix.Len(), ix.Dim()
	q := make([]float32, dim)
	for c := range q {
		q[c] = float32(c%3) - 0.4
	}
	exact := good && tw.tame()
	odd := func(id int64) bool { return id%2 == 1 }
	all := n * ix.Trees()
	for _, c := range []struct {
		k       int
		options *annoy.SearchOptions
		keep    func(int64) bool
		exact   bool
	}{
		{3, nil, nil, false},
		{n + 1, &annoy.SearchOptions{SearchK: max(all-1, 1)}, nil, ix.Trees() > 1},
		{2, &annoy.SearchOptions{SearchK: all + 1}, nil, true},
		{2, &annoy.SearchOptions{SearchK: 1, Filter: filterFunc(odd)}, odd, false},
		{n + 1, &annoy.SearchOptions{Filter: filterFunc(odd)}, odd, true},
		{4, &annoy.SearchOptions{Filter: annoy.IDFilter([]int64{-1, 1, 3, int64(n) - 1, 1 << 40})}, nil, false},
	} {
		hits, err := ix.Search(q, c.k, c.options)
		if o.documented(err, annoy.ErrCorrupt) {
			o.valid(tw, hits, c.keep)
			if exact && c.exact {
				o.right(tw, q, c.k, hits, c.keep)
			}
		} else if good {
			o.fail("search of a proved index: %v", err)
		}
	}
	for _, id := range []int64{-1, 0, 1, int64(n) / 2, int64(n) - 1, int64(n)} {
		v, exists := tw.items[id]
		_, err := ix.Vector(id)
		if o.documented(err, annoy.ErrNotFound) != exists {
			o.fail("vector of %d: %v", id, err)
		}
		_, err = ix.Distance(id, 0)
		o.documented(err, annoy.ErrNotFound)
		hits, err := ix.SearchByID(id, 3, &annoy.SearchOptions{SearchK: all})
		if o.documented(err, annoy.ErrNotFound, annoy.ErrCorrupt) {
			o.valid(tw, hits, nil)
			if exact {
				o.right(tw, v, 3, hits, nil)
			}
		}
	}
	if o.cases%64 == 0 {
		batch, err := ix.SearchBatch(context.Background(), [][]float32{q, q, q}, 3, nil)
		if o.documented(err, annoy.ErrCorrupt) {
			for _, hits := range batch {
				o.valid(tw, hits, nil)
			}
		}
	}
}

// valid wants ids that exist, none twice.
func (o *ordeal) valid(tw *twin, hits []annoy.Neighbor, keep func(int64) bool) {
	o.t.Helper()
	for i, h := range hits {
		if _, exists := tw.items[h.ID]; !exists || keep != nil && !keep(h.ID) {
			o.fail("hit %d is %d, which does not exist or is not in the filter", i, h.ID)
		}
		if slices.ContainsFunc(hits[:i], func(b annoy.Neighbor) bool { return b.ID == h.ID }) {
			o.fail("hit %d is %d, again", i, h.ID)
		}
	}
}

// right wants the nearest. The stored squared norm of an angular item may be off by what Verify lets pass, a thousandth.
func (o *ordeal) right(tw *twin, q []float32, k int, hits []annoy.Neighbor, keep func(int64) bool) {
	o.t.Helper()
	ranked := tw.rank(q, keep)
	if len(hits) != min(k, len(ranked)) {
		o.fail("%d hits, want %d", len(hits), min(k, len(ranked)))
	}
	for i, h := range hits {
		slack := 2 * ranked[i].slack
		if tw.metric == annoy.Angular {
			slack = 2e-3
		}
		if !nearDistance(tw.metric, float64(h.Distance), ranked[i].dist, slack) {
			o.fail("hit %d is %d at %v, want %d at %v", i, h.ID, h.Distance, ranked[i].id, ranked[i].dist)
		}
	}
}

// tame: no vector so long or short that float32 sums over- or underflow.
func (tw *twin) tame() bool {
	for _, v := range tw.items {
		norm := 0.0
		for _, x := range v {
			norm += float64(x) * float64(x)
		}
		if norm != 0 && (norm < 1e-12 || norm > 1e30) {
			return false
		}
	}
	return true
}

// allocations of opening and of searching are at most 64 times the file and a MiB.
func (o *ordeal) allocations(data []byte, m annoy.Metric, dim int) {
	o.t.Helper()
	q := make([]float32, dim)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if ix, err := annoy.Load(data, &annoy.OpenOptions{Metric: m, Dim: dim}); err == nil {
		_, errA := ix.Search(q, 10, nil)
		_, errB := ix.SearchByID(0, 10, nil)
		_, errC := ix.Search(q, math.MaxInt, &annoy.SearchOptions{SearchK: math.MaxInt})
		o.documented(errors.Join(errA, errB, errC), annoy.ErrCorrupt, annoy.ErrNotFound)
	}
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(64*len(data)+1<<20); got > limit {
		o.fail("%d bytes allocated for a file of %d, limit %d", got, len(data), limit)
	}
}

// convert rewrites a dot file in both dialects; of a good file the results are good.
func (o *ordeal) convert(data []byte, s annoy.Stats, good bool) {
	o.t.Helper()
	layout, err := annfile.NewLayout(annfile.Dot, s.Dim, annfile.Dialect(s.DotDialect))
	if err != nil {
		o.fail("%v", err)
	}
	im, err := annfile.Parse(layout, aligned(data))
	if err != nil {
		o.fail("parsed once, but not again: %v", err)
	}
	for _, d := range []annfile.Dialect{annfile.Released, annfile.Main} {
		to, err := annfile.Convert(im, d)
		if !o.documented(err, annoy.ErrCorrupt) {
			if good {
				o.fail("conversion of a proved index: %v", err)
			}
			continue
		}
		if good {
			items, trees := to.Bytes()
			again, err := annfile.Parse(to.Layout, aligned(slices.Concat(items, trees)))
			if err == nil {
				err = again.Verify(context.Background())
			}
			if err != nil || again.NItems != im.NItems || len(again.Roots) != len(im.Roots) {
				o.fail("conversion of a proved index to dialect %d: %v", d, err)
			}
		}
	}
}

// aligned is b, copied to a multiple of 8 if need be.
func aligned(b []byte) []byte {
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 == 0 {
		return b
	}
	words := make([]uint64, len(b)/8+1)
	return append(unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)[:0], b...)
}

// sparse leaves out cases under the race detector, which takes ten times as long and looks for something else.
func sparse(n int) bool { return raceEnabled && n%16 != 0 }

// TestCorruptHeaders flips every bit of every node's header, one after the other.
func TestCorruptHeaders(t *testing.T) {
	o, flips := newOrdeal(t), 0
	for _, f := range fixtures(t) {
		data := bytes.Clone(f.data)
		for node := 0; node < len(data); node += int(f.layout.Size) {
			for at := node; at < node+int(f.layout.Vec); at++ {
				for bit := range 8 {
					if flips++; sparse(flips) {
						continue
					}
					o.begin("%s: bit %d of byte %d, node %d of size %d", f.name, bit, at, node/int(f.layout.Size), f.layout.Size)
					data[at] ^= 1 << bit
					o.run(data, f.metric, f.dim)
					data[at] ^= 1 << bit
				}
			}
		}
	}
	t.Logf("%d cases: %d opened, %d of them proved", o.cases, o.opened, o.proved)
	if flips < 40_000 || o.opened < 1000 || o.proved < 100 {
		t.Errorf("%d flips: too few to mean anything", flips)
	}
}

// TestCorruptFlips flips one to four random bits, 20,000 times.
func TestCorruptFlips(t *testing.T) {
	const seed = 31
	t.Logf("seed %d", seed)
	rng, o, files := seeded(seed), newOrdeal(t), fixtures(t)
	for i := range 20_000 {
		f := files[rng.IntN(len(files))]
		if i%32 < 16 {
			f = files[i%6*5] // the files with whole trees are more worth it
		}
		data := bytes.Clone(f.data)
		if sparse(i) {
			continue
		}
		var flips []int
		for range 1 + rng.IntN(4) {
			at := rng.IntN(8 * len(data))
			data[at/8] ^= 1 << (at % 8)
			flips = append(flips, at)
		}
		o.begin("%s: bits %v", f.name, flips)
		o.run(data, f.metric, f.dim)
	}
	t.Logf("%d cases: %d opened, %d of them proved", o.cases, o.opened, o.proved)
}

// TestCorruptLengths cuts files at every length, also those that keep some of what follows: a longer file is cut short too.
func TestCorruptLengths(t *testing.T) {
	o := newOrdeal(t)
	for _, f := range fixtures(t) {
		for n := range len(f.data) {
			o.begin("%s: %d bytes of %d", f.name, n, len(f.data))
			o.run(f.data[:n:n], f.metric, f.dim)
			if n%int(f.layout.Size) == 0 {
				o.begin("%s: from byte %d of %d", f.name, n, len(f.data))
				o.run(f.data[n:], f.metric, f.dim)
				o.begin("%s: %d bytes and zeros", f.name, n)
				o.run(append(f.data[:n:n], make([]byte, len(f.data)-n)...), f.metric, f.dim)
			}
		}
	}
	t.Logf("%d cases: %d opened, %d of them proved", o.cases, o.opened, o.proved)
}

// TestCorruptFiles goes through files: opening, saving and converting damaged ones, with and without their sidecar.
func TestCorruptFiles(t *testing.T) {
	const seed = 32
	t.Logf("seed %d", seed)
	rng, dir, o := seeded(seed), t.TempDir(), newOrdeal(t)
	documented := []error{annoy.ErrCorrupt, annoy.ErrMismatch, annoy.ErrNeedDimMetric}
	for _, f := range fixtures(t) {
		path := filepath.Join(dir, "x.ann")
		good := load(t, f.data, f.metric, f.dim)
		for range 4 {
			if err := good.Save(path); err != nil {
				t.Fatal(err)
			}
			data, at := bytes.Clone(f.data), rng.IntN(8*len(f.data))
			data[at/8] ^= 1 << (at % 8)
			writeFile(t, path, data)
			o.begin("%s: bit %d", f.name, at)
			// The checksum of the end differs, so the sidecar does not count.
			if _, err := annoy.Open(path, nil); !errors.Is(err, annoy.ErrNeedDimMetric) {
				o.fail("opened with another file's sidecar: %v", err)
			}
			ix, err := annoy.Open(path, &annoy.OpenOptions{Metric: f.metric, Dim: f.dim})
			if !o.documented(err, documented...) {
				continue
			}
			if len(ix.Warnings()) != 1 {
				o.fail("warnings %q", ix.Warnings())
			}
			o.documented(ix.Save(filepath.Join(dir, "y.ann")), annoy.ErrCorrupt)
			if f.metric == annoy.Dot {
				for _, d := range []annoy.DotDialect{annoy.DotReleased, annoy.DotMain} {
					o.documented(ix.SaveDialect(filepath.Join(dir, "z.ann"), d), annoy.ErrCorrupt)
				}
			}
			ix.Close()
		}
	}
}
