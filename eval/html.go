package eval

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"base":    filepath.Base,
	"bytes":   byteSize,
	"items":   func(r *Report) int { return r.Stats.Items - r.Stats.Holes },
	"percent": func(x float64) string { return fmt.Sprintf("%.2f %%", 100*x) },
	"whole":   func(x float64) string { return fmt.Sprintf("%.0f", x) },
	"count": func(n int, one, many string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %s", n, many)
	},
	"figures": figuresOf,
	"waited": func(r *Report) string {
		if share, waited := r.Waited(); waited {
			return fmt.Sprintf("The searches had a processor for %.0f %% of the time: trust recall and CPU time, not queries per second and latencies.", 100*share)
		}
		return ""
	},
	// In-sample is a search_k that was chosen for a recall with the queries that then measure it.
	"inSample": func(r *Report) bool {
		return slices.ContainsFunc(r.Points, func(p Point) bool { return p.RecallTarget != nil })
	},
}).Parse(page))

// figure is a chart of the page: the script draws Y of the points over X.
type figure struct {
	ID, Title, Note string
	X               string // recall, k or threads
	Y               string // speed, latency or recall
	Log             bool   // Y may be on a logarithmic axis
	ByThreads       bool   // there is one for each number of threads
}

const latencyNote = "Microseconds that a query takes; of a hundred, one takes longer than p99."

var figures = []figure{
	{"speed", "Recall and queries per second", "Up and to the right is better. The line joins the settings that no other beats.", "recall", "speed", true, false},
	{"latency", "Recall and latency", latencyNote + " Down and to the right is better.", "recall", "latency", true, true},
	{"k-recall", "Sweep over k: recall", "The share of the k that are among the true k nearest.", "k", "recall", false, false},
	{"k-speed", "Sweep over k: queries per second", "Up is better.", "k", "speed", true, false},
	{"k-latency", "Sweep over k: latency", latencyNote + " Down is better.", "k", "latency", true, true},
	{"threads-speed", "Sweep over threads: queries per second", "Of all threads together: where the line no longer rises, more threads do not help.", "threads", "speed", true, false},
	{"threads-latency", "Sweep over threads: latency", latencyNote + " Down is better.", "threads", "latency", true, false},
}

// figuresOf are the charts that a report has points for.
func figuresOf(r *Report) []figure {
	var list []figure
	for _, f := range figures {
		if slices.ContainsFunc(r.Points, func(p Point) bool {
			return p.Swept == f.X || f.X == "recall" && (p.Swept == "" || p.Swept == SearchK.Name)
		}) {
			list = append(list, f)
		}
	}
	return list
}

// WriteHTML writes the report as one page that loads nothing: style, script and data are in it. Its curves have a
// logarithmic axis, and its table needs no script.
func (r *Report) WriteHTML(w io.Writer) error {
	if err := pageTemplate.Execute(w, r); err != nil {
		return fmt.Errorf("annoy: report: %w", err)
	}
	return nil
}

// byteSize gives n bytes in decimal units: 999 B, 1.0 kB, 24.1 MB.
func byteSize(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	x, unit := float64(n)/1000, 0
	for x >= 999.95 && unit < 3 {
		x, unit = x/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", x, "kMGT"[unit])
}
