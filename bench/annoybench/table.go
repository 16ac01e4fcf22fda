package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// print writes the report as text.
func (r *report) print(out io.Writer) {
	m, v := r.Machine, r.Versions
	fmt.Fprintf(out, "machine   %s, %d cores, %s, kernels %s\n", m.CPU, m.Cores, m.System, m.Kernel)
	fmt.Fprintf(out, "ours      %s, %s\n", v.Ours, v.Go)
	if len(r.Forests) > 0 {
		fmt.Fprintf(out, "annoy     %s, Python %s, NumPy %s\n", v.Python.Annoy, v.Python.Python, v.Python.NumPy)
	}
	if r.Quick {
		fmt.Fprintln(out, "A quick run, for development: fewer vectors and rounds than the figures that count.")
	}
	for _, f := range r.Forests {
		f.print(out)
	}
	for _, o := range r.OnDisk {
		o.print(out)
	}
}

func (f *forest) print(out io.Writer) {
	fmt.Fprintf(out, "\n== %s: %d × %d, %s, %d trees, k=%d ==\n", f.Set, f.Items, f.Dim, f.Metric, f.Trees, f.K)
	f.Build.print(out)
	f.Search.print(out)
	fmt.Fprintf(out, "\nOpen of the saved file (%s), in the page cache: median %.3f ms, at most %.3f ms of %d\n",
		megabytes(f.Build.OursSize), f.Open.Median, f.Open.Max, opens)
	s := f.Memory
	fmt.Fprintf(out, "%d processes on that file, %d queries each: private memory grows by %.2f MB a process (at most %.2f; %.2f MB before the open); shared %s\n",
		s.Processes, s.Queries, s.Growth.Median/1e6, s.Growth.Max/1e6, float64(s.Idle.Private)/1e6, megabytes(s.Each[0].Shared))
}

func (b *builds) print(out io.Writer) {
	fmt.Fprintln(out, "\nBuild, seconds: median (range). Annoy's add goes through Python lists; it is in no ratio.")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tCPU\twall\tadd, CPU\tfile")
	row := func(name string, f buildFigures, add, size string) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", name, f.CPU.span("%.2f"), f.Wall.span("%.2f"), add, size)
	}
	row("ours, 1 worker", b.Ours1, fmt.Sprintf("%.2f", b.OursAdd.Median), megabytes(b.OursSize))
	row(fmt.Sprintf("ours, %d workers", b.Workers), b.OursN, "", "")
	row("annoy, n_jobs=1", b.Annoy, fmt.Sprintf("%.2f", b.AnnoyAdd.Median), megabytes(b.AnnoySize))
	w.Flush()
	fmt.Fprintf(out, "annoy / ours with 1 worker: %s× CPU, %s× wall; ours with 1 / with %d workers: %s× wall\n",
		b.RatioCPU.span("%.2f"), b.RatioWall.span("%.2f"), b.Workers, b.RatioN.span("%.2f"))
}

func (s *searches) print(out io.Writer) {
	o := s.Overhead
	fmt.Fprintf(out, "\nSearch, %d thread, queries per second of CPU time: median (range) of %d rounds of %d queries, in turns.\n", s.Threads, s.Rounds, s.Queries)
	fmt.Fprintf(out, "Subtracted from each of Annoy's queries: %.2f µs, an empty call from Python (%.2f µs) and the conversion of the list (%.2f µs).\n",
		o.CPU*1e6, o.Call*1e6, (o.CPU-o.Call)*1e6)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "recall\tours\tannoy\tratio\tratio, wall\tsearch_k ours\tannoy")
	for _, a := range s.At {
		if a.Missing != "" {
			fmt.Fprintf(w, "%.2f\tnot measured: %s\n", a.Recall, a.Missing)
			continue
		}
		fmt.Fprintf(w, "%.2f\t%s\t%s\t%s\t%.2f\t%.0f\t%.0f\n", a.Recall, a.OursQPS.span("%.0f"), a.AnnoyQPS.span("%.0f"),
			a.Ratio.span("%.2f"), a.RatioWall.Median, a.OursSearchK, a.AnnoySearchK)
	}
	w.Flush()
	fmt.Fprintln(out, "\nAt equal search_k:")
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "search_k\trecall, ours\tannoy\tqps, ours\tannoy\tratio\t")
	for _, g := range s.Grid {
		fmt.Fprintf(w, "%d\t%.4f\t%.4f\t%.0f\t%.0f\t%.2f\t\n", g.SearchK, g.OursRecall, g.AnnoyRecall, g.OursQPS.Median, g.AnnoyQPS.Median, g.Ratio.Median)
	}
	w.Flush()
}

func (o *onDisk) print(out io.Writer) {
	fmt.Fprintf(out, "\nBuildFile of %s: %d × %d, %d trees, %d workers: %.1f s, file %s\n", o.Set, o.Items, o.Dim, o.Trees, o.Workers, o.Seconds, megabytes(o.FileBytes))
	fmt.Fprintf(out, "anonymous memory: peak %s (%s before the build), stated bound %s; the vectors as float32 are %s; %d samples, one every %d ms; page cache mapped at most %s\n",
		megabytes(o.PeakAnon), megabytes(o.IdleAnon), megabytes(o.Bound), megabytes(o.VectorBytes), o.Samples, sampleEvery.Milliseconds(), megabytes(o.PeakFile))
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
