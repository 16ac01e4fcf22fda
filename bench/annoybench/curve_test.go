package main

import (
	"math"
	"strings"
	"testing"
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
