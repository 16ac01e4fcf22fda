package main

import (
	"fmt"
	"math"

	"github.com/annoy-go/annoy/eval/peers"
)

// goal is what a ratio should be at least: what an earlier C++ version of the same design reached.
type goal struct {
	set, peer string
	recall    float64
	ratio     float64
}

var goals = []goal{
	{"sift", "hnswlib", 0.9, 6.5}, {"sift", "hnswlib", 0.95, 6.5}, {"sift", "hnswlib", 0.99, 6.5},
	{"gloss", "hnswlib", 0.9, 5.5}, {"gloss", "hnswlib", 0.95, 6}, {"gloss", "hnswlib", 0.99, 7},
	{"gloss-usage", "hnswlib", 0.9, 8}, {"gloss-usage", "hnswlib", 0.95, 8}, {"gloss-usage", "hnswlib", 0.99, 8},
	{"fashion", "hnswlib", 0.9, 4}, {"fashion", "hnswlib", 0.95, 4}, {"fashion", "hnswlib", 0.99, 4},
	{"sift", "scann", 0.9, 4}, {"sift", "scann", 0.95, 4}, {"sift", "scann", 0.99, 3.6},
	{"gloss", "scann", 0.9, 4}, {"gloss", "scann", 0.95, 4.2}, {"gloss", "scann", 0.99, 4.8},
	{"gloss-usage", "scann", 0.9, 3}, {"gloss-usage", "scann", 0.95, 3.2}, {"gloss-usage", "scann", 0.99, 3.4},
	{"sift", "annoy", 0.95, 42}, {"gloss", "annoy", 0.95, 80}, {"fashion", "annoy", 0.95, 15},
	{"sift-manhattan", "annoy", 0.95, 5}, {"gloss-signs", "annoy", 0.95, 5}, {"uniform", "annoy", 0.9, 30},
}

// The other goals: CPU time of a build by hnswlib's, at most; bytes a vector beyond the vectors, at most; and the same for all sets.
var (
	buildGoals = map[string]float64{"sift": 1.0 / 12, "gloss": 1.0 / 6, "fashion": 1.0 / 6}
	bytesGoals = map[string]func(dim int) float64{
		"sift": func(int) float64 { return 50 }, "gloss": codeBytes, "fashion": codeBytes,
	}
)

func codeBytes(dim int) float64 { return 1.12*float64(dim)/8 + 32 }

const (
	tailGoal      = 2.5  // p99 by p50, at most
	threadsGoal   = 1.9  // two threads by one, at least, or what a plain loop gains
	shortfallGoal = 5e-3 // of recall below what was asked for, at most
	shapeGoal     = 0.95 // queries per second of the shape chosen by those of the best, at least
	growthGoal    = 0.45 // exponent at 0.95, at most
	int8Goal      = 0.5  // bytes of a file with int8 rows by those of the vectors as float32, at most
)

func goalOf(set, peer string, recall float64) (ratio float64, ok bool) {
	for _, g := range goals {
		if g.set == set && g.peer == peer && g.recall == recall {
			return g.ratio, true
		}
	}
	return 0, false
}

// ratio is our queries per second by a peer's at one recall, round by round.
type ratio struct {
	peers.Figure
	Least   bool // one of the two cannot do less, and finds more
	Missing bool // one of the two does not reach the recall
}

// ratioAt compares two indexes of a report at the target of a number.
func ratioAt(ours, theirs *peers.PeerReport, target int) ratio {
	a, b := &ours.At[target], &theirs.At[target]
	if a.Missing != "" || b.Missing != "" {
		return ratio{Missing: true}
	}
	var all []float64
	for i := range min(len(a.ByRound), len(b.ByRound)) {
		all = append(all, a.ByRound[i]/b.ByRound[i])
	}
	return ratio{Figure: peers.FigureOf(all), Least: a.Least || b.Least}
}

// beside is a ratio in a table: with its range over rounds, and the goal where there is one.
func (r ratio) beside(goal float64, ok bool) string {
	if r.Missing {
		return "–"
	}
	text := peers.Significant(r.Median) + "×"
	if r.Least {
		text += "*"
	}
	text += fmt.Sprintf(" (%s–%s)", peers.Significant(r.Min), peers.Significant(r.Max))
	if ok {
		text += fmt.Sprintf(", goal %s×", peers.Significant(goal)) + verdict(r.Median >= goal, r.Median/goal)
	}
	return text
}

// verdict marks what is reached, and says otherwise how much of it is.
func verdict(reached bool, share float64) string {
	switch {
	case reached:
		return " ✓"
	case math.IsNaN(share) || math.IsInf(share, 0):
		return " ✗"
	}
	return fmt.Sprintf(" ✗ %.0f %%", 100*share)
}

// atMost is a figure and the goal that it should not exceed.
func atMost(text string, value, goal float64) string {
	return fmt.Sprintf("%s, goal ≤ %s%s", text, peers.Significant(goal), verdict(value <= goal, goal/value))
}

// atLeast is a figure and the goal that it should reach.
func atLeast(text string, value, goal float64) string {
	return fmt.Sprintf("%s, goal ≥ %s%s", text, peers.Significant(goal), verdict(value >= goal, value/goal))
}
