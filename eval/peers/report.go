package peers

import (
	"runtime"
	"slices"
	"time"

	"github.com/annoy-go/annoy/eval"
)

// Report is everything that a comparison measured; as JSON it is what `annoy compare --json` prints.
type Report struct {
	Time    time.Time    `json:"time"`
	Machine eval.Machine `json:"machine"`
	Version string       `json:"version"` // of this library
	Go      string       `json:"go"`
	Python  string       `json:"python,omitempty"`
	NumPy   string       `json:"numpy,omitempty"`

	Set     SetInfo   `json:"set"`
	K       int       `json:"k"`
	Recalls []float64 `json:"recalls"`
	Rounds  int       `json:"rounds"`
	Slice   int       `json:"queries_a_round"`
	Threads int       `json:"threads"` // of searches
	Quick   bool      `json:"quick"`
	// Interrupted: the comparison was ended before its end. Rounds are the whole ones, of which the figures are.
	Interrupted bool         `json:"interrupted,omitempty"`
	Peers       []PeerReport `json:"peers"`
	Absent      []Absent     `json:"absent,omitempty"`
	Versus      []Versus     `json:"versus,omitempty"`
}

// SetInfo says what was searched.
type SetInfo struct {
	Name    string `json:"name"` // of the base's file
	Metric  string `json:"metric"`
	Items   int    `json:"items"`
	Dim     int    `json:"dim"`
	Queries string `json:"queries"` // their file, or that they were held out
	Truth   string `json:"truth"`   // the file of the exact neighbours, or "computed"
}

// PeerReport is all figures of one index.
type PeerReport struct {
	Description
	Build     BuildCost     `json:"build"`
	Resident  int64         `json:"resident_bytes"` // 0: not known
	EmptyCall Figure        `json:"empty_call_us"`  // CPU microseconds a query, over rounds
	At        []AtRecall    `json:"at_recall"`
	Points    []PointReport `json:"points"` // by rising recall
}

// PointReport is one effort of one index.
type PointReport struct {
	Effort
	Recall  float64 `json:"recall"`
	QPS     Figure  `json:"qps"`
	QPSWall Figure  `json:"qps_wall"`
}

// Absent is a peer that was not measured.
type Absent struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func newReport(o *Options, s *Set) *Report {
	queries := o.Queries
	switch {
	case s.heldOut:
		queries = "held out of the base"
	case queries == "":
		queries = o.Base + "#test"
	}
	return &Report{
		Time:    time.Now().UTC().Truncate(time.Second),
		Machine: eval.ThisMachine(),
		Version: o.Version, Go: runtime.Version(),
		Set: SetInfo{Name: o.Base, Metric: s.metric.String(), Items: s.rows, Dim: s.dim, Queries: queries, Truth: s.truthName},
		K:   o.K, Recalls: o.Recalls, Rounds: o.rounds(), Slice: min(o.slice(), len(s.queries)/o.rounds()), Threads: 1,
		Quick: o.Quick,
	}
}

func (r *Report) absent(name, reason string) { r.Absent = append(r.Absent, Absent{name, reason}) }

// add takes a contender's figures.
func (r *Report) add(c *contender, o *Options) {
	p := PeerReport{Description: c.d, Build: c.cost, Resident: c.memory}
	var empty []float64
	for _, cpu := range c.empty {
		empty = append(empty, cpu*1e6)
	}
	p.EmptyCall = FigureOf(empty)
	for _, target := range o.Recalls {
		p.At = append(p.At, at(target, &c.d, c.points))
	}
	for _, x := range worthwhile(c.points, 0) {
		p.Points = append(p.Points, PointReport{
			Effort: x.effort, Recall: x.recall(), QPS: FigureOf(rates(x.cpu, x.cpu, 1)), QPSWall: FigureOf(rates(x.wall, x.wall, 1)),
		})
	}
	r.Peers = append(r.Peers, p)
}

// interrupt makes the report of what was finished when the comparison was ended: the whole rounds, and the builds.
func (r *Report) interrupt(all []*contender, o *Options, rounds int) {
	r.Interrupted, r.Rounds = true, rounds
	for _, c := range all {
		if c.cost == (BuildCost{}) {
			r.absent(c.d.Name, "interrupted before it was built")
			continue
		}
		c.points = slices.DeleteFunc(c.points, func(p *point) bool { return rounds == 0 || len(p.cpu) < rounds })
		for _, p := range c.points {
			p.cpu, p.wall = p.cpu[:rounds], p.wall[:rounds]
		}
		r.add(c, o)
	}
}

// Versus sets this library beside one peer at one recall.
type Versus struct {
	Peer   string  `json:"peer"`
	Recall float64 `json:"recall"`
	// Ratio is the queries per second of our fastest index by the peer's: above 1 ours is faster.
	Ratio float64 `json:"ratio"`
	// Least: the speed of one of the two is that of its least effort, which finds more than Recall.
	Least bool `json:"least,omitempty"`
	// Ours is the index of ours that is the fastest.
	Ours string `json:"ours"`
	// Always, Until and From say for how many queries an index one of ours costs less CPU than the peer, build and searches
	// together: for any number; for up to Until; for From and more. Until and From are 0 where there is no such range; they
	// may be of different indexes of ours, one that is built fast and one that searches fast.
	Always bool    `json:"always,omitempty"`
	Until  float64 `json:"until,omitempty"`
	From   float64 `json:"from,omitempty"`
}

// oursLibrary is the Library of this library's own indexes.
const oursLibrary = "ours"

// compareAll fills Versus: every peer against ours, at each recall that both reach.
func (r *Report) compareAll() {
	for i := range r.Peers {
		peer := &r.Peers[i]
		if peer.Library == oursLibrary {
			continue
		}
		for t := range r.Recalls {
			if v, ok := r.versus(peer, t); ok {
				r.Versus = append(r.Versus, v)
			}
		}
	}
}

// versus takes the fastest of our indexes for the ratio, and for the cost whichever is the cheapest at a number of queries.
func (r *Report) versus(peer *PeerReport, target int) (v Versus, ok bool) {
	theirs := peer.At[target]
	if theirs.Missing != "" {
		return v, false
	}
	v = Versus{Peer: peer.Name, Recall: theirs.Recall, Least: theirs.Least}
	for i := range r.Peers {
		own := &r.Peers[i]
		if own.Library != oursLibrary || own.At[target].Missing != "" {
			continue
		}
		ok = true
		if ratio := own.At[target].QPS.Median / theirs.QPS.Median; ratio > v.Ratio {
			v.Ratio, v.Ours, v.Least = ratio, own.Name, theirs.Least || own.At[target].Least
		}
		saved := peer.Build.CPU - own.Build.CPU
		slower := 1/own.At[target].QPS.Median - 1/theirs.QPS.Median
		switch {
		case saved >= 0 && slower <= 0:
			v.Always = true
		case saved > 0 && slower > 0:
			v.Until = max(v.Until, saved/slower)
		case saved < 0 && slower < 0 && (v.From == 0 || saved/slower < v.From):
			v.From = saved / slower
		}
	}
	if v.Always || v.From > 0 && v.From <= v.Until {
		v.Always, v.Until, v.From = true, 0, 0
	}
	return v, ok
}
