package peers

import (
	"fmt"
	"html"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
)

// The plot's geometry, in the units of its viewBox.
const (
	plotWidth, plotHeight                  = 760, 460
	plotLeft, plotRight, plotTop, plotFoot = 64, 190, 16, 52
)

// colours tell lines apart by lightness too, for print and for those who do not see every colour; ours is the darkest.
var colours = []string{"#b01030", "#1f5fa8", "#e08a1e", "#3c8c4a", "#8a5cc0", "#555555", "#20a0a8", "#c0629a", "#8a6a20", "#101010"}

// colourOf is the colour of the index of this number.
func colourOf(i int) string { return colours[i%len(colours)] }

// scale maps values to the plot.
type scale struct {
	from, to, start, end float64
}

func (s scale) at(x float64) float64 { return s.start + (x-s.from)/(s.to-s.from)*(s.end-s.start) }

// leastMissed stands for nothing missed, which has no logarithm.
const leastMissed = 1e-4

// loss is the axis of recall: equal steps for equal factors of what is missed, since that is what is hard to gain.
func loss(recall float64) float64 { return -math.Log10(max(1-recall, leastMissed)) }

// recallTicks are marked where they lie within the plot.
var recallTicks = []float64{0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999}

// WriteSVG draws queries per second, on a logarithmic axis, over recall: a line for each index, a dot for each effort,
// which names itself when pointed at. The picture needs nothing else, neither network nor scripts.
func (r *Report) WriteSVG(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="system-ui, sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(fmt.Sprintf("Queries per second over recall@%d: %s, %s", r.K, filepath.Base(r.Set.Name), r.Set.Metric)))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", plotWidth, plotHeight)
	x, y := r.scales()
	r.drawAxes(&b, x, y)
	for i := range r.Peers {
		r.drawPeer(&b, i, x, y)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// scales fit what was measured, down to a little below the lowest recall that speeds are stated at.
func (r *Report) scales() (x, y scale) {
	low, high := slices.Min(r.Recalls), slices.Max(r.Recalls)
	slowest, fastest := math.Inf(1), 0.0
	for _, p := range r.Peers {
		for _, point := range p.Points {
			if point.Recall >= low-0.05 {
				high = max(high, point.Recall)
				slowest, fastest = min(slowest, point.QPS.Median), max(fastest, point.QPS.Median)
			}
		}
	}
	if fastest == 0 {
		slowest, fastest = 1, 10
	}
	x = scale{loss(max(0, low-0.05)), loss(high) + 0.03, plotLeft, plotWidth - plotRight}
	y = scale{math.Log10(slowest) - 0.08, math.Log10(fastest) + 0.08, plotHeight - plotFoot, plotTop}
	return x, y
}

func (r *Report) drawAxes(b *strings.Builder, x, y scale) {
	line := func(x1, y1, x2, y2 float64, colour string) {
		fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
	}
	text := func(x, y float64, anchor, s string) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#333">%s</text>`+"\n", x, y, anchor, s)
	}
	for _, tick := range recallTicks {
		if at := loss(tick); at >= x.from && at <= x.to {
			line(x.at(at), y.start, x.at(at), y.end, "#e4e4e4")
			text(x.at(at), y.start+16, "middle", trim(tick))
		}
	}
	for decade := math.Floor(y.from); decade <= y.to; decade++ {
		for _, m := range []float64{1, 2, 5} {
			qps := m * math.Pow(10, decade)
			if at := math.Log10(qps); at >= y.from && at <= y.to {
				line(x.start, y.at(at), x.end, y.at(at), "#e4e4e4")
				text(x.start-6, y.at(at)+4, "end", round(qps))
			}
		}
	}
	line(x.start, y.start, x.end, y.start, "#333")
	line(x.start, y.start, x.start, y.end, "#333")
	text((x.start+x.end)/2, plotHeight-14, "middle", fmt.Sprintf("recall@%d, what is missed on a logarithmic axis", r.K))
	fmt.Fprintf(b, `<text x="14" y="%.1f" text-anchor="middle" fill="#333" transform="rotate(-90 14 %.1f)">queries per second, one thread</text>`+"\n",
		(y.start+y.end)/2, (y.start+y.end)/2)
}

// round writes a number of one digit and zeros.
func round(x float64) string {
	for _, unit := range []string{"", "k", "M"} {
		if x < 1000 {
			return trim(x) + unit
		}
		x /= 1000
	}
	return trim(x) + "G"
}

func (r *Report) drawPeer(b *strings.Builder, i int, x, y scale) {
	p := &r.Peers[i]
	colour := colourOf(i)
	width := 1.5
	if p.Library == oursLibrary {
		width = 2.5
	}
	dash := ""
	if i >= len(colours) {
		dash = ` stroke-dasharray="5 3"`
	}
	var path, dots strings.Builder
	for i, point := range p.Points {
		if loss(point.Recall) < x.from {
			continue
		}
		cx, cy := x.at(loss(point.Recall)), y.at(math.Log10(point.QPS.Median))
		// The line joins the best: an effort that another beats in recall and speed is a dot beside it.
		if !slices.ContainsFunc(p.Points[i+1:], func(q PointReport) bool { return q.QPS.Median >= point.QPS.Median }) {
			letter := "L"
			if path.Len() == 0 {
				letter = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", letter, cx, cy)
		}
		label := fmt.Sprintf("%s, %s: recall %.4f, %s queries/s", p.Name, p.label(point.Effort), point.Recall, Short(point.QPS.Median))
		fmt.Fprintf(&dots, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s</title></circle>`+"\n", cx, cy, colour, html.EscapeString(label))
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="%g"%s/>`+"\n%s", path.String(), colour, width, dash, dots.String())
	ly := float64(plotTop + 12 + 20*i)
	fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s" stroke-width="%g"%s/>`+"\n",
		plotWidth-plotRight+14, ly-4, plotWidth-plotRight+38, ly-4, colour, width, dash)
	fmt.Fprintf(b, `<text x="%d" y="%.1f" fill="#333">%s</text>`+"\n", plotWidth-plotRight+44, ly, html.EscapeString(p.Name))
}
