package annoy_test

import (
	"bytes"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestMendSparseTrees: the number of trees that Annoy's rule gives does not grow with the holes.
func TestMendSparseTrees(t *testing.T) {
	const dim = 6
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(24), 40, dim)
		tw := newTwin(m)
		for i, v := range vecs {
			tw.items[int64(i)*5000] = v
		}
		ix := tw.build(t, dim, -1)
		s, err := ix.Stats()
		if err != nil {
			t.Fatal(err)
		}
		if s.Trees != s.LeafCapacity {
			t.Errorf("%d trees over %d items and %d holes, a leaf holds %d", s.Trees, s.Items-s.Holes, s.Holes, s.LeafCapacity)
		}
		if err := ix.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		// Without holes the rule is Annoy's: the fewest trees with which there are twice as many nodes as items.
		for _, n := range []int{1, 2, s.LeafCapacity - 1, s.LeafCapacity, s.LeafCapacity + 1, 3 * s.LeafCapacity, 500} {
			tw := twinOf(m, cloud(seeded(25), n, dim), 0)
			ix := tw.build(t, dim, -1)
			if nodes := nodesOf(t, ix); nodes < 2*n {
				t.Errorf("%d items, %d trees: %d nodes", n, ix.Trees(), nodes)
			}
			if ix.Trees() == 1 {
				continue
			}
			if nodes := nodesOf(t, tw.build(t, dim, ix.Trees()-1)); nodes >= 2*n {
				t.Errorf("%d items, %d trees, but one less has %d nodes", n, ix.Trees(), nodes)
			}
		}
	})
}

// nodesOf is how many nodes an index has, copies of roots left out.
func nodesOf(t *testing.T, ix *annoy.Index) int {
	t.Helper()
	s, err := ix.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return s.Nodes - s.Trees
}

// TestMendItemsBeforeOnDiskBuild: Annoy loses them. Here building on disk is chosen when the builder is made, and what
// was added before a build, or before an earlier one, is in the file; the items of a file that lay there are not.
func TestMendItemsBeforeOnDiskBuild(t *testing.T) {
	const dim = 5
	vecs := cloud(seeded(26), 120, dim)
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		path := saved(t, twinOf(m, cloud(seeded(27), 300, dim), 0).build(t, dim, 1))
		b := twinOf(m, vecs[:100], 0).builder(t, dim, &annoy.BuilderOptions{OnDisk: path})
		o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2}
		build(t, b, o)
		b.Unbuild()
		for id := 100; id < 120; id++ {
			if err := b.Add(id, vecs[id]); err != nil {
				t.Fatal(err)
			}
		}
		build(t, b, o)
		if got, want := readFile(t, path), bytesOf(t, twinOf(m, vecs, 0).build(t, dim, 2)); !bytes.Equal(got, want) {
			t.Errorf("the file has %d bytes, that of all items in memory %d, and they differ", len(got), len(want))
		}
	})
}
