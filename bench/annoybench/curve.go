package main

import (
	"fmt"
	"math"
)

// curve is one library's recall and cost over the grid of search_k. Recall is that of all rounds' queries together,
// cost is kept by round.
type curve struct {
	grid  []int
	hits  []int // by point
	asked []int // by point: hits that recall 1 would be
	cpu   [][]float64
	wall  [][]float64 // by round and point: seconds a query, Python's share subtracted
}

func newCurve(grid []int) *curve {
	return &curve{grid: grid, hits: make([]int, len(grid)), asked: make([]int, len(grid))}
}

func (c *curve) startRound() {
	c.cpu = append(c.cpu, make([]float64, len(c.grid)))
	c.wall = append(c.wall, make([]float64, len(c.grid)))
}

// add runs a slice at grid point i and records it in the current round.
func (c *curve) add(set *dataset, s searcher, i, from, count, searchK, k int, over overhead) error {
	t, err := s.run(from, count, searchK)
	if err != nil {
		return err
	}
	cpu, wall := t.CPU/float64(count)-over.CPU, t.Wall/float64(count)-over.Wall
	if cpu <= 0 || wall <= 0 {
		return fmt.Errorf("search_k %d: %d queries took less time than their overhead: too few to measure", searchK, count)
	}
	round := len(c.cpu) - 1
	c.cpu[round][i], c.wall[round][i] = cpu, wall
	c.hits[i] += set.hits(t.IDs, from, k)
	c.asked[i] += count * k
	return nil
}

func (c *curve) recall(i int) float64 { return float64(c.hits[i]) / float64(c.asked[i]) }

// qps is the queries per second of CPU time at a grid point, by round.
func (c *curve) qps(i int) []float64 {
	var qps []float64
	for _, cost := range c.cpu {
		qps = append(qps, 1/cost[i])
	}
	return qps
}

// place is where a curve first reaches a recall: share w of the way from grid point i−1 to i.
type place struct {
	i int
	w float64
}

// find gives the place of a recall, or why there is none.
func (c *curve) find(target float64) (place, string) {
	for i := range c.grid {
		r := c.recall(i)
		if r < target {
			continue
		}
		if i == 0 {
			return place{}, fmt.Sprintf("recall is %.4f at search_k %d already", r, c.grid[0])
		}
		below := c.recall(i - 1)
		return place{i, (target - below) / (r - below)}, ""
	}
	last := len(c.grid) - 1
	return place{}, fmt.Sprintf("recall is %.4f at search_k %d, the largest tried", c.recall(last), c.grid[last])
}

// qpsAt interpolates log(qps) at a place, by round.
func qpsAt(cost [][]float64, p place) []float64 {
	var qps []float64
	for _, round := range cost {
		qps = append(qps, 1/between(round[p.i-1], round[p.i], p.w))
	}
	return qps
}

// between interpolates geometrically.
func between(a, b, w float64) float64 { return math.Exp((1-w)*math.Log(a) + w*math.Log(b)) }

func (c *curve) searchKAt(p place) float64 {
	return between(float64(c.grid[p.i-1]), float64(c.grid[p.i]), p.w)
}

// atRecall compares both libraries at one recall, each with the search_k that it needs for it.
type atRecall struct {
	Recall       float64 `json:"recall"`
	OursQPS      figure  `json:"ours_qps"` // queries per second of CPU time
	AnnoyQPS     figure  `json:"annoy_qps"`
	Ratio        figure  `json:"ratio"` // ours / Annoy's, round by round
	OursQPSWall  figure  `json:"ours_qps_wall"`
	AnnoyQPSWall figure  `json:"annoy_qps_wall"`
	RatioWall    figure  `json:"ratio_wall"`
	OursSearchK  float64 `json:"ours_search_k"`
	AnnoySearchK float64 `json:"annoy_search_k"`
	Missing      string  `json:"missing,omitempty"` // why there are no figures
}

func compareAt(target float64, ours, annoys *curve) atRecall {
	a := atRecall{Recall: target}
	p, missing := ours.find(target)
	if missing != "" {
		a.Missing = "ours: " + missing
		return a
	}
	q, missing := annoys.find(target)
	if missing != "" {
		a.Missing = "annoy: " + missing
		return a
	}
	mine, its := qpsAt(ours.cpu, p), qpsAt(annoys.cpu, q)
	a.OursQPS, a.AnnoyQPS, a.Ratio = figureOf(mine), figureOf(its), ratios(mine, its)
	mine, its = qpsAt(ours.wall, p), qpsAt(annoys.wall, q)
	a.OursQPSWall, a.AnnoyQPSWall, a.RatioWall = figureOf(mine), figureOf(its), ratios(mine, its)
	a.OursSearchK, a.AnnoySearchK = ours.searchKAt(p), annoys.searchKAt(q)
	return a
}
