package forest

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/filter"
)

// scene is an image of random items, to be damaged.
func scene(t *testing.T, m annfile.Metric, n, trees int) *annfile.Image {
	t.Helper()
	l, err := annfile.NewLayout(m, 5, annfile.Released)
	if err != nil {
		t.Fatal(err)
	}
	items := grow(nil, n*int(l.Size))
	im, err := annfile.New(l, items, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, uint64(m)))
	for i := range int32(n) {
		l.SetDescendants(im.Node(i), 1)
		if m == annfile.Hamming {
			l.Bits(im.Node(i))[0] = rng.Uint64() & 31
			continue
		}
		var sum float32
		for c := range 5 {
			x := float32(rng.NormFloat64())
			l.Floats(im.Node(i))[c] = x
			sum += x * x
		}
		if m == annfile.Angular {
			l.SetNormSquared(im.Node(i), sum)
		}
	}
	var out []byte
	got, err := Build(context.Background(), &Items{Layout: l, Nodes: items, MaxNorm: 10}, Params{
		Trees: trees, Seed: 1, Workers: 2, Emit: func(nodes []byte) error { out = append(out, nodes...); return nil },
	})
	if err != nil || got != trees {
		t.Fatalf("%d trees (%v)", got, err)
	}
	whole := append(append(grow(nil, len(items)+len(out))[:0], items...), out...)
	if im, err = annfile.Parse(l, whole); err != nil {
		t.Fatal(err)
	}
	if err := im.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
	return im
}

var metrics = []annfile.Metric{annfile.Angular, annfile.Euclidean, annfile.Manhattan, annfile.Dot, annfile.Hamming}

// evens is a filter that cannot list itself, some one that can.
type evens struct{}

func (evens) Contains(id int64) bool { return id%2 == 0 }

type some []int64

func (s some) Contains(id int64) bool { return slices.Contains(s, id) }
func (s some) Len() int               { return len(s) }
func (s some) All() iter.Seq[int64]   { return slices.Values(s) }

// TestScratchIsClean: whatever a search did, errors included, the next one with the same Searcher answers as a new one.
func TestScratchIsClean(t *testing.T) {
	var used Searcher
	rng := rand.New(rand.NewPCG(8, 8))
	for round := range 200 {
		m := metrics[rng.IntN(len(metrics))]
		im := scene(t, m, 20+rng.IntN(200), 3)
		broken := round%3 == 0
		if broken { // an id out of range in some node
			im.Leaf(im.Node(int32(im.NItems+rng.IntN(im.NNodes-im.NItems))), 2)[1] = 1 << 30
		}
		for range 10 {
			q := &Query{Vec: []float32{1, -1, 0.5, 2, 0}, Bits: []uint64{uint64(rng.IntN(32))}, K: 1 + rng.IntN(12), SearchK: rng.IntN(80)}
			switch rng.IntN(3) {
			case 0:
				q.Filter = evens{}
			case 1:
				q.Filter = some{1, 5, 5, 7, -3, 1 << 40}
			}
			var fresh Searcher
			want, errWant := fresh.Search(im, q)
			got, err := used.Search(im, q)
			if (err == nil) != (errWant == nil) || !slices.Equal(got, want) {
				t.Fatalf("round %d: %v (%v), a new searcher gives %v (%v)", round, got, err, want, errWant)
			}
			if err != nil && (!broken || !errors.Is(err, annfile.ErrCorrupt)) {
				t.Fatal(err)
			}
			for _, w := range append(used.seen.words, used.accepted.words...) {
				if w != 0 {
					t.Fatalf("round %d: marks are left", round)
				}
			}
		}
	}
}

// TestSearchEnds in trees that lead back to themselves.
func TestSearchEnds(t *testing.T) {
	for _, m := range metrics {
		im := scene(t, m, 300, 2)
		for i := im.NItems; i < im.NNodes; i++ {
			if p := im.Node(int32(i)); int(im.Descendants(p)) > im.LeafCap {
				*im.Children(p) = [2]int32{im.Roots[0], im.Roots[1]}
			}
		}
		q := &Query{Vec: []float32{1, 2, 3, 4, 5}, Bits: []uint64{5}, K: 10, SearchK: 500}
		for _, f := range []filter.Filter{nil, evens{}} {
			q.Filter = f
			if _, err := new(Searcher).Search(im, q); !errors.Is(err, annfile.ErrCorrupt) {
				t.Errorf("metric %d: %v", m, err)
			}
		}
	}
}

// TestBuildReports every item-step and tree once, whatever the workers.
func TestBuildReports(t *testing.T) {
	for _, workers := range []int{1, 4} {
		im := scene(t, annfile.Euclidean, 3000, 1)
		items, _ := im.Bytes()
		var steps int64
		var trees, calls int
		_, err := Build(context.Background(), &Items{Layout: im.Layout, Nodes: items}, Params{
			Trees: 5, Seed: 3, Workers: workers, Emit: func([]byte) error { return nil },
			Progress: func(s int64, n int) {
				if s < steps || n < trees {
					t.Errorf("progress goes back from %d, %d to %d, %d", steps, trees, s, n)
				}
				steps, trees = s, n
				calls++
			},
		})
		if err != nil || steps != 5*3000 || trees != 5 || calls < 5 {
			t.Errorf("%d workers: %d steps, %d trees in %d calls (%v)", workers, steps, trees, calls, err)
		}
	}
}

// TestBuildEndsWithEmit: what Emit returns ends the build.
func TestBuildEndsWithEmit(t *testing.T) {
	im := scene(t, annfile.Manhattan, 500, 1)
	items, _ := im.Bytes()
	full := errors.New("disk full")
	emitted := 0
	_, err := Build(context.Background(), &Items{Layout: im.Layout, Nodes: items}, Params{
		Trees: 50, Seed: 3, Workers: 3, Emit: func([]byte) error { emitted++; return full },
	})
	if !errors.Is(err, full) || emitted != 1 {
		t.Errorf("%d times emitted: %v", emitted, err)
	}
}
