package peers

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// row is a line of a table, the first its head.
type row = []string

// speedTable has a row for each index: queries per second at each recall, and its cost. marked tells that a speed
// is that of the least effort, which finds more.
func (r *Report) speedTable() (rows []row, marked bool) {
	head := row{"index"}
	for _, recall := range r.Recalls {
		head = append(head, trim(recall))
	}
	rows = append(rows, append(head, "build CPU s", "index MB", "resident MB", "empty call µs"))
	for i := range r.Peers {
		p := &r.Peers[i]
		line := row{p.Name}
		for _, a := range p.At {
			cell := "–"
			if a.Missing == "" {
				cell = Short(a.QPS.Median)
			}
			if a.Least {
				cell, marked = cell+"*", true
			}
			line = append(line, cell)
		}
		resident := "?"
		if p.Resident > 0 {
			resident = megabytes(p.Resident)
		}
		rows = append(rows, append(line, fmt.Sprintf("%.1f", p.Build.CPU), megabytes(p.Build.Bytes), resident,
			fmt.Sprintf("%.2f", p.EmptyCall.Median)))
	}
	return rows, marked
}

// versusTable has a row for each peer and at each recall the ratio and the number of queries at which the cost turns.
func (r *Report) versusTable() []row {
	if len(r.Versus) == 0 {
		return nil
	}
	head := row{"peer"}
	for _, recall := range r.Recalls {
		head = append(head, trim(recall))
	}
	rows := []row{head}
	for _, p := range r.Peers {
		if p.Library == oursLibrary {
			continue
		}
		line := row{p.Name}
		for _, recall := range r.Recalls {
			cell := "–"
			for _, v := range r.Versus {
				if v.Peer == p.Name && v.Recall == recall {
					cell = v.cell()
				}
			}
			line = append(line, cell)
		}
		rows = append(rows, line)
	}
	return rows
}

func (v Versus) cell() string {
	when := ""
	switch {
	case v.Always:
		when = "always"
	case v.Until > 0 && v.From > 0:
		when = "to " + Short(v.Until) + ", from " + Short(v.From)
	case v.Until > 0:
		when = "to " + Short(v.Until)
	case v.From > 0:
		when = "from " + Short(v.From)
	default:
		when = "never"
	}
	mark := ""
	if v.Least {
		mark = "*"
	}
	return fmt.Sprintf("%s×%s %s", Significant(v.Ratio), mark, when)
}

const (
	versusTitle = "This library beside each peer: its fastest index's queries per second by the peer's, and for how many queries an index one of its indexes costs " +
		"less CPU, build and searches together."
	leastNote = "* recall is higher than that: less effort cannot be asked for, or was not faster."
)

// WriteText writes the report for a terminal.
func (r *Report) WriteText(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d × %d, %s, k=%d; queries: %s; exact neighbours: %s\n", r.Set.Name, r.Set.Items, r.Set.Dim, r.Set.Metric, r.K,
		r.Set.Queries, r.Set.Truth)
	fmt.Fprintf(&b, "%s, %d cores, %s, %s kernels; %s\n", r.Machine.CPU, r.Machine.Cores, r.Machine.System, r.Machine.Kernel, r.Versions())
	if r.Quick {
		b.WriteString("A quick comparison, for a first look: few vectors, few queries.\n")
	}
	if r.Interrupted {
		fmt.Fprintf(&b, "Interrupted: the figures are of what was finished by then, %d of the rounds.\n", r.Rounds)
	}
	fmt.Fprintf(&b, "\nQueries per second of CPU time on one thread at recall@%d; medians of %d rounds of %d queries, in turns.\n\n", r.K, r.Rounds, r.Slice)
	speeds, marked := r.speedTable()
	if err := align(&b, speeds); err != nil {
		return err
	}
	if marked {
		b.WriteString(leastNote + "\n")
	}
	if rows := r.versusTable(); rows != nil {
		fmt.Fprintf(&b, "\n%s\n\n", versusTitle)
		if err := align(&b, rows); err != nil {
			return err
		}
	}
	for _, m := range r.Missing() {
		fmt.Fprintln(&b, m)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// WriteMarkdown writes the tables alone, for a page that has the rest.
func (r *Report) WriteMarkdown(out io.Writer) error {
	var b strings.Builder
	speeds, marked := r.speedTable()
	Markdown(&b, speeds)
	if marked {
		fmt.Fprintf(&b, "\n\\%s\n", leastNote)
	}
	if rows := r.versusTable(); rows != nil {
		fmt.Fprintf(&b, "\n%s\n\n", versusTitle)
		Markdown(&b, rows)
	}
	for i, m := range r.Missing() {
		if i == 0 {
			b.WriteString("\nNot measured:\n\n")
		}
		fmt.Fprintf(&b, "* %s\n", m)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// Markdown writes a table, whose first row is its head and whose columns but the first are of figures.
func Markdown(b *strings.Builder, rows [][]string) {
	for i, line := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.ReplaceAll(strings.Join(line, " | "), "*", "\\*"))
		if i == 0 {
			fmt.Fprintf(b, "|---|%s\n", strings.Repeat("---:|", len(line)-1))
		}
	}
}

// Versions names what ran: this library, Go, the peers, Python.
func (r *Report) Versions() string {
	var v []string
	for _, p := range r.Peers {
		if p.Library != oursLibrary && (len(v) == 0 || !strings.HasPrefix(v[len(v)-1], p.Library+" ")) {
			v = append(v, p.Library+" "+p.Version)
		}
	}
	if r.Python != "" {
		v = append(v, "Python "+r.Python, "NumPy "+r.NumPy)
	}
	return strings.Join(append([]string{"ours " + r.Version, r.Go}, v...), ", ")
}

// Missing are the lines for what was not measured.
func (r *Report) Missing() []string {
	var lines []string
	for _, p := range r.Peers {
		for _, a := range p.At {
			if a.Missing != "" {
				lines = append(lines, fmt.Sprintf("%s at %s: %s", p.Name, trim(a.Recall), a.Missing))
			}
		}
	}
	for _, a := range r.Absent {
		lines = append(lines, fmt.Sprintf("%s is not here: %s", a.Name, a.Reason))
	}
	return lines
}

func align(out io.Writer, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, line := range rows {
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	return w.Flush()
}

// WriteCSV writes a line for every index and effort measured, with a line of names first.
func (r *Report) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	lines := []row{{"index", "version", "knob", "value", "extra", "extra_value", "recall", "qps", "qps_min", "qps_max", "qps_wall",
		"build_cpu_s", "index_bytes", "resident_bytes", "empty_call_us"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	for _, p := range r.Peers {
		for _, x := range p.Points {
			lines = append(lines, row{p.Name, p.Version, p.Knob, strconv.Itoa(x.Knob), p.Extra, strconv.Itoa(x.Extra), number(x.Recall),
				number(x.QPS.Median), number(x.QPS.Min), number(x.QPS.Max), number(x.QPSWall.Median), number(p.Build.CPU),
				strconv.FormatInt(p.Build.Bytes, 10), strconv.FormatInt(p.Resident, 10), number(p.EmptyCall.Median)})
		}
	}
	for _, l := range lines {
		if err := w.Write(l); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func trim(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func megabytes(n int64) string { return Significant(float64(n) / 1e6) }

// Significant gives three digits of numbers below 1000, and whole numbers above.
func Significant(x float64) string {
	if x == 0 || x >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(x)))))
	return strconv.FormatFloat(x, 'f', min(digits, 4), 64)
}

// Short gives three digits with k, M or G: 953, 12.3k, 4.56M.
func Short(x float64) string {
	unit := ""
	for _, u := range []string{"k", "M", "G"} {
		if x < 999.5 {
			break
		}
		x, unit = x/1000, u
	}
	if x < 999.5 {
		return Significant(x) + unit
	}
	return strconv.FormatFloat(x, 'g', 3, 64) + unit
}
