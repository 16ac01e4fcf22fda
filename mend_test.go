package annoy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/annoy-go/annoy"
)

// Each test here is named after something that Annoy does and this package does better.

// TestMendWrongMetricOrDimension: the sidecar tells; without it the bytes do, except where two metrics share a layout.
func TestMendWrongMetricOrDimension(t *testing.T) {
	const dim = 12
	vecs := cloud(seeded(11), 600, dim)
	dims := []int{1, 2, 3, 6, 8, 10, 11, 13, 14, 16, 24, 64, 65, 100, 300}
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		path := saved(t, twinOf(m, vecs, 7).build(t, dim, 5))
		for _, other := range allMetrics {
			view := m == other || (m == annoy.Angular || m == annoy.Cosine) && (other == annoy.Angular || other == annoy.Cosine)
			for _, d := range append(dims, dim) {
				if view && (d == dim || m == annoy.Hamming && d <= 64) {
					continue
				}
				if _, err := annoy.Open(path, &annoy.OpenOptions{Metric: other, Dim: d}); !errors.Is(err, annoy.ErrMismatch) {
					t.Errorf("%s of dimension %d with a sidecar: %v", other, d, err)
				}
				if sameLayout(m, dim, other, d) {
					continue
				}
				_, err := annoy.Open(path, &annoy.OpenOptions{Metric: other, Dim: d, IgnoreSidecar: true})
				if !errors.Is(err, annoy.ErrCorrupt) {
					t.Errorf("%s of dimension %d without a sidecar: %v", other, d, err)
				}
			}
		}
		if _, err := annoy.Open(path, &annoy.OpenOptions{IgnoreSidecar: true}); !errors.Is(err, annoy.ErrNeedDimMetric) {
			t.Errorf("neither sidecar nor options: %v", err)
		}
	})
}

// sameLayout tells where a good file of one metric is a good file of another: euclidean and manhattan, and, since an
// old angular file has no norms, a dot or hamming file whose nodes have the size of an angular one's.
func sameLayout(m annoy.Metric, dim int, other annoy.Metric, d int) bool {
	switch {
	case m == annoy.Euclidean || m == annoy.Manhattan:
		return d == dim && (other == annoy.Euclidean || other == annoy.Manhattan)
	case m == annoy.Dot:
		return (other == annoy.Angular || other == annoy.Cosine) && d == dim+1
	case m == annoy.Hamming:
		words := (dim + 63) / 64
		return (other == annoy.Angular || other == annoy.Cosine) && d == 2*words+1 || other == annoy.Dot && d == 2*words
	}
	return false
}

func TestMendTruncated(t *testing.T) {
	vecs := cloud(seeded(12), 400, 10)
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		data := bytesOf(t, twinOf(m, vecs, 9).build(t, 10, 4))
		for n := range len(data) {
			_, err := annoy.Load(data[:n:n], &annoy.OpenOptions{Metric: m, Dim: 10})
			var where *annoy.CorruptError
			if !errors.Is(err, annoy.ErrCorrupt) || !errors.As(err, &where) || where.Offset > int64(n) {
				t.Fatalf("%d bytes of %d: %v", n, len(data), err)
			}
		}
	})
}

func TestMendEmptyIndex(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		ix := newTwin(m).build(t, 10, 4)
		size := len(bytesOf(t, ix)) / 8
		for nodes := 1; nodes <= 16; nodes++ {
			zeros := load(t, make([]byte, nodes*size), m, 10)
			if zeros.Len() != 0 || zeros.Trees() != (nodes+1)/2 {
				t.Errorf("%d nodes of zeros: %d items, %d trees", nodes, zeros.Len(), zeros.Trees())
			}
			if hits, err := zeros.Search(make([]float32, 10), 3, nil); len(hits) != 0 || err != nil {
				t.Errorf("search of nothing: %v (%v)", hits, err)
			}
			if err := zeros.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		}
		again := open(t, saved(t, ix), nil)
		if again.Len() != 0 || again.Trees() != 4 || again.Dim() != 10 {
			t.Errorf("%d items, %d trees, dimension %d", again.Len(), again.Trees(), again.Dim())
		}
		if _, err := again.SearchByID(0, 1, nil); !errors.Is(err, annoy.ErrNotFound) || !strings.Contains(err.Error(), "no items") {
			t.Errorf("search by id in an empty index: %v", err)
		}
		if _, err := annoy.Load(nil, &annoy.OpenOptions{Metric: m, Dim: 10}); !errors.Is(err, annoy.ErrCorrupt) {
			t.Errorf("no bytes at all: %v", err)
		}
	})
}

func TestMendAddAfterBuild(t *testing.T) {
	b := twinOf(annoy.Dot, cloud(seeded(13), 50, 4), 0).builder(t, 4, nil)
	ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2})
	before := bytesOf(t, ix)
	for _, id := range []int{3, 50} {
		if err := b.Add(id, []float32{1, 2, 3, 4}); !errors.Is(err, annoy.ErrBuilt) {
			t.Errorf("Add of %d after the build: %v", id, err)
		}
	}
	if b.Len() != 50 || !bytes.Equal(before, bytesOf(t, ix)) {
		t.Error("the refused item changed something")
	}
}

// TestMendSaveOfOnDiskBuild: saving it under another name copies it, sidecar and all.
func TestMendSaveOfOnDiskBuild(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.ann"), filepath.Join(dir, "second.tree")
	tw := twinOf(annoy.Angular, cloud(seeded(14), 300, 6), 4)
	ix := build(t, tw.builder(t, 6, &annoy.BuilderOptions{OnDisk: first}), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3})
	if err := ix.Save(second); err != nil {
		t.Fatal(err)
	}
	a, b := readFile(t, first), readFile(t, second)
	if len(a) == 0 || !bytes.Equal(a, b) {
		t.Errorf("the copy has %d bytes, the original %d, and they differ", len(b), len(a))
	}
	if want := []string{"first.ann", "first.ann.meta", "second.tree", "second.tree.meta"}; !slices.Equal(filesIn(t, dir), want) {
		t.Errorf("files %v", filesIn(t, dir))
	}
	if err := open(t, second, nil).Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMendNotFinite(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		tw := twinOf(m, cloud(seeded(15), 20, 5), 0)
		b := tw.builder(t, 5, nil)
		ix := build(t, tw.builder(t, 5, nil), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 1})
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			for c := range 5 {
				v := []float32{1, 2, 3, 4, 5}
				v[c] = float32(x)
				err := b.Add(77, v)
				if !errors.Is(err, annoy.ErrNotFinite) || !strings.Contains(err.Error(), "77") || !strings.Contains(err.Error(), fmt.Sprintf("component %d", c)) {
					t.Errorf("Add with %v at %d: %v", x, c, err)
				}
				if _, err := ix.Search(v, 1, nil); !errors.Is(err, annoy.ErrNotFinite) || !strings.Contains(err.Error(), fmt.Sprintf("component %d", c)) {
					t.Errorf("Search with %v at %d: %v", x, c, err)
				}
				if _, err := ix.SearchBatch(t.Context(), [][]float32{{1, 2, 3, 4, 5}, v}, 1, nil); !errors.Is(err, annoy.ErrNotFinite) {
					t.Errorf("SearchBatch with %v at %d: %v", x, c, err)
				}
			}
		}
		if b.Len() != 20 {
			t.Errorf("%d items after the refused ones", b.Len())
		}
		for _, v := range [][]float32{nil, {1}, make([]float32, 6)} {
			if err := b.Add(1, v); !errors.Is(err, annoy.ErrDimension) || !strings.Contains(err.Error(), "id 1") {
				t.Errorf("Add of %d components: %v", len(v), err)
			}
			if _, err := ix.Search(v, 1, nil); !errors.Is(err, annoy.ErrDimension) {
				t.Errorf("Search of %d components: %v", len(v), err)
			}
		}
		// Finite components whose sum, of squares or magnitudes, is not: planes and distances would be NaN. Hamming sums nothing.
		if err := b.Add(21, []float32{3e38, -3e38, 0, 0, 1}); (err == nil) != (m == annoy.Hamming) {
			t.Errorf("Add of large components: %v", err)
		}
	})
}

func TestMendBadBuildArguments(t *testing.T) {
	for _, dim := range []int{0, -1, math.MinInt, 1<<24 + 1, math.MaxInt} {
		if _, err := annoy.NewBuilder(dim, annoy.Angular, nil); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("dimension %d: %v", dim, err)
		}
	}
	for _, m := range []annoy.Metric{0, 7, 255} {
		if _, err := annoy.NewBuilder(3, m, nil); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("metric %d: %v", m, err)
		}
	}
	if _, err := annoy.NewBuilder(3, annoy.Dot, &annoy.BuilderOptions{DotDialect: 2}); !errors.Is(err, annoy.ErrOption) {
		t.Errorf("dialect 2: %v", err)
	}
	b := twinOf(annoy.Dot, cloud(seeded(16), 30, 3), 0).builder(t, 3, nil)
	for _, o := range []*annoy.BuildOptions{
		{Kind: 2}, {Kind: annoy.Forest, Trees: -5}, {Kind: annoy.Forest, Trees: math.MaxInt},
		{Kind: annoy.Forest, Workers: -1}, {Kind: annoy.Forest, DotDialect: 9},
	} {
		if _, err := b.Build(t.Context(), o); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("options %+v: %v", o, err)
		}
	}
	for _, bad := range []struct {
		id   int
		want error
	}{{-1, annoy.ErrOption}, {math.MinInt, annoy.ErrOption}, {math.MaxInt32, annoy.ErrTooLarge}, {math.MaxInt, annoy.ErrTooLarge}} {
		disk, err := annoy.NewBuilder(3, annoy.Dot, &annoy.BuilderOptions{OnDisk: filepath.Join(t.TempDir(), "x.ann")})
		if err != nil {
			t.Fatal(err)
		}
		if err := disk.Add(bad.id, []float32{1, 2, 3}); !errors.Is(err, bad.want) {
			t.Errorf("id %d on disk: %v", bad.id, err)
		}
		disk.Close()
		memory := twinOf(annoy.Dot, cloud(seeded(16), 30, 3), 0).builder(t, 3, nil)
		if err := memory.Add(bad.id, []float32{1, 2, 3}); err != nil {
			t.Errorf("id %d: %v", bad.id, err)
		}
		if _, err := memory.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest}); !errors.Is(err, bad.want) || !strings.Contains(err.Error(), fmt.Sprint(bad.id)) {
			t.Errorf("a forest with id %d: %v", bad.id, err)
		}
	}
	build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Workers: 0}) // all processors
}

// TestMendUnbuild: a builder is as good as new after it, also when the new items come behind those of the old index.
func TestMendUnbuild(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(17), 300, 6)
		for c := range vecs[299] {
			vecs[299][c] *= 9 // the longest comes last
		}
		o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3}
		b := twinOf(m, vecs[:200], 0).builder(t, 6, nil)
		old := build(t, b, o)
		before := bytesOf(t, old)
		b.Unbuild()
		for id := 200; id < 300; id++ {
			if err := b.Add(id, vecs[id]); err != nil {
				t.Fatal(err)
			}
		}
		got, want := bytesOf(t, build(t, b, o)), bytesOf(t, twinOf(m, vecs, 0).build(t, 6, 3))
		if !bytes.Equal(got, want) {
			t.Error("adding behind a built index gives another file than adding at once")
		}
		b.Unbuild()
		if err := b.Add(5, vecs[299]); err != nil {
			t.Fatal(err)
		}
		build(t, b, o)
		if !bytes.Equal(before, bytesOf(t, old)) {
			t.Error("the old index changed")
		}
	})
}

func TestMendSameBytesAnyWorkers(t *testing.T) {
	small := cloud(seeded(18), 700, 9)
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		b := twinOf(m, small, 13).builder(t, 9, nil)
		for _, trees := range []int{-1, 1, 7} {
			same := sameBytes(t, b, trees)
			other := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: trees, Seed: 5})
			if bytes.Equal(same, bytesOf(t, other)) {
				t.Errorf("%d trees: another seed gives the same bytes", trees)
			}
		}
		sameBytes(t, largeBuilder(t, m), 2)
	})
}

// largeBuilder holds so many bytes of items that the first levels of each tree are built in parallel.
func largeBuilder(t *testing.T, m annoy.Metric) *annoy.Builder {
	t.Helper()
	dim := 128
	if m == annoy.Hamming {
		dim = 2048
	}
	b, err := annoy.NewBuilder(dim, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	rng, v := seeded(180), make([]float32, dim)
	for id := range 20_500 {
		for c := 0; c < dim; c += 8 {
			bits := rng.Uint64()
			for i := range 8 {
				v[c+i] = float32(int8(bits>>(8*i))) / 64
			}
		}
		if id%13 == 5 {
			continue
		}
		if err := b.Add(id, v); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// sameBytes wants the same, good bytes of 1, 2 and 16 workers.
func sameBytes(t *testing.T, b *annoy.Builder, trees int) (first []byte) {
	t.Helper()
	for _, workers := range []int{1, 2, 16} {
		ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: trees, Workers: workers})
		got := bytesOf(t, ix)
		if first == nil {
			first = got
			if err := ix.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if !bytes.Equal(first, got) {
			t.Errorf("%d items, %d trees: %d workers give other bytes than 1", b.Len(), trees, workers)
		}
	}
	return first
}

func TestMendTreesOfSmallIndex(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		for n := 1; n <= 14; n++ {
			for _, hole := range []int{0, 2, 3} {
				built := twinOf(m, cloud(seeded(19), n, 5), hole).build(t, 5, 10)
				got := load(t, bytesOf(t, built), m, 5)
				if got.Trees() != 10 || got.Len() != n {
					t.Errorf("%d items, every %dth a hole: %d trees, %d items loaded", n, hole, got.Trees(), got.Len())
				}
			}
		}
	})
}

// TestMendAtomicSave: whoever opens the file while it is saved finds the old or the new one, whole.
func TestMendAtomicSave(t *testing.T) {
	vecs := cloud(seeded(20), 3000, 16)
	a, b := twinOf(annoy.Euclidean, vecs[:1000], 0).build(t, 16, 2), twinOf(annoy.Euclidean, vecs[1000:], 0).build(t, 16, 2)
	path := saved(t, a)
	done := make(chan struct{})
	var saving sync.WaitGroup
	saving.Go(func() {
		defer close(done)
		for i := range 20 {
			if err := []*annoy.Index{a, b}[i%2].Save(path); err != nil {
				t.Error(err)
			}
		}
	})
	opened := 0
	for open := true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		// The options stand in where the sidecar is still that of the other index.
		ix, err := annoy.Open(path, &annoy.OpenOptions{Dim: 16, Metric: annoy.Euclidean})
		if err != nil {
			t.Errorf("open while saving: %v", err)
			break
		}
		if n := ix.Len(); n != 1000 && n != 2000 {
			t.Errorf("%d items", n)
		}
		ix.Close()
		opened++
	}
	saving.Wait()
	if opened < 2 || !slices.Equal(filesIn(t, filepath.Dir(path)), []string{"x.ann", "x.ann.meta"}) {
		t.Errorf("opened %d times; files %v", opened, filesIn(t, filepath.Dir(path)))
	}
	// A save that fails leaves what was there.
	if err := a.Save(filepath.Join(path, "below-a-file.ann")); err == nil {
		t.Error("saved below a file")
	}
	if err := a.Save(filepath.Join(filepath.Dir(path), "y.canopy")); !errors.Is(err, annoy.ErrOption) {
		t.Errorf("saved under another kind's name: %v", err)
	}
	if names := filesIn(t, filepath.Dir(path)); len(names) != 2 {
		t.Errorf("files %v", names)
	}
}

// TestMendSearchKDuplicates: SearchK counts an item each time that a tree gives it, as Annoy does. So one less
// than all items are found by as many candidates as there are items; and more hits asked are more candidates.
func TestMendSearchKDuplicates(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(21), 2000, 20)
		ix := twinOf(m, vecs, 0).build(t, 20, 10)
		if hits := search(t, ix, vecs[0], 2000, &annoy.SearchOptions{SearchK: 2000}); len(hits) >= 1500 {
			t.Errorf("2000 candidates of 10 trees are %d items: duplicates are not counted", len(hits))
		}
		byDefault := search(t, ix, vecs[0], 30, nil)
		for _, searchK := range []int{-1, 0, 300} {
			if hits := search(t, ix, vecs[0], 30, &annoy.SearchOptions{SearchK: searchK}); !slices.Equal(hits, byDefault) {
				t.Errorf("SearchK %d is not the default k · trees", searchK)
			}
		}
	})
}

// TestMendLargeID warns of what the format costs, and the file has a hole instead of gigabytes.
func TestMendLargeID(t *testing.T) {
	var told []string
	path := filepath.Join(t.TempDir(), "x.ann")
	b, err := annoy.NewBuilder(2, annoy.Euclidean, &annoy.BuilderOptions{OnDisk: path, Warn: func(s string) { told = append(told, s) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []int{5, 1000, 256_020_837} {
		if err := b.Add(id, []float32{1, 2}); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], "256020837") || !strings.Contains(told[0], "bytes") {
		t.Errorf("warned of %q", told)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if names := filesIn(t, filepath.Dir(path)); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestMendProgressAndCancel(t *testing.T) {
	vecs := cloud(seeded(22), 800, 16)
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		b := twinOf(m, vecs, 0).builder(t, 16, nil)
		var calls []annoy.Progress
		o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 5, Progress: func(p annoy.Progress) { calls = append(calls, p) }}
		want := bytesOf(t, build(t, b, o))
		for i, p := range calls {
			if p.Stage != "build" || p.Trees != 5 || p.Total != 5*800 || i > 0 && (p.Done < calls[i-1].Done || p.Tree < calls[i-1].Tree) {
				t.Errorf("progress %d: %+v", i, p)
			}
		}
		if last := calls[len(calls)-1]; last.Done != last.Total || last.Tree != 5 {
			t.Errorf("the last progress is %+v", last)
		}
		for stopAt := range len(calls) - 1 {
			ctx, cancel := context.WithCancelCause(t.Context())
			n := 0
			_, err := b.Build(ctx, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 5, Progress: func(annoy.Progress) {
				if n++; n > stopAt {
					cancel(errors.New("enough"))
				}
			}})
			if cancel(nil); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled at %d of %d: %v", stopAt, len(calls), err)
			}
		}
		if got := bytesOf(t, build(t, b, o)); !bytes.Equal(got, want) {
			t.Error("a build after cancelled ones differs")
		}
	})
}
