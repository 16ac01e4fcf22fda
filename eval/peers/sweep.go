package peers

import (
	"cmp"
	"context"
	"math"
	"slices"
)

const (
	gridStep = 1.4
	// A pilot goes on until recall is this share of the way from the highest target to 1, and spare steps further, for it
	// sees only one slice and others may be harder; what it keeps starts this much below the lowest.
	beyond, spare, below = 0.3, 2, 0.03
	// It gives a series up when this many steps have gained less than flat and cost more than dear times as much: codes that
	// are too coarse stay where they are, whatever the effort. Recall alone does not tell: below the size of a tree's leaf,
	// search_k changes neither recall nor cost.
	patience, flat, dear = 5, 0.001, 2
	// Where the other slices were harder still, at most so many steps are added after the rounds.
	extensions = 5
	// A point that another beats in both recall and cost, in cost by this factor, is left out of the rounds.
	clearlyBetter = 0.85
)

// contender is a peer in the race. One that fails leaves it.
type contender struct {
	peer   Peer
	d      Description
	cost   BuildCost
	points []*point
	empty  []float64 // CPU seconds a query, by round
	memory int64
	failed error
}

// running are the contenders that have not failed.
func running(all []*contender) []*contender {
	return slices.DeleteFunc(slices.Clone(all), func(c *contender) bool { return c.failed != nil })
}

// sweep measures all contenders in turns: a pilot finds which efforts are worth it for each, then in every round, with
// a slice of queries of its own, each effort of each contender takes its turn. The only error is that of a ctx that ended; rounds are
// those that were whole by then.
func sweep(ctx context.Context, o *Options, s *Set, all []*contender) (rounds int, err error) {
	count := min(o.slice(), len(s.queries)/o.rounds())
	for _, c := range running(all) {
		o.progress("pilot: " + c.d.Name)
		c.failed = c.pilot(ctx, o, s, count)
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	for round := range o.rounds() {
		if err := sweepRound(ctx, o, s, running(all), round, count); err != nil {
			return round, err
		}
	}
	for _, c := range running(all) {
		if c.failed = c.extend(ctx, o, s, count); c.failed == nil {
			c.memory, c.failed = c.peer.Resident()
		}
	}
	return o.rounds(), ctx.Err()
}

// extend goes on from the contender's last point where all rounds together have found less than the pilot's slice
// promised. These few points are measured after the rounds, in the same slices, but not in turns with the others.
func (c *contender) extend(ctx context.Context, o *Options, s *Set, count int) error {
	last := slices.MaxFunc(c.points, func(a, b *point) int { return cmp.Compare(a.recall(), b.recall()) })
	i := slices.IndexFunc(c.d.Series, func(s Series) bool { return s.Extra == last.effort.Extra })
	for range extensions {
		if last.recall() >= slices.Max(o.Recalls) || last.effort.Knob >= c.d.Series[i].To {
			return nil
		}
		last = &point{effort: Effort{Knob: c.d.Series[i].next(last.effort.Knob), Extra: last.effort.Extra}}
		for round := range o.rounds() {
			if err := ctx.Err(); err != nil {
				return err
			}
			t, err := c.peer.Search(round*count, count, o.K, last.effort)
			if err == nil {
				err = last.add(s, t, round*count, count, o.K)
			}
			if err != nil {
				return err
			}
		}
		c.points = append(c.points, last)
	}
	return nil
}

// next is the knob's value after one, a step of the grid further.
func (s Series) next(knob int) int {
	return min(s.To, max(knob+1, int(math.Ceil(float64(knob)*gridStep))))
}

func sweepRound(ctx context.Context, o *Options, s *Set, all []*contender, round, count int) error {
	from := round * count
	longest := 0
	for _, c := range all {
		longest = max(longest, len(c.points))
		cpu, err := c.peer.EmptyCall(from, count)
		c.empty, c.failed = append(c.empty, cpu), err
	}
	for i := range longest {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.progressOf("round", round*longest+i, o.rounds()*longest)
		for j := range all {
			// The order rotates, so that no contender always follows the same one.
			c := all[(i+j+round)%len(all)]
			if c.failed != nil || i >= len(c.points) {
				continue
			}
			t, err := c.peer.Search(from, count, o.K, c.points[i].effort)
			if err == nil {
				err = c.points[i].add(s, t, from, count, o.K)
			}
			c.failed = err
		}
	}
	return ctx.Err()
}

// pilot sets the contender's points: those of its efforts, tried on the first slice, that lie around the targets.
func (c *contender) pilot(ctx context.Context, o *Options, s *Set, count int) error {
	lowest, highest := slices.Min(o.Recalls), slices.Max(o.Recalls)
	var tried []*point
	for _, series := range c.d.Series {
		points, err := c.climb(ctx, o, s, count, series, highest+beyond*(1-highest))
		if err != nil {
			return err
		}
		tried = append(tried, points...)
	}
	for _, p := range worthwhile(tried, lowest-below) {
		c.points = append(c.points, &point{effort: p.effort})
	}
	return nil
}

// climb tries one series from its least effort up, until it is good enough or gets no better.
func (c *contender) climb(ctx context.Context, o *Options, s *Set, count int, series Series, enough float64) ([]*point, error) {
	var points []*point
	left := spare
	for knob := series.From; ; knob = series.next(knob) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &point{effort: Effort{Knob: knob, Extra: series.Extra}}
		t, err := c.peer.Search(0, count, o.K, p.effort)
		if err == nil {
			err = p.add(s, t, 0, count, o.K)
		}
		if err != nil {
			return nil, err
		}
		points = append(points, p)
		stuck := false
		if n := len(points); n > patience && !series.Exact {
			before := points[n-1-patience]
			stuck = p.recall()-before.recall() < flat && p.cost() > dear*before.cost()
		}
		if p.recall() >= enough {
			left--
		}
		if left < 0 || knob >= series.To || stuck {
			return points, nil
		}
	}
}

// worthwhile keeps, by rising recall, the points of a pilot that are not clearly beaten, from the last one below low on.
func worthwhile(tried []*point, low float64) []*point {
	kept := slices.DeleteFunc(slices.Clone(tried), func(p *point) bool {
		return slices.ContainsFunc(tried, func(q *point) bool {
			return q.recall() >= p.recall() && q.cost() < clearlyBetter*p.cost()
		})
	})
	slices.SortFunc(kept, func(a, b *point) int {
		return cmp.Or(cmp.Compare(a.recall(), b.recall()), cmp.Compare(a.cost(), b.cost()))
	})
	start := 0
	for i, p := range kept {
		if p.recall() < low {
			start = i
		}
	}
	return kept[start:]
}
