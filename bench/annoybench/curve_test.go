package main

import (
	"math"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// testCurve has the recalls 0.5, 0.8, 0.9 at search_k 100, 200, 400 and one round of the given seconds a query.
func testCurve(seconds ...float64) *curve {
	c := newCurve([]int{100, 200, 400})
	c.hits, c.asked = []int{50, 80, 90}, []int{100, 100, 100}
	c.cpu, c.wall = [][]float64{seconds}, [][]float64{seconds}
	return c
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*math.Abs(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestCompareAtInterpolates(t *testing.T) {
	ours, annoys := testCurve(1e-3, 1e-3, 4e-3), testCurve(2e-3, 4e-3, 16e-3)
	a := compareAt(0.85, ours, annoys)
	if a.Missing != "" {
		t.Fatal(a.Missing)
	}
	near(t, "our qps half way from 1000 to 250", a.OursQPS.Median, 500)
	near(t, "annoy's qps half way from 250 to 62.5", a.AnnoyQPS.Median, 125)
	near(t, "ratio", a.Ratio.Median, 4)
	near(t, "search_k half way from 200 to 400", a.OursSearchK, 200*math.Sqrt2)

	a = compareAt(0.80, ours, annoys)
	near(t, "our qps at a grid point", a.OursQPS.Median, 1000)
	near(t, "annoy's qps at a grid point", a.AnnoyQPS.Median, 250)
}

func TestCompareAtOutsideTheGrid(t *testing.T) {
	for target, want := range map[float64]string{0.4: "at search_k 100 already", 0.99: "the largest tried"} {
		a := compareAt(target, testCurve(1, 1, 1), testCurve(1, 1, 1))
		if !strings.Contains(a.Missing, want) {
			t.Errorf("recall %v: %q, want a reason with %q", target, a.Missing, want)
		}
	}
}

func TestFigures(t *testing.T) {
	if got, want := figureOf([]float64{3, 1, 2}), (figure{2, 1, 3}); got != want {
		t.Errorf("figureOf three: %v, want %v", got, want)
	}
	if got, want := figureOf([]float64{4, 1, 2, 3}), (figure{2.5, 1, 4}); got != want {
		t.Errorf("figureOf four: %v, want %v", got, want)
	}
	if got, want := ratios([]float64{4, 9}, []float64{2, 3}), (figure{2.5, 2, 3}); got != want {
		t.Errorf("ratios: %v, want %v", got, want)
	}
}

func TestDistance(t *testing.T) {
	a, b := []float32{1, 0, 2}, []float32{0, 1, 2}
	want := map[annoy.Metric]float64{
		annoy.Euclidean: math.Sqrt2, annoy.Manhattan: 2, annoy.Dot: 4, annoy.Hamming: 2,
		annoy.Cosine: 0.2, annoy.Angular: math.Sqrt(0.4),
	}
	for m, d := range want {
		near(t, m.String(), distance(m, a, b), d)
	}
	zero := []float32{0, 0, 0}
	near(t, "angular to the zero vector", distance(annoy.Angular, a, zero), math.Sqrt2)
}

// The tolerance is relative 1e-5 and absolute 1e-6, on the side of the farther item; dot looks the other way.
func TestNearEnough(t *testing.T) {
	for _, c := range []struct {
		m      annoy.Metric
		d, kth float64
		want   bool
	}{
		{annoy.Euclidean, 1.00001, 1, true},
		{annoy.Euclidean, 1.00002, 1, false},
		{annoy.Euclidean, 0.9e-6, 0, true},
		{annoy.Euclidean, 1.1e-6, 0, false},
		{annoy.Euclidean, 0.5, 1, true},
		{annoy.Dot, 1.5, 1, true},
		{annoy.Dot, 0.99999, 1, true},
		{annoy.Dot, 0.99998, 1, false},
		{annoy.Dot, -1.00001, -1, true},
		{annoy.Dot, -1.00002, -1, false},
	} {
		if got := nearEnough(c.m, c.d, c.kth); got != c.want {
			t.Errorf("%v at %v, k-th at %v: %v, want %v", c.m, c.d, c.kth, got, c.want)
		}
	}
}

func TestTruthOfOtherVectorsIsRefused(t *testing.T) {
	s := &dataset{name: "line", metric: annoy.Euclidean, rows: 5, dim: 1, base: []float32{0, 1, 2, 3, 4}, queries: [][]float32{{0}}}
	if err := s.setTruth([][]int64{{0, 1}}, 2); err != nil {
		t.Errorf("the exact neighbours: %v", err)
	}
	for _, wrong := range [][]int64{{0, 3}, {1, 0}, {0, 5}, {0}} {
		if err := s.setTruth([][]int64{wrong}, 2); err == nil {
			t.Errorf("neighbours %v are taken for exact", wrong)
		}
	}
}
