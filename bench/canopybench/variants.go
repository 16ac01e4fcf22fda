package main

import (
	"fmt"

	"github.com/annoy-go/annoy/eval/peers"
)

// Shapes has a row for each set and recall: the shape that the build chose beside the three that it chooses from.
func (p *page) Shapes() string {
	rows := [][]string{{"set", "chosen", "recall", "auto", "one4", "one8", "two8", "auto by the best"}}
	for _, m := range p.Of("shapes") {
		auto := m.index(variant{}.name())
		if auto == nil {
			continue
		}
		for t, recall := range m.Report.Recalls {
			line := []string{m.Title(), m.Indexes[auto.Name].Shape, plain(recall), speed(&auto.At[t])}
			least := ratio{Missing: true}
			for _, shape := range shapes {
				other := m.index(variant{shape: shape}.name())
				if other == nil {
					line = append(line, "–")
					continue
				}
				line = append(line, speed(&other.At[t]))
				if r := ratioAt(auto, other, t); !r.Missing && (least.Missing || r.Median < least.Median) {
					least = r
				}
			}
			cell := "–"
			if !least.Missing {
				cell = atLeast(fmt.Sprintf("%s (%s–%s)", peers.Significant(least.Median), peers.Significant(least.Min), peers.Significant(least.Max)),
					least.Median, shapeGoal)
			}
			rows = append(rows, append(line, cell))
		}
	}
	return table(rows)
}

// RowTable has a row for each set and element type of rows.
func (p *page) RowTable() string {
	all := p.Of("rows")
	if len(all) == 0 {
		return ""
	}
	rows := [][]string{recallHead("index", all[0].Report.Recalls, "element", "file by the vectors as float32", "recall at most")}
	for _, m := range all {
		for i := range m.Report.Peers {
			x := &m.Report.Peers[i]
			info := m.Indexes[x.Name]
			line := []string{m.Title() + ": " + x.Name}
			for t := range x.At {
				line = append(line, speed(&x.At[t]))
			}
			share := float64(info.Bytes) / (4 * float64(info.Items) * float64(info.Dim))
			size := peers.Significant(share)
			if info.Element == "int8" {
				size = atMost(size, share, int8Goal)
			}
			most := 0.0
			for _, point := range x.Points {
				most = max(most, point.Recall)
			}
			rows = append(rows, append(line, info.Element, size, fmt.Sprintf("%.4f", most)))
		}
	}
	return table(rows)
}

// GrowthTable has a row for each set and recall: microseconds a query by size, and the exponent.
func (p *page) GrowthTable() string {
	all := p.Of("growth")
	if len(all) == 0 {
		return ""
	}
	rows := [][]string{{"set", "recall"}}
	for _, s := range all[0].Growth[0].Sizes {
		rows[0] = append(rows[0], fmt.Sprintf("%d vectors, µs", s.Rows))
	}
	rows[0] = append(rows[0], "exponent")
	for _, m := range all {
		for _, g := range m.Growth {
			line := []string{m.Title(), plain(g.Target)}
			for _, s := range g.Sizes {
				line = append(line, peers.Significant(s.Cost.Median))
			}
			cell := peers.Significant(g.Exponent.Median)
			if g.Target == tailTarget {
				cell = atMost(cell, g.Exponent.Median, growthGoal)
			}
			rows = append(rows, append(line, cell))
		}
	}
	return table(rows)
}
