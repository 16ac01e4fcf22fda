package eval

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"runtime"
	"strconv"

	"github.com/annoy-go/annoy"
)

// Point is what was measured at one setting. Latencies are in microseconds.
type Point struct {
	RecallTarget *float64 `json:"recall_target"` // null where the setting was given
	SearchK      int      `json:"search_k"`
	Recall       float64  `json:"recall"`       // by distance
	RecallByID   float64  `json:"recall_by_id"` // share of equal ids
	QPS          float64  `json:"qps"`          // of all threads together
	P50          float64  `json:"p50_us"`
	P90          float64  `json:"p90_us"`
	P99          float64  `json:"p99_us"`
	P999         float64  `json:"p999_us"`
	Max          float64  `json:"max_us"`
	Threads      int      `json:"threads"`

	nearer int // Verdict.Nearer
}

// Unreached is a recall that no setting gives.
type Unreached struct {
	RecallTarget float64 `json:"recall_target"`
	SearchK      int     `json:"search_k"` // the largest that makes a difference
	Recall       float64 `json:"recall"`   // there
}

// Report is an evaluation. As JSON it is {"index":…, "points":[{"recall_target":…, "search_k":…, "recall":…, "qps":…,
// "p50_us":…, "p99_us":…, "threads":…}]} and more.
type Report struct {
	Index     string      `json:"index"` // its path
	Stats     annoy.Stats `json:"stats"`
	K         int         `json:"k"`
	Queries   int         `json:"queries"`
	Truth     string      `json:"truth"` // the file, or "computed"
	Machine   string      `json:"machine"`
	Memory    Memory      `json:"memory"`
	Points    []Point     `json:"points"`
	Unreached []Unreached `json:"unreached"`
	// Nearer is how many answers had an item nearer than the true neighbour of its place, at the setting where that
	// were most: above 0, the truth is not exact.
	Nearer int `json:"nearer_than_truth"`
}

// Memory is what the process held in memory after the last measurement, in bytes; zeros where the system does not tell.
type Memory struct {
	Private int64 `json:"private"` // its own: queries, truth and working memory among it
	Mapped  int64 `json:"mapped"`  // pages of files, the index's above all, which processes share
}

// Plan is what Run measures: points at each recall, at each value of SearchK, or both.
type Plan struct {
	Recalls []float64
	SearchK []int
}

// Run measures a plan. The report lacks Index and Truth, which the caller knows. Errors: those of New's parts and of
// the search.
func (e *Evaluator) Run(ctx context.Context, plan Plan) (*Report, error) {
	stats, err := e.ix.Stats()
	if err != nil {
		return nil, err
	}
	r := &Report{
		Stats: stats, K: e.o.K, Queries: len(e.queries), Points: []Point{}, Unreached: []Unreached{},
		Machine: fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0)),
	}
	add := func(target *float64, searchK int) error {
		points, err := e.Measure(ctx, SearchK, searchK)
		for _, p := range points {
			p.RecallTarget = target
			r.Points = append(r.Points, p)
			r.Nearer = max(r.Nearer, p.nearer)
		}
		return err
	}
	for _, v := range plan.SearchK {
		if err := add(nil, v); err != nil {
			return nil, err
		}
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
		if err := add(&target, found.Value); err != nil {
			return nil, err
		}
	}
	r.Memory = memory()
	return r, nil
}

// WriteCSV writes the points as CSV with a line of names; recall_target is empty where the setting was given.
func (r *Report) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	lines := [][]string{{
		"index", "recall_target", "search_k", "recall", "recall_by_id", "qps", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "threads",
	}}
	for _, p := range r.Points {
		target := ""
		if p.RecallTarget != nil {
			target = number(*p.RecallTarget)
		}
		lines = append(lines, []string{
			r.Index, target, strconv.Itoa(p.SearchK), number(p.Recall), number(p.RecallByID), number(p.QPS),
			number(p.P50), number(p.P90), number(p.P99), number(p.P999), number(p.Max), strconv.Itoa(p.Threads),
		})
	}
	return c.WriteAll(lines)
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
