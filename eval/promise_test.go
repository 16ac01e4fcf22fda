package eval

import "testing"

func TestPromise(t *testing.T) {
	for _, c := range []struct {
		p    Point
		want Promise
	}{
		{Point{Recall: 0.5}, ""},
		{Point{RecallAsked: 0.9, Recall: 0.9, Interval: 0.01}, Kept},
		{Point{RecallAsked: 0.9, Recall: 0.895, Interval: 0.01}, Unclear},
		{Point{RecallAsked: 0.9, Recall: 0.885, Interval: 0.01}, Short},
		{Point{RecallAsked: 0.9, Recall: 0.9}, Kept},
		{Point{RecallAsked: 0.9, Recall: 0.8999}, Short},
	} {
		if got := c.p.Promise(); got != c.want {
			t.Errorf("target %v, found %v ± %v: %q, want %q", c.p.RecallAsked, c.p.Recall, c.p.Interval, got, c.want)
		}
	}
}

func TestWaited(t *testing.T) {
	for _, c := range []struct {
		shares []float64
		share  float64
		waited bool
	}{
		{nil, 1, false},
		{[]float64{0, 0}, 1, false}, // a system that does not tell
		{[]float64{0.99, 0.9}, 0.9, false},
		{[]float64{0.99, 0.6, 0}, 0.6, true},
	} {
		var r Report
		for _, s := range c.shares {
			r.Points = append(r.Points, Point{CPUShare: s})
		}
		if share, waited := r.Waited(); share != c.share || waited != c.waited {
			t.Errorf("%v: %v, %v, want %v, %v", c.shares, share, waited, c.share, c.waited)
		}
	}
}
