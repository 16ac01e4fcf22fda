package annoy_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/annoy-go/annoy"
)

// Each test here is named after something that Annoy does and this package does alike.

func TestMatchDistances(t *testing.T) {
	vecs := cloud(seeded(1), 60, 19)
	vecs[7] = make([]float32, 19) // zero: √2 from everything, for angular
	vecs[8] = make([]float32, 19)
	for c := range vecs[9] {
		vecs[10][c] = -vecs[9][c] // opposite
		vecs[11][c] = vecs[9][c] * 3
	}
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		tw := twinOf(m, vecs, 0)
		b := tw.builder(t, 19, nil)
		before := map[[2]int64]float32{}
		for i := range int64(60) {
			for j := range int64(12) {
				d, err := b.Distance(i, j)
				if err != nil {
					t.Fatal(err)
				}
				before[[2]int64{i, j}] = d
			}
		}
		ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2})
		for ij, d := range before {
			got, err := ix.Distance(ij[0], ij[1])
			if err != nil {
				t.Fatal(err)
			}
			want, slack := distance(m, vecs[ij[0]], vecs[ij[1]])
			if got != d || !nearDistance(m, float64(got), want, slack) {
				t.Errorf("distance of %v: %v, before the build %v, want %v", ij, got, d, want)
			}
		}
		for _, q := range [][]float32{vecs[0], vecs[7], vecs[9]} {
			tw.checkHits(t, q, 60, search(t, ix, q, 60, nil), tw.rank(q, nil))
		}
	})
	for m, want := range map[annoy.Metric]float32{annoy.Angular: float32(math.Sqrt2), annoy.Cosine: 1} {
		ix := twinOf(m, vecs, 0).build(t, 19, 1)
		for _, pair := range [][2]int64{{7, 0}, {0, 7}, {7, 8}, {7, 7}} {
			if d, err := ix.Distance(pair[0], pair[1]); d != want || err != nil {
				t.Errorf("%s distance of %v, where one is zero: %v (%v), want %v", m, pair, d, err, want)
			}
		}
	}
}

// TestMatchNoCancellation: distances far from the origin are those of the differences.
func TestMatchNoCancellation(t *testing.T) {
	vecs := make([][]float32, 40)
	for i := range vecs {
		vecs[i] = []float32{1 << 20, 1 << 21, float32(1<<20) + float32(i)/8}
	}
	for _, m := range []annoy.Metric{annoy.Euclidean, annoy.Manhattan} {
		ix := twinOf(m, vecs, 0).build(t, 3, 3)
		for i, h := range search(t, ix, vecs[0], 40, everything(ix)) {
			if h.ID != int64(i) || h.Distance != float32(i)/8 {
				t.Errorf("%s: hit %d is %+v, want distance %v", m, i, h, float32(i)/8)
			}
		}
	}
}

func TestMatchAngularNearZero(t *testing.T) {
	v := gauss(seeded(2), 300, 1)
	w := slices.Clone(v)
	for c := range w {
		w[c] *= 1.7
	}
	ix := twinOf(annoy.Angular, [][]float32{v, w}, 0).build(t, 300, 1)
	for _, h := range search(t, ix, v, 2, nil) {
		if d := float64(h.Distance); d*d > 2e-6 {
			t.Errorf("square of the distance to %d: %v", h.ID, d*d)
		}
	}
}

// TestMatchByItemOrder: an item's own id is not first among duplicates, nor, for dot, before a longer vector.
func TestMatchByItemOrder(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(3), 80, 9)
		vecs[50] = slices.Clone(vecs[20])
		vecs[70] = slices.Clone(vecs[20])
		tw := twinOf(m, vecs, 0)
		ix := tw.build(t, 9, 4)
		for id := range int64(80) {
			hits, err := ix.SearchByID(id, 80, everything(ix))
			if err != nil {
				t.Fatal(err)
			}
			tw.checkHits(t, vecs[id], 80, hits, tw.rank(vecs[id], nil))
			if byVector := search(t, ix, vecs[id], 80, everything(ix)); !slices.Equal(hits, byVector) {
				t.Fatalf("by item %d: %v, by its vector: %v", id, hits, byVector)
			}
		}
		hits, err := ix.SearchByID(70, 80, everything(ix))
		if err != nil {
			t.Fatal(err)
		}
		same := slices.DeleteFunc(idsOf(hits), func(id int64) bool { return id != 20 && id != 50 && id != 70 })
		if !slices.Equal(same, []int64{20, 50, 70}) {
			t.Errorf("duplicates come in the order %v", same)
		}
	})
	b := twinOf(annoy.Dot, [][]float32{{1, 0}, {5, 0}, {0, 1}}, 0).build(t, 2, 1)
	if hits, err := b.SearchByID(0, 3, nil); err != nil || !slices.Equal(idsOf(hits), []int64{1, 0, 2}) {
		t.Errorf("by dot product with item 0: %v (%v)", hits, err)
	}
}

func TestMatchTiesToSmallerID(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		b, err := annoy.NewBuilder(4, m, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range seeded(4).Perm(300) {
			if err := b.Add(id, []float32{1, 2, 3, 4}); err != nil {
				t.Fatal(err)
			}
		}
		ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3})
		for i, h := range search(t, ix, []float32{1, 0, 2, 1}, 50, everything(ix)) {
			if h.ID != int64(i) {
				t.Fatalf("hit %d of equal distances is %d", i, h.ID)
			}
		}
	})
}

func TestMatchFewerThanK(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(5), 40, 6)
		tw := twinOf(m, vecs, 5)
		ix := tw.build(t, 6, 3)
		for _, k := range []int{0, 1, 39, 40, 1000, math.MaxInt32, math.MaxInt/3 + 5, math.MaxInt} {
			hits := search(t, ix, vecs[0], k, nil)
			if want := min(k, len(tw.items)); k == 0 && len(hits) != 0 || k >= 40 && len(hits) != want {
				t.Errorf("k %d: %d hits", k, len(hits))
			}
			tw.checkHits(t, vecs[0], k, search(t, ix, vecs[0], k, everything(ix)), tw.rank(vecs[0], nil))
		}
	})
}

func TestMatchHoles(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(6), 200, 5)
		tw := twinOf(m, vecs, 3)
		ix := tw.build(t, 5, 5)
		if ix.Len() != 200 {
			t.Errorf("Len is %d, want the largest id + 1, 200", ix.Len())
		}
		tw.checkHits(t, vecs[2], 200, search(t, ix, vecs[2], 200, everything(ix)), tw.rank(vecs[2], nil))
		for id := range int64(200) {
			_, exists := tw.items[id]
			if _, err := ix.SearchByID(id, 3, nil); (err == nil) != exists {
				t.Errorf("search by id %d, which exists: %v, gives %v", id, exists, err)
			}
		}
		if s, err := ix.Stats(); err != nil || s.Holes != 200-len(tw.items) {
			t.Errorf("Stats: %d holes (%v), want %d", s.Holes, err, 200-len(tw.items))
		}
		n := 0
		for item, err := range ix.All() {
			if _, exists := tw.items[item.ID]; !exists || len(item.Vector) != 5 || err != nil {
				t.Errorf("All yields %d (%v)", item.ID, err)
			}
			n++
		}
		if n != len(tw.items) {
			t.Errorf("All yields %d items of %d", n, len(tw.items))
		}
	})
}

func TestMatchLastWins(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(7), 90, 7)
		tw := newTwin(m)
		b, err := annoy.NewBuilder(7, m, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range vecs {
			id := int64(i * 13 % 30)
			tw.items[id] = v
			if err := b.Add(int(id), v); err != nil {
				t.Fatal(err)
			}
		}
		ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3})
		tw.checkHits(t, vecs[0], 30, search(t, ix, vecs[0], 30, everything(ix)), tw.rank(vecs[0], nil))
		if fresh := tw.build(t, 7, 3); !slices.Equal(bytesOf(t, ix), bytesOf(t, fresh)) {
			t.Error("the file differs from that of the last vectors alone")
		}
	})
}

func TestMatchExactAtLargeSearchK(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(8), 1500, 24)
		tw := twinOf(m, vecs[:1480], 11)
		ix := tw.build(t, 24, 6)
		n := ix.Len() * ix.Trees()
		for _, q := range vecs[1480:] {
			ranked := tw.rank(q, nil)
			// One less than everything leaves the trees to find all: an item is missed only where all of its six places are.
			for _, searchK := range []int{n - 1, n, n + 1, math.MaxInt} {
				tw.checkHits(t, q, 20, search(t, ix, q, 20, &annoy.SearchOptions{SearchK: searchK}), ranked)
			}
		}
	})
}

func TestMatchEmptyAndOneItem(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		for _, trees := range []int{-1, 1, 10} {
			for _, ids := range [][]int64{{}, {0}, {1}, {9}, {40}, {0, 40}} {
				t.Run(fmt.Sprint(trees, ids), func(t *testing.T) {
					tw := newTwin(m)
					for _, id := range ids {
						tw.items[id] = []float32{float32(id), 1, -2}
					}
					checkSmall(t, tw, trees)
				})
			}
		}
	})
}

// checkSmall builds, loads, opens and searches a twin of 3 dimensions and few items.
func checkSmall(t *testing.T, tw *twin, trees int) {
	t.Helper()
	built := tw.build(t, 3, trees)
	indexes := []*annoy.Index{built, load(t, bytesOf(t, built), tw.metric, 3)}
	if trees == 10 {
		indexes = append(indexes, open(t, saved(t, built), nil))
	}
	for _, ix := range indexes {
		if ix.Len() != tw.length() || ix.Trees() != built.Trees() || trees > 0 && ix.Trees() != trees {
			t.Fatalf("%d items in %d trees, want %d in %d", ix.Len(), ix.Trees(), tw.length(), trees)
		}
		if err := ix.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		q := []float32{1, 2, 3}
		tw.checkHits(t, q, 5, search(t, ix, q, 5, nil), tw.rank(q, nil))
		for _, id := range tw.ids() {
			hits, err := ix.SearchByID(id, 5, nil)
			if err != nil {
				t.Fatal(err)
			}
			tw.checkHits(t, tw.items[id], 5, hits, tw.rank(tw.items[id], nil))
		}
	}
}

func TestMatch20000Identical(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		for i, v := range [][]float32{{1, 2, 3}, {0, 0, 0}} {
			if raceEnabled && i > 0 {
				break // one of them takes a minute with the race detector
			}
			b, err := annoy.NewBuilder(3, m, nil)
			if err != nil {
				t.Fatal(err)
			}
			for id := range 20_000 {
				if err := b.Add(id, v); err != nil {
					t.Fatal(err)
				}
			}
			ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 1})
			if err := ix.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			hits := search(t, ix, []float32{1, 0, 2}, 10, nil)
			if len(hits) != 10 || hits[0].Distance != hits[9].Distance {
				t.Errorf("hits %v", hits)
			}
		}
	})
}

// TestMatchTestTree needs a file of Annoy's own repository, which `make check` has.
func TestMatchTestTree(t *testing.T) {
	dir := os.Getenv("ANNOY_DATA")
	if dir == "" {
		t.Skip("ANNOY_DATA is not set: the file is not part of the repository; make check runs this")
	}
	ix := open(t, filepath.Join(dir, "golden-upstream", "upstream-test-tree.ann"), &annoy.OpenOptions{Dim: 10, Metric: annoy.Angular})
	hits, err := ix.SearchByID(0, 10, nil)
	if err != nil || !slices.Equal(idsOf(hits), []int64{0, 85, 42, 11, 54, 38, 53, 66, 19, 31}) {
		t.Errorf("by item 0: %v (%v)", idsOf(hits), err)
	}
}

func TestMatchReplaceMappedFile(t *testing.T) {
	vecs := cloud(seeded(9), 4000, 32)
	old, young := twinOf(annoy.Euclidean, vecs[:3000], 0), twinOf(annoy.Euclidean, vecs[3000:], 0)
	path := saved(t, old.build(t, 32, 2))
	ix := open(t, path, nil)
	if err := young.build(t, 32, 2).Save(path); err != nil {
		t.Fatal(err)
	}
	q := vecs[10]
	old.checkHits(t, q, 10, search(t, ix, q, 10, everything(ix)), old.rank(q, nil))
	if err := ix.Verify(context.Background()); err != nil {
		t.Errorf("the replaced file: %v", err)
	}
	ix = open(t, path, nil)
	young.checkHits(t, q, 10, search(t, ix, q, 10, everything(ix)), young.rank(q, nil))
}

// TestMatchPrefault: not the default, and no other answers with it.
func TestMatchPrefault(t *testing.T) {
	if (annoy.OpenOptions{}).Prefault {
		t.Error("the default is to prefault")
	}
	vecs := cloud(seeded(10), 500, 8)
	tw := twinOf(annoy.Manhattan, vecs, 0)
	path := saved(t, tw.build(t, 8, 3))
	want := search(t, open(t, path, nil), vecs[3], 10, nil)
	for advice := annoy.AdviceNormal; advice <= annoy.AdviceWillNeed; advice++ {
		ix := open(t, path, &annoy.OpenOptions{Prefault: true, Advice: advice})
		if got := search(t, ix, vecs[3], 10, nil); !slices.Equal(got, want) {
			t.Errorf("advice %d: %v, want %v", advice, got, want)
		}
	}
}
