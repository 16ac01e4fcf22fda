package annoy_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestDialects of dot files, there and back: the same items and trees, and the same exact answers. A released leaf holds
// dim + 3 ids and one of the main branch dim + 5, so at these numbers of items leaves are split and merged.
func TestDialects(t *testing.T) {
	for _, dim := range []int{1, 7} {
		rng := seeded(90)
		for _, n := range []int{0, 1, 2, dim + 2, dim + 3, dim + 4, dim + 5, dim + 6, dim + 7, 300} {
			vecs := cloud(rng, n, dim)
			testDialects(t, twinOf(annoy.Dot, vecs, 0), dim, 1)
			testDialects(t, twinOf(annoy.Dot, vecs, 3), dim, 4)
		}
		far := newTwin(annoy.Dot)
		far.items[100], far.items[7] = gauss(rng, dim, 1), gauss(rng, dim, 1)
		testDialects(t, far, dim, 2)
	}
}

// testDialects rewrites an index of each dialect in both, and reopens it with its sidecar and by dimension and metric
// alone: then the bytes tell the dialect.
func testDialects(t *testing.T, tw *twin, dim, trees int) {
	t.Helper()
	dialects := []annoy.DotDialect{annoy.DotReleased, annoy.DotMain}
	for _, from := range dialects {
		b := tw.builder(t, dim, &annoy.BuilderOptions{DotDialect: from})
		built := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: trees, Seed: 3})
		for _, to := range dialects {
			path := filepath.Join(t.TempDir(), "x.ann")
			if err := built.SaveDialect(path, to); err != nil {
				t.Fatal(err)
			}
			ix := open(t, path, nil)
			checkDialect(t, tw, ix, to, trees)
			if from == to && !bytes.Equal(bytesOf(t, ix), bytesOf(t, built)) {
				t.Errorf("%d items: rewritten in its own dialect, %s, the file differs", len(tw.items), to)
			}
			if s, err := ix.Stats(); err != nil || s.Seed != 3 {
				t.Errorf("seed %d (%v)", s.Seed, err)
			}
			alone := &annoy.OpenOptions{Dim: dim, Metric: annoy.Dot, IgnoreSidecar: true}
			checkDialect(t, tw, open(t, path, alone), to, trees)
			back := filepath.Join(t.TempDir(), "y.ann")
			if err := ix.SaveDialect(back, from); err != nil {
				t.Fatal(err)
			}
			checkDialect(t, tw, open(t, back, nil), from, trees)
		}
	}
}

func checkDialect(t *testing.T, tw *twin, ix *annoy.Index, d annoy.DotDialect, trees int) {
	t.Helper()
	s, err := ix.Stats()
	if err != nil || s.DotDialect != d || s.Items != tw.length() || s.Trees != trees || s.Holes != tw.length()-len(tw.items) {
		t.Fatalf("%+v (%v), want dialect %s, %d items, %d of them holes, %d trees", s, err, d, tw.length(), tw.length()-len(tw.items), trees)
	}
	if err := ix.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	q := make([]float32, ix.Dim())
	for c := range q {
		q[c] = float32(c%3) - 0.7
	}
	ranked := tw.rank(q, nil)
	tw.checkHits(t, q, 10, search(t, ix, q, 10, everything(ix)), ranked)
	if trees > 1 { // by the trees: each item is missed only if all its places are
		tw.checkHits(t, q, 10, search(t, ix, q, 10, &annoy.SearchOptions{SearchK: max(1, ix.Len()*trees-1)}), ranked)
	}
	for item, err := range ix.All() {
		if want, exists := tw.items[item.ID]; err != nil || !exists || !bytes.Equal(floatBytes(item.Vector), floatBytes(want)) {
			t.Fatalf("item %d is %v (%v), want %v", item.ID, item.Vector, err, want)
		}
	}
}

func TestDialectOptions(t *testing.T) {
	vecs := cloud(seeded(91), 30, 4)
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		dir := t.TempDir()
		ix := twinOf(m, vecs, 0).build(t, 4, 1)
		err := ix.SaveDialect(filepath.Join(dir, "x.ann"), annoy.DotMain)
		if m == annoy.Dot {
			if err != nil {
				t.Error(err)
			}
			err = ix.SaveDialect(filepath.Join(dir, "y.ann"), 2)
		}
		if !errors.Is(err, annoy.ErrOption) {
			t.Errorf("%v", err)
		}
		if err := ix.SaveDialect(filepath.Join(dir, "x.canopy"), annoy.DotReleased); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("another kind's name: %v", err)
		}
	})
	for _, d := range []annoy.DotDialect{annoy.DotReleased, annoy.DotMain} {
		var back annoy.DotDialect
		text, err := d.MarshalText()
		if err != nil || back.UnmarshalText(text) != nil || back != d {
			t.Errorf("%v becomes %s and %v", d, text, back)
		}
	}
}
