package command

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

func printReport(out io.Writer, r *eval.Report) error {
	s := r.Stats
	truth := r.Truth
	if truth == computedTruth {
		truth = "computed from the index's vectors"
	} else {
		truth = filepath.Base(truth)
	}
	fmt.Fprintf(out, "%s: %s of dimension %d, %v, %s, %s\n%s for %s; truth %s\n%s; annoy %s, %s\n\n", r.Index,
		count(s.Items-s.Holes, "item"), s.Dim, s.Metric, partsOf(s.Stats), byteSize(s.Bytes),
		quantity(r.Queries, "query", "queries"), r.Neighbours(), truth, r.Machine, r.Version, r.Time.Format("2006-01-02"))
	front := eval.Front(r.Points)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "asked for\tsearch_k\tk\trecall@k\t±\t\tby id\tthreads\tqueries/s\tCPU µs\tp50 µs\tp90 µs\tp99 µs\tp99.9 µs\t\n")
	for _, p := range r.Points {
		best := ""
		if slices.Contains(front, p) {
			best = "*"
		}
		searchK := "–" // the index's own choice
		if p.SearchK > 0 {
			searchK = strconv.Itoa(p.SearchK)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%.4f\t%.4f\t%s\t%.4f\t%d\t%.0f%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t\n",
			p.Asked(), searchK, p.K, p.Recall, p.Interval, p.Promise(), p.RecallByID, p.Threads, p.QPS, best, p.CPU, p.P50, p.P90, p.P99, p.P999)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, u := range r.Unreached {
		fmt.Fprintln(out, unreached(u))
	}
	if share, waited := r.Waited(); waited {
		fmt.Fprintf(out, "\nThe searches had a processor for %.0f %% of the time: the machine is busy, or reads the index from a disk.\n"+
			"Trust recall and CPU time, not queries per second and latencies.\n", 100*share)
	}
	_, err := fmt.Fprintf(out, "\n* no other setting of as many neighbours and threads has both more recall and more queries per second\n")
	if err == nil && r.Memory != (eval.Memory{}) {
		_, err = fmt.Fprintf(out, "memory: %s of mapped files, %s of this process alone (queries and truth among it)\n",
			byteSize(r.Memory.Mapped), byteSize(r.Memory.Private))
	}
	return err
}

// partsOf says what an index is made of.
func partsOf(s annoy.Stats) string {
	if c := s.Canopy; c != nil {
		return fmt.Sprintf("canopy of %s, shape %v, rows of %v", quantity(c.Leaves, "leaf", "leaves"), c.Shape, c.Rows)
	}
	return count(s.Trees, "tree")
}

func unreached(u eval.Unreached) string {
	return fmt.Sprintf("recall %v is not reached: it is %.4f at search_k %d, and more changes nothing", u.RecallTarget, u.Recall, u.SearchK)
}
