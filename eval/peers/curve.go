package peers

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// point is one effort of one peer. Recall is that of all rounds' queries together, cost is kept by round.
type point struct {
	effort      Effort
	hits, asked int
	cpu, wall   []float64 // seconds a query
}

func (p *point) recall() float64 { return float64(p.hits) / float64(max(1, p.asked)) }

func (p *point) cost() float64 { return FigureOf(p.cpu).Median }

// add records a slice as a round.
func (p *point) add(s *Set, t Timing, from, count, k int) error {
	if t.CPU <= 0 || t.Wall <= 0 {
		return fmt.Errorf("annoy: %d queries took no measurable time: too few to measure", count)
	}
	hits, err := s.hits(t.IDs, from, k)
	if err != nil {
		return err
	}
	p.hits += hits
	p.asked += count * k
	p.cpu, p.wall = append(p.cpu, t.CPU/float64(count)), append(p.wall, t.Wall/float64(count))
	return nil
}

// front gives the points that no other beats in both recall and cost, by rising recall.
func front(points []*point) []*point {
	sorted := slices.SortedFunc(slices.Values(points), func(a, b *point) int {
		return cmp.Or(cmp.Compare(b.recall(), a.recall()), cmp.Compare(a.cost(), b.cost()))
	})
	var kept []*point
	for _, p := range sorted {
		if len(kept) == 0 || p.cost() < kept[len(kept)-1].cost() {
			kept = append(kept, p)
		}
	}
	slices.Reverse(kept)
	return kept
}

// AtRecall is a peer's speed at the effort that it needs for a recall.
type AtRecall struct {
	Recall  float64 `json:"recall"`
	QPS     Figure  `json:"qps"`      // queries per second of CPU time, one thread; over rounds
	QPSWall Figure  `json:"qps_wall"` // by the clock on the wall
	// ByRound are the queries per second of CPU time round by round: all indexes of a comparison have the same rounds.
	ByRound []float64 `json:"qps_by_round,omitempty"`
	// Effort says which effort, between two measured ones or at one.
	Effort string `json:"effort,omitempty"`
	// Least: even the least effort that is worth it finds more, and the figures are that effort's.
	Least bool `json:"least,omitempty"`
	// Missing says why there are no figures.
	Missing string `json:"missing,omitempty"`
}

// at interpolates along the front, as the plot's lines do: logarithms of cost, between the two points around the target, over
// the logarithm of what is missed.
func at(target float64, d *Description, points []*point) AtRecall {
	a := AtRecall{Recall: target}
	f := front(points)
	i := slices.IndexFunc(f, func(p *point) bool { return p.recall() >= target })
	switch {
	case len(f) == 0:
		a.Missing = "nothing was measured"
		return a
	case i < 0:
		last := f[len(f)-1]
		a.Missing = fmt.Sprintf("recall is %.4f at %s, the most tried", last.recall(), d.label(last.effort))
		return a
	case i == 0:
		a.Least = f[0].recall() > target
		a.Effort = d.label(f[0].effort)
		a.set(f[0], f[0], 1)
		return a
	}
	below, above := f[i-1], f[i]
	w := 1.0
	if span := loss(above.recall()) - loss(below.recall()); span > 0 { // 0 where both miss next to nothing
		w = (loss(target) - loss(below.recall())) / span
	}
	a.set(below, above, w)
	a.Effort = d.label(above.effort)
	if w < 1 {
		a.Effort = fmt.Sprintf("%s … %s", d.label(below.effort), d.label(above.effort))
	}
	return a
}

// set gives the speeds a share w of the way from one point to another.
func (a *AtRecall) set(from, to *point, w float64) {
	a.ByRound = rates(from.cpu, to.cpu, w)
	a.QPS, a.QPSWall = FigureOf(a.ByRound), FigureOf(rates(from.wall, to.wall, w))
}

// rates are queries per second, round by round, a share w of the way from one cost to another.
func rates(from, to []float64, w float64) (qps []float64) {
	for i := range from {
		qps = append(qps, math.Exp(-(1-w)*math.Log(from[i])-w*math.Log(to[i])))
	}
	return qps
}
