package eval

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/annoy-go/annoy"
)

// Point is what was measured at one setting. Latencies are in microseconds.
type Point struct {
	RecallTarget *float64 `json:"recall_target"`          // null where the setting was given
	Swept        string   `json:"swept"`                  // the parameter that was varied, "" where search_k was found for a recall
	SearchK      int      `json:"search_k"`               // 0 where the index chose the effort itself
	RecallAsked  float64  `json:"recall_asked,omitempty"` // of a calibrated index; 0: none was asked
	K            int      `json:"k"`
	Recall       float64  `json:"recall"`          // by distance
	Interval     float64  `json:"recall_interval"` // 95 % of such lists of queries have a recall within this of Recall
	RecallByID   float64  `json:"recall_by_id"`    // share of equal ids
	QPS          float64  `json:"qps"`             // of all threads together
	P50          float64  `json:"p50_us"`
	P90          float64  `json:"p90_us"`
	P99          float64  `json:"p99_us"`
	P999         float64  `json:"p999_us"`
	Max          float64  `json:"max_us"`
	Threads      int      `json:"threads"`
	CPU          float64  `json:"cpu_us"`    // of a query, on all its threads; 0 where the system does not tell
	CPUShare     float64  `json:"cpu_share"` // of the threads' time on the clock; 0 likewise

	nearer int // Verdict.Nearer
}

// Asked is why the point is there, as "recall 0.9" or "sweep of k".
func (p Point) Asked() string {
	if p.RecallTarget != nil {
		return "recall " + number(*p.RecallTarget)
	}
	if p.RecallAsked != 0 {
		return number(p.RecallAsked) + " of the index"
	}
	return "sweep of " + p.Swept
}

// IndexStats are an index's as JSON shows them: the dialect is of dot alone.
type IndexStats struct {
	annoy.Stats
	DotDialect *annoy.DotDialect `json:"dot_dialect,omitempty"` // hides that of Stats, which every metric has
}

// StatsOf are the stats of an index.
func StatsOf(s annoy.Stats) IndexStats {
	shown := IndexStats{Stats: s}
	if s.Metric == annoy.Dot {
		shown.DotDialect = &s.DotDialect
	}
	return shown
}

// Unreached is a recall that no setting gives.
type Unreached struct {
	RecallTarget float64 `json:"recall_target"`
	SearchK      int     `json:"search_k"` // the largest that makes a difference
	Recall       float64 `json:"recall"`   // there
}

// Targets are the recalls that a calibrated index was asked for.
func (r *Report) Targets() []float64 {
	targets := []float64{}
	for _, p := range r.Points {
		if p.RecallAsked != 0 && !slices.Contains(targets, p.RecallAsked) {
			targets = append(targets, p.RecallAsked)
		}
	}
	return targets
}

// Report is an evaluation. As JSON it is {"index":…, "points":[{"recall_target":…, "search_k":…, "recall":…, "qps":…,
// "p50_us":…, "p99_us":…, "threads":…}]} and more.
type Report struct {
	Index     string      `json:"index"` // its path
	Stats     IndexStats  `json:"stats"`
	K         int         `json:"k"` // of points that do not sweep it
	Queries   int         `json:"queries"`
	Truth     string      `json:"truth"` // the file, or "computed"
	Unit      float64     `json:"unit"`  // of the data, in the rule of recall
	Time      time.Time   `json:"time"`
	Version   string      `json:"version"` // of the program that measured, a commit where it is known
	Machine   string      `json:"machine"`
	Memory    Memory      `json:"memory"`
	Points    []Point     `json:"points"`
	Unreached []Unreached `json:"unreached"`
	// Nearer is how many answers had an item nearer than the true neighbour of its place, at the setting where that
	// were most: above 0, the truth is not exact.
	Nearer int `json:"nearer_than_truth"`
}

// Neighbours says how many were asked for, as "10 neighbours" or "1 to 100 neighbours".
func (r *Report) Neighbours() string {
	least, most := r.K, r.K
	if len(r.Points) > 0 {
		byK := func(a, b Point) int { return cmp.Compare(a.K, b.K) }
		least, most = slices.MinFunc(r.Points, byK).K, slices.MaxFunc(r.Points, byK).K
	}
	switch {
	case least != most:
		return fmt.Sprintf("%d to %d neighbours", least, most)
	case most == 1:
		return "1 neighbour"
	}
	return fmt.Sprintf("%d neighbours", most)
}

// Memory is what the process held in memory after the last measurement, in bytes; zeros where the system does not tell.
type Memory struct {
	Private int64 `json:"private"` // its own: queries, truth and working memory among it
	Mapped  int64 `json:"mapped"`  // pages of files, the index's above all, which processes share
}

// Sweep is values of one parameter, while the others stay.
type Sweep struct {
	Parameter Parameter
	Values    []int
}

// Plan is what Run measures: the points of each sweep, then those of a calibrated index that is asked for recalls, then
// those at the least search_k for each recall.
type Plan struct {
	Sweeps  []Sweep
	Asked   []float64
	Recalls []float64
}

// AskedRecall is what Point.Swept says of the points of Plan.Asked.
const AskedRecall = "recall"

// busyBelow is the share of CPU time in time on the clock below which searches had to wait for more than a little.
const busyBelow = 0.85

// Waited is the least share of their time on the clock that searches had a processor, and whether that is so little that the
// machine was busy with other work, or read the index from a disk. Queries per second and latencies are then too bad.
func (r *Report) Waited() (share float64, waited bool) {
	share = 1
	for _, p := range r.Points {
		if p.CPUShare > 0 {
			share = min(share, p.CPUShare)
		}
	}
	return share, share < busyBelow
}

// Run measures a plan. The report lacks Index, Truth and Version, which the caller knows. Errors: those of New's parts and of
// the search.
func (e *Evaluator) Run(ctx context.Context, plan Plan) (*Report, error) {
	stats, err := e.ix.Stats()
	if err != nil {
		return nil, err
	}
	r := &Report{
		Stats: StatsOf(stats), K: e.o.K, Queries: len(e.queries), Points: []Point{}, Unreached: []Unreached{},
		Machine: ThisMachine().String(), Time: time.Now().UTC().Truncate(time.Second),
	}
	if err := e.judgeAll(ctx, plan); err != nil {
		return nil, err
	}
	for _, j := range e.judges { // all by one rule
		r.Unit = j.rule.Unit()
	}
	add := func(points []Point, swept string, target *float64) {
		for _, p := range points {
			p.Swept, p.RecallTarget = swept, target
			r.Points = append(r.Points, p)
			r.Nearer = max(r.Nearer, p.nearer)
		}
	}
	for _, s := range plan.Sweeps {
		for _, v := range s.Values {
			points, err := e.Measure(ctx, s.Parameter, v)
			if err != nil {
				return nil, err
			}
			add(points, s.Parameter.Name, nil)
		}
	}
	for _, asked := range plan.Asked {
		points, err := e.MeasureRecall(ctx, asked)
		if err != nil {
			return nil, err
		}
		add(points, AskedRecall, nil)
	}
	for _, target := range plan.Recalls {
		found, err := e.ForRecall(ctx, SearchK, target)
		if err != nil {
			return nil, err
		}
		if !found.Reached {
			r.Unreached = append(r.Unreached, Unreached{target, found.Value, found.Recall})
			continue
		}
		points, err := e.Measure(ctx, SearchK, found.Value)
		if err != nil {
			return nil, err
		}
		add(points, "", &target)
	}
	r.Memory = memory()
	return r, nil
}

// judgeAll finds out before anything is measured that the truth has too few neighbours for a value of K.
func (e *Evaluator) judgeAll(ctx context.Context, plan Plan) error {
	for _, s := range plan.Sweeps {
		for _, v := range s.Values {
			if _, err := e.judge(ctx, e.setting(s.Parameter, v).K); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteCSV writes the points as CSV with a line of names; recall_target is empty where the setting was given, and swept,
// the name of the parameter that was varied, where it was not; recall_asked is empty but where a calibrated index was asked. A recall that is not reached has a line without figures.
func (r *Report) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	lines := [][]string{{
		"index", "recall_target", "swept", "search_k", "k", "recall", "recall_by_id", "qps", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "threads", "recall_asked", "recall_interval", "cpu_us",
	}}
	for _, p := range r.Points {
		target := ""
		if p.RecallTarget != nil {
			target = number(*p.RecallTarget)
		}
		asked := ""
		if p.RecallAsked != 0 {
			asked = number(p.RecallAsked)
		}
		lines = append(lines, []string{
			r.Index, target, p.Swept, strconv.Itoa(p.SearchK), strconv.Itoa(p.K), number(p.Recall), number(p.RecallByID), number(p.QPS),
			number(p.P50), number(p.P90), number(p.P99), number(p.P999), number(p.Max), strconv.Itoa(p.Threads), asked, number(p.Interval), number(p.CPU),
		})
	}
	for _, u := range r.Unreached {
		line := make([]string, len(lines[0]))
		line[0], line[1] = r.Index, number(u.RecallTarget)
		lines = append(lines, line)
	}
	return c.WriteAll(lines)
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
