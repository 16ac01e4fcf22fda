package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
)

func plain(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func megabytes(n int64) string { return peers.Significant(float64(n) / 1e6) }

// recallHead is the head of a table over recalls.
func recallHead(first string, recalls []float64, more ...string) []string {
	head := []string{first}
	for _, r := range recalls {
		head = append(head, plain(r))
	}
	return append(head, more...)
}

// speed is a cell of queries per second.
func speed(a *peers.AtRecall) string {
	switch {
	case a.Missing != "":
		return "–"
	case a.Least:
		return peers.Short(a.QPS.Median) + "*"
	}
	return peers.Short(a.QPS.Median)
}

// Speeds has a row for each index: queries per second at each recall, and what it costs to build and to hold.
func (m measured) Speeds() string {
	rows := [][]string{recallHead("index", m.Report.Recalls, "build CPU s", "index MB", "bytes a vector beyond the vectors", "empty call µs")}
	for i := range m.Report.Peers {
		p := &m.Report.Peers[i]
		line := []string{p.Name}
		for t := range p.At {
			line = append(line, speed(&p.At[t]))
		}
		rows = append(rows, append(line, fmt.Sprintf("%.1f", p.Build.CPU), megabytes(p.Build.Bytes), peers.Significant(m.beyond(p)),
			fmt.Sprintf("%.2f", p.EmptyCall.Median)))
	}
	return table(rows)
}

// beyond is an index's bytes a vector without the vectors: of ours at the width of its rows, of the peers as float32, for
// Hamming as bits.
func (m measured) beyond(p *peers.PeerReport) float64 {
	if info, ok := m.Indexes[p.Name]; ok {
		return info.beyond()
	}
	each := 4 * m.Report.Set.Dim
	if m.Report.Set.Metric == annoy.Hamming.String() {
		each = (m.Report.Set.Dim + 63) / 64 * 8
	}
	return float64(p.Build.Bytes)/float64(m.Report.Set.Items) - float64(each)
}

// Marked tells that some figure has an asterisk.
func (m measured) Marked() bool {
	for _, p := range m.Report.Peers {
		for _, a := range p.At {
			if a.Least {
				return true
			}
		}
	}
	return false
}

// ours is the canopy with all defaults.
func (m measured) ours() *peers.PeerReport { return m.index(variant{}.name()) }

func (m measured) index(name string) *peers.PeerReport {
	for i := range m.Report.Peers {
		if m.Report.Peers[i].Name == name {
			return &m.Report.Peers[i]
		}
	}
	return nil
}

// Ratios has a row for each peer: ours by its queries per second.
func (m measured) Ratios() string {
	rows := [][]string{recallHead("canopy by", m.Report.Recalls)}
	for i := range m.Report.Peers {
		p := &m.Report.Peers[i]
		if m.ours() == nil || p.Library == m.ours().Library {
			continue
		}
		line := []string{p.Name}
		for t, recall := range m.Report.Recalls {
			goal, ok := goalOf(m.Set, p.Library, recall)
			line = append(line, ratioAt(m.ours(), p, t).beside(goal, ok))
		}
		rows = append(rows, line)
	}
	if len(rows) == 1 {
		return ""
	}
	return table(rows)
}

// Missing says what was not measured, and why.
func (m measured) Missing() []string { return m.Report.Missing() }

// Kept says which indexes were built before.
func (m measured) Kept() string {
	var kept []string
	for _, p := range m.Report.Peers {
		if !p.Build.Built.IsZero() {
			kept = append(kept, fmt.Sprintf("%s of %s", p.Name, p.Build.Built.Format("2006-01-02 15:04")))
		}
	}
	return strings.Join(kept, ", ")
}

// Sizes has a row for each set: what building the index took beside hnswlib's, and its bytes.
func (p *page) Sizes() string {
	rows := [][]string{{"set", "shape", "rows", "build CPU s", "hnswlib's", "ours by hnswlib's", "index MB", "bytes a vector beyond the vectors"}}
	for _, m := range p.Of("queries") {
		ours, graph := m.ours(), m.index("hnswlib")
		if ours == nil {
			continue
		}
		info := m.Indexes[ours.Name]
		theirs, share := "–", "–"
		if graph != nil && graph.Build.CPU > 0 {
			x := ours.Build.CPU / graph.Build.CPU
			theirs, share = fmt.Sprintf("%.1f", graph.Build.CPU), "1/"+peers.Significant(1/x)
			if goal, ok := buildGoals[m.Set]; ok {
				share += fmt.Sprintf(", goal ≤ 1/%.0f%s", 1/goal, verdict(x <= goal, goal/x))
			}
		}
		size := peers.Significant(info.beyond())
		if goal, ok := bytesGoals[m.Set]; ok {
			size = atMost(size, info.beyond(), goal(info.Dim))
		}
		rows = append(rows, []string{m.Title(), info.Shape, info.Element, fmt.Sprintf("%.1f", ours.Build.CPU), theirs, share,
			megabytes(info.Bytes), size})
	}
	return table(rows)
}

// BuildTable has a row for each set: what the trial of shapes and the calibration add.
func (p *page) BuildTable() string {
	rows := [][]string{{"set"}}
	for i, m := range p.Of("builds") {
		line := []string{m.Title()}
		for _, b := range m.Builds {
			if i == 0 {
				rows[0] = append(rows[0], b.Name+", CPU s")
			}
			line = append(line, fmt.Sprintf("%.1f", b.Cost.CPU))
		}
		rows = append(rows, line)
	}
	return table(rows)
}

// AskedTable has a row for each set and a column for each recall that was asked for: the recall found, for k 10.
func (p *page) AskedTable() string {
	rows := [][]string{recallHead("recall found, k 10", askedRecalls)}
	for _, m := range p.Of("calibrated") {
		line := []string{m.Title()}
		for _, a := range m.Asked {
			if a.K == 10 {
				cell := fmt.Sprintf("%.4f", a.Recall)
				if a.Recall < a.Target-shortfallGoal {
					cell += " ✗"
				}
				line = append(line, cell)
			}
		}
		rows = append(rows, line)
	}
	return table(rows)
}

// AskedSpeeds is the same table of queries per second.
func (p *page) AskedSpeeds() string {
	rows := [][]string{recallHead("queries per second, k 10", askedRecalls)}
	for _, m := range p.Of("calibrated") {
		line := []string{m.Title()}
		for _, a := range m.Asked {
			if a.K == 10 {
				line = append(line, peers.Short(a.QPS))
			}
		}
		rows = append(rows, line)
	}
	return table(rows)
}

// Shortfalls has a row for each set: by how much recall fell short at worst, for each k.
func (p *page) Shortfalls() string {
	rows := [][]string{{"largest shortfall"}}
	for _, k := range askedK {
		rows[0] = append(rows[0], fmt.Sprintf("k %d", k))
	}
	for _, m := range p.Of("calibrated") {
		line := []string{m.Title()}
		for _, k := range askedK {
			worst, at := shortfall(m.Asked, k)
			cell := "none"
			if worst > 0 {
				cell = fmt.Sprintf("%.4f at %s", worst, plain(at)) + verdict(worst <= shortfallGoal, shortfallGoal/worst)
			}
			line = append(line, cell)
		}
		rows = append(rows, line)
	}
	return table(rows)
}

// shortfall is the largest of the shares by which recall was below its target, 0 where it never was.
func shortfall(asked []asking, k int) (worst, target float64) {
	for _, a := range asked {
		if a.K == k && a.Target-a.Recall > worst {
			worst, target = a.Target-a.Recall, a.Target
		}
	}
	return worst, target
}

// Tails has a row for each set.
func (p *page) Tails() string {
	rows := [][]string{{"set", "recall", "p50 µs", "p99 µs", "p99 by p50", "of each query's least time", "clock µs"}}
	for _, m := range p.Of("tail") {
		t := m.Tail
		rows = append(rows, []string{m.Title(), fmt.Sprintf("%.4f", t.Recall), peers.Significant(t.P50.Median), peers.Significant(t.P99.Median),
			atMost(peers.Significant(t.Ratio.Median), t.Ratio.Median, tailGoal), peers.Significant(t.OwnRatio), peers.Significant(t.Clock)})
	}
	return table(rows)
}

// ThreadTable has a row for each set.
func (p *page) ThreadTable() string {
	rows := [][]string{{"set", "one thread", "two threads", "gain", "plain loop, one GB/s", "two GB/s", "gain of the plain loop"}}
	for _, m := range p.Of("threads") {
		t := m.Threads
		rows = append(rows, []string{m.Title(), peers.Short(t.One.Median), peers.Short(t.Two.Median),
			atLeast(peers.Significant(t.Gain.Median)+"×", t.Gain.Median, min(threadsGoal, t.StreamGain.Median)),
			peers.Significant(t.StreamOne.Median), peers.Significant(t.StreamTwo.Median), peers.Significant(t.StreamGain.Median) + "×"})
	}
	return table(rows)
}
