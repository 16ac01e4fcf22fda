package eval

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"base":    filepath.Base,
	"bytes":   byteSize,
	"items":   func(r *Report) int { return r.Stats.Items - r.Stats.Holes },
	"percent": func(x float64) string { return fmt.Sprintf("%.2f %%", 100*x) },
	"whole":   func(x float64) string { return fmt.Sprintf("%.0f", x) },
	"target": func(x *float64) string {
		if x == nil {
			return "–"
		}
		return fmt.Sprintf("%g", *x)
	},
}).Parse(page))

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
