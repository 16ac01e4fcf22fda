package command

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/annoy-go/annoy"
)

// printCanopy describes a canopy.
func printCanopy(out io.Writer, path string, s annoy.Stats) error {
	c := s.Canopy
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	row("path", "%s", path)
	row("kind", "%v", s.Kind)
	row("metric", "%v", s.Metric)
	row("dimension", "%d", s.Dim)
	row("items", "%d", s.Items)
	row("shape", "%v (%s)", c.Shape, c.ShapeWhy)
	if cost := c.ShapeCost; cost != nil {
		row("bytes a query", "one4 %s, one8 %s, two8 %s, in trials at recall 0.95", costOf(cost.One4), costOf(cost.One8), costOf(cost.Two8))
	}
	row("rows", "%v (%s)", c.Rows, c.RowsWhy)
	if c.Axes > 0 {
		row("axes", "%d, along which most of the variance is: tree and codes are of the coordinates along them", c.Axes)
	}
	row("leaves", "%d under %d tops, meant for %s, with %.0f codes on average", c.Leaves, c.Tops, count(c.LeafGoal, "item"), c.MeanLeaf)
	row("codes", "%d of %d bytes", c.Codes, c.CodeBytes)
	row("keys", "%s", map[bool]string{true: "yes", false: "no"}[c.Keys])
	if c.MetadataBytes > 0 {
		row("metadata", "%d bytes", c.MetadataBytes)
	}
	row("size", "%d bytes (%s), %.1f beyond the rows for each item", s.Bytes, byteSize(s.Bytes), beyondRows(s))
	row("seed", "%d", s.Seed)
	fmt.Fprintln(w, "\nsection\toffset\tbytes\t")
	for _, part := range c.Sections {
		fmt.Fprintf(w, "%s\t%d\t%d\n", part.Name, part.Offset, part.Bytes)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := printLeaves(out, c.LeafSizes); err != nil {
		return err
	}
	return printCalibration(out, c.Calibration)
}

func costOf(bytes float64) string {
	if bytes == 0 {
		return "not reached"
	}
	return byteSize(int64(bytes))
}

// beyondRows is what the file has beside the vectors, in bytes an item.
func beyondRows(s annoy.Stats) float64 {
	rest := s.Bytes
	for _, part := range s.Canopy.Sections {
		if part.Name == "rows" {
			rest -= part.Bytes
		}
	}
	return float64(rest) / float64(max(1, s.Items))
}

// longestBar is how many characters the most frequent size of a leaf gets.
const longestBar = 40

func printLeaves(out io.Writer, sizes []annoy.Bucket) error {
	most := 1
	for _, b := range sizes {
		most = max(most, b.Leaves)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\ncodes in a leaf\tleaves\t\n")
	for _, b := range sizes {
		fmt.Fprintf(w, "%d–%d\t%d\t  %s\n", b.Least, b.Most, b.Leaves, strings.Repeat("█", (b.Leaves*longestBar+most-1)/most))
	}
	return w.Flush()
}

func printCalibration(out io.Writer, c *annoy.Calibration) error {
	if c == nil {
		_, err := fmt.Fprintln(out, "\nnot calibrated: --recall cannot be asked for")
		return err
	}
	by := "of its items"
	if c.Given {
		by = "queries that were given"
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "\ncalibrated by %d %s\n", c.Queries, by)
	fmt.Fprint(w, "k\trecall asked\tof the sample\tleaves\tsearch_k\tz\tbytes\t\n")
	for _, e := range c.Table {
		if e.Reached {
			fmt.Fprintf(w, "%d\t%v\t%.4f\t%d\t%d\t%.1f\t%.0f\t\n", e.K, e.Target, e.Recall, e.Leaves, e.SearchK, e.Z, e.Bytes)
		} else {
			fmt.Fprintf(w, "%d\t%v\texact\t–\t–\t–\t–\t\n", e.K, e.Target)
		}
	}
	return w.Flush()
}
