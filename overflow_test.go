package annoy_test

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// longest is the component that, alone, is just short enough for a metric.
func longest(m annoy.Metric) float32 {
	if m == annoy.Manhattan || m == annoy.Hamming {
		return math.MaxFloat32
	}
	return 0x1.fffffep63 // the next float32, 2^64, has a square of 2^128
}

// TestMendOverflow: finite vectors whose norm is not float32 are refused when added, by the rule of their metric. A forest
// searches for them, except by angle.
func TestMendOverflow(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		b := newTwin(m).builder(t, 5, nil)
		for id := range 20 {
			if err := b.Add(id, []float32{float32(id), 1, 2, 3, 4}); err != nil {
				t.Fatal(err)
			}
		}
		ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2})
		b.Unbuild()
		long := longest(m)
		for _, c := range []struct {
			v       []float32
			refused bool
		}{
			{[]float32{long, 0, 0, 0, 0}, false},
			{[]float32{0, 0, 0, 0, -long}, false},
			{[]float32{long, 0, 0, long / 4, 0}, m != annoy.Hamming},
			{[]float32{long / 2, -long / 2, 0, 0, 0}, false},
			{[]float32{-long, -long, -long, -long, -long}, m != annoy.Hamming},
			{[]float32{1e19, 1e19, 1e19, 1e19, 1e19}, m != annoy.Hamming && m != annoy.Manhattan},
			{[]float32{0, 1e20, 0, 0, 0}, m != annoy.Hamming && m != annoy.Manhattan},
			{[]float32{3e38, -3e38, 0, 0, 1}, m != annoy.Hamming},
		} {
			_, errA := ix.Search(c.v, 3, nil)
			_, errB := ix.SearchBatch(t.Context(), [][]float32{c.v}, 3, nil)
			errC := b.Add(7, c.v)
			for what, err := range map[string]error{"Search": errA, "SearchBatch": errB, "Add": errC} {
				switch {
				case (!c.refused || what != "Add" && m != annoy.Angular && m != annoy.Cosine) && err != nil:
					t.Errorf("%s of %v: %v", what, c.v, err)
				case c.refused && err != nil && (!errors.Is(err, annoy.ErrOverflow) || !strings.Contains(err.Error(), "sum of its components'")):
					t.Errorf("%s of %v: %v, want ErrOverflow", what, c.v, err)
				case c.refused && err == nil && what == "Add":
					t.Errorf("%v was added", c.v)
				}
			}
			if c.refused && errC != nil && !strings.Contains(errC.Error(), "id 7") {
				t.Errorf("Add of %v does not name the id: %v", c.v, errC)
			}
		}
	})
}

// TestOverflowExtremes: an index of the longest vectors allowed has finite planes and factors, no distance of it is NaN,
// and its exact answers are right, +Inf where float32 ends.
func TestOverflowExtremes(t *testing.T) {
	const n, dim = 300, 6
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		rng := seeded(90)
		vecs := make([][]float32, n)
		for i := range vecs {
			v := gauss(rng, dim, 1)
			if i%3 == 0 { // along an axis, in both directions
				clear(v)
				v[i%dim] = 1 - float32(i%2)*2
			}
			vecs[i] = stretched(m, v)
		}
		tw := twinOf(m, vecs, 7)
		ix := tw.build(t, dim, 5)
		if err := ix.Verify(t.Context()); err != nil {
			t.Errorf("planes: %v", err)
		}
		for _, q := range append(vecs[:20:20], gauss(rng, dim, 1), make([]float32, dim)) {
			for _, o := range []*annoy.SearchOptions{nil, everything(ix)} {
				hits := search(t, ix, q, 10, o)
				for _, h := range hits {
					if h.Distance != h.Distance {
						t.Errorf("%v: hit %+v", q, h)
					}
				}
				if o == nil {
					continue
				}
				for i, h := range hits {
					want := tw.rank(q, nil)[i]
					if float64(h.Distance) == want.dist || math.IsInf(float64(h.Distance), 1) && overflows(m, want.dist) {
						continue
					}
					if !nearDistance(m, float64(h.Distance), want.dist, 1e-5*max(1, math.Abs(want.dist))) {
						t.Errorf("%v: hit %d is %+v, want %v", q, i, h, want)
					}
				}
			}
		}
		if d, err := ix.Distance(0, 3); err != nil || d != d {
			t.Errorf("distance %v (%v)", d, err)
		}
	})
}

// stretched is v as long as the metric allows, less a thousandth.
func stretched(m annoy.Metric, v []float32) []float32 {
	sum, squares := 0.0, 0.0
	for _, x := range v {
		sum += math.Abs(float64(x))
		squares += float64(x) * float64(x)
	}
	scale := 0.999 * float64(longest(m)) / math.Sqrt(squares)
	if m == annoy.Manhattan {
		scale = 0.999 * math.MaxFloat32 / sum
	}
	out := make([]float32, len(v))
	for c, x := range v {
		out[c] = float32(float64(x) * scale)
	}
	return out
}

// overflows tells whether a distance is beyond what the metric computes in float32.
func overflows(m annoy.Metric, dist float64) bool {
	if m == annoy.Euclidean {
		return dist*dist >= 0.999*math.MaxFloat32
	}
	return m == annoy.Manhattan && dist >= 0.999*math.MaxFloat32
}

// TestLongVectors: where it is allowed, a forest takes every finite vector, and answers by distances of which those beyond
// float32 are +Inf and equal, as Annoy does: by their ids then.
func TestLongVectors(t *testing.T) {
	for _, tc := range []struct {
		metric annoy.Metric
		scale  float64
		want   string // the neighbours of item 0
	}{
		{annoy.Euclidean, 1e20, "[{0 0} {1 +Inf} {2 +Inf} {3 +Inf} {4 +Inf} {5 +Inf}]"},
		{annoy.Euclidean, 3e38, "[{0 0} {1 +Inf} {2 +Inf} {3 +Inf} {4 +Inf} {5 +Inf}]"},
		{annoy.Manhattan, 3e38, "[{0 0} {1 2e+38} {2 3.0000002e+38} {3 +Inf} {4 +Inf} {5 +Inf}]"},
	} {
		path := filepath.Join(t.TempDir(), "x.ann")
		b, err := annoy.NewBuilder(3, tc.metric, &annoy.BuilderOptions{LongVectors: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			n := float64(i + 1)
			if err := b.Add(i, []float32{float32(tc.scale * n / 6), float32(tc.scale / n), 0}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Add(6, []float32{float32(math.Inf(1)), 0, 0}); !errors.Is(err, annoy.ErrNotFinite) {
			t.Errorf("Inf: %v", err)
		}
		if _, err := b.Build(t.Context(), nil); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("a canopy: %v", err)
		}
		built, err := b.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := built.Save(path); err != nil {
			t.Fatal(err)
		}
		ix, err := annoy.Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ix.Close()
		if err := ix.Verify(t.Context()); err != nil {
			t.Errorf("%v, %v: %v", tc.metric, tc.scale, err)
		}
		hits, err := ix.SearchByID(0, 6, &annoy.SearchOptions{SearchK: 1000})
		if got := fmt.Sprint(hits); err != nil || got != tc.want {
			t.Errorf("%v, %v: %s (%v), want %s", tc.metric, tc.scale, got, err, tc.want)
		}
	}
	for _, m := range []annoy.Metric{annoy.Angular, annoy.Cosine, annoy.Dot, annoy.Hamming} {
		if _, err := annoy.NewBuilder(3, m, &annoy.BuilderOptions{LongVectors: true}); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("%v: %v", m, err)
		}
	}
}
