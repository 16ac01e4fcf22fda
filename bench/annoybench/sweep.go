package main

import (
	"context"
	"math"

	"github.com/annoy-go/annoy/eval"
)

// targets are the recalls that speed is stated at.
var targets = []float64{0.80, 0.90, 0.95, 0.99}

const (
	gridStep = 1.3
	// The pilot keeps the grid from the last search_k where both are below lowEnough to the first where both reach highEnough: some
	// way beyond the targets, for it sees only the first slice.
	lowEnough, highEnough = 0.77, 0.9925
)

// searcher is one library's index: timed slices of the set's queries at a search_k.
type searcher interface {
	run(from, count, searchK int) (timing, error)
}

// searches are the figures of searching one forest.
type searches struct {
	Threads  int        `json:"threads"`
	Rounds   int        `json:"rounds"`
	Queries  int        `json:"queries_a_round"`
	Overhead overhead   `json:"python_overhead"` // seconds a call, of the last round
	At       []atRecall `json:"at_recall"`
	Grid     []gridRow  `json:"at_search_k"`
}

// gridRow compares at equal search_k: the trees' quality, and the speed of equal work.
type gridRow struct {
	SearchK     int     `json:"search_k"`
	OursRecall  float64 `json:"ours_recall"`
	AnnoyRecall float64 `json:"annoy_recall"`
	OursQPS     figure  `json:"ours_qps"`
	AnnoyQPS    figure  `json:"annoy_qps"`
	Ratio       figure  `json:"ratio"`
}

// sweep times both libraries in turns: rounds times the grid of search_k, a slice of queries each.
func sweep(ctx context.Context, c *config, set *dataset, trees int, mine *ours, annoys *theirs) (*searches, error) {
	count := min(c.slice, len(set.queries)/c.rounds)
	progress("%s, %d trees: pilot", set.name, trees)
	all := min(set.rows*trees, math.MaxInt32)
	for _, s := range []searcher{mine, annoys} {
		// An exhaustive query touches every page that either will read, so that no slice meets a first page fault.
		if _, err := s.run(0, 1, all); err != nil {
			return nil, err
		}
	}
	grid, err := pilot(set, c.k, count, all, mine, annoys)
	if err != nil {
		return nil, err
	}
	oursCurve, annoyCurve := newCurve(grid), newCurve(grid)
	var over overhead
	for round := range c.rounds {
		progress("%s, %d trees: round %d of %d, search_k %d to %d", set.name, trees, round+1, c.rounds, grid[0], grid[len(grid)-1])
		from := round * count
		if over, err = annoys.overhead(from, count); err != nil {
			return nil, err
		}
		oursCurve.startRound()
		annoyCurve.startRound()
		for i, searchK := range grid {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			steps := []func() error{
				func() error { return oursCurve.add(set, mine, i, from, count, searchK, c.k, overhead{}) },
				func() error { return annoyCurve.add(set, annoys, i, from, count, searchK, c.k, over) },
			}
			for j := range steps {
				if err := steps[(i+j+round)%2](); err != nil {
					return nil, err
				}
			}
		}
	}
	s := &searches{Threads: 1, Rounds: c.rounds, Queries: count, Overhead: over}
	for _, target := range targets {
		s.At = append(s.At, compareAt(target, oursCurve, annoyCurve))
	}
	for i, searchK := range grid {
		s.Grid = append(s.Grid, gridRow{
			SearchK: searchK, OursRecall: oursCurve.recall(i), AnnoyRecall: annoyCurve.recall(i),
			OursQPS: figureOf(oursCurve.qps(i)), AnnoyQPS: figureOf(annoyCurve.qps(i)),
			Ratio: ratios(oursCurve.qps(i), annoyCurve.qps(i)),
		})
	}
	return s, nil
}

// pilot finds the search_k from below the lowest target to above the highest, for both libraries.
func pilot(set *dataset, k, count, all int, both ...searcher) ([]int, error) {
	var grid []int
	for searchK := k; ; searchK = min(all, int(math.Ceil(float64(searchK)*gridStep))) {
		lowest, highest := 1.0, 0.0
		for _, s := range both {
			t, err := s.run(0, count, searchK)
			if err != nil {
				return nil, err
			}
			r := float64(set.hits(t.IDs, 0, k)) / float64(count*k)
			lowest, highest = min(lowest, r), max(highest, r)
		}
		if highest < lowEnough {
			grid = grid[:0]
		}
		grid = append(grid, searchK)
		if lowest >= highEnough || searchK == all {
			return grid, nil
		}
	}
}

// hits counts the ids that are as near as the true k-th neighbour, for the queries from the given one on.
func (s *dataset) hits(ids [][]int64, from, k int) int {
	n, rule := 0, eval.RuleOf(s.metric, s.base, s.dim)
	for i, found := range ids {
		q := from + i
		for _, id := range found[:min(k, len(found))] {
			if rule.Near(s.queries[q], eval.Distance(s.metric, s.queries[q], s.row(int(id))), s.kth[q]) {
				n++
			}
		}
	}
	return n
}

// searchKFor is the effort that this library needs for a recall, 0 (the default) where the sweep did not reach it.
func (s *searches) searchKFor(recall float64) int {
	for _, a := range s.At {
		if a.Recall == recall && a.Missing == "" {
			return int(a.OursSearchK)
		}
	}
	return 0
}
