package command

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/internal/atomicfile"
)

// infoResult is what info prints with --json.
type infoResult struct {
	Path string `json:"path"`
	eval.IndexStats
	Leftovers []atomicfile.Leftover `json:"leftovers,omitempty"`
}

func newInfo(e *env) *cobra.Command {
	var f indexFlags
	cmd := &cobra.Command{
		Use:   "info INDEX",
		Short: "Describe an index",
		Long: `Describe an index: its metric, dimension and items; of a forest its trees and
layout; of a canopy its shape and row type and why the build took them, its
axes, the sections of the file, the sizes of its leaves, and its calibration,
which says what effort a recall takes. This reads a few bytes of every item or leaf; verify
reads and checks everything.`,
		Example: `  annoy info docs.canopy
  annoy info docs.ann
  annoy info other.tree --dim 40 --metric angular --json`,
		Args:              exactArgs("INDEX"),
		ValidArgsFunction: completeIndex,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := args[0]
			leftovers := e.warnOfLeftovers(path)
			ix, err := f.open(cmd, e, path)
			if err != nil {
				return err
			}
			defer ix.Close()
			s, err := ix.Stats()
			if err != nil {
				return inFile(path, err)
			}
			if e.json {
				return printLine(e.stdout, infoResult{path, eval.StatsOf(s), leftovers})
			}
			if s.Kind == annoy.Canopy {
				return printCanopy(e.stdout, path, s)
			}
			return printInfo(e, path, s)
		},
	}
	f.register(cmd)
	return cmd
}

func printInfo(e *env, path string, s annoy.Stats) error {
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, name+"\t"+format+"\n", args...)
	}
	row("path", "%s", path)
	row("kind", "%v", s.Kind)
	row("metric", "%v", s.Metric)
	row("dimension", "%d", s.Dim)
	row("items", "%d", s.Items-s.Holes)
	if s.Holes > 0 {
		row("unused ids", "%d (below the largest, %d)", s.Holes, s.Items-1)
	}
	row("trees", "%d", s.Trees)
	row("nodes", "%d of %d bytes", s.Nodes, s.NodeBytes)
	row("ids in a leaf", "up to %d", s.LeafCapacity)
	row("size", "%d bytes (%s)", s.Bytes, byteSize(s.Bytes))
	if s.Metric == annoy.Dot {
		row("dot dialect", "%v", s.DotDialect)
	}
	if s.Seed != 0 {
		row("seed", "%d", s.Seed)
	}
	if s.Sidecar {
		row("described by", "%s.meta", path)
	} else {
		row("described by", "--dim and --metric")
	}
	return w.Flush()
}
