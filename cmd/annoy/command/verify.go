package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// verifyResult is what verify prints with --json.
type verifyResult struct {
	Path  string `json:"path"`
	OK    bool   `json:"ok"`
	Items int    `json:"items"`
	Trees int    `json:"trees"`
	Nodes int    `json:"nodes"`
	Bytes int64  `json:"bytes"`
}

func newVerify(e *env) *cobra.Command {
	var f indexFlags
	cmd := &cobra.Command{
		Use:   "verify INDEX",
		Short: "Check every node of an index",
		Long: `Read the whole index and check that every node, id and vector keeps the rules
of the format and, where there is a .meta file, that no byte has changed. Exit
code 0 means that all is well; 1 that it is not, and the error has the offset
of the first fault where a single place is at fault.`,
		Example: `  annoy verify docs.ann
  annoy verify other.tree --dim 40 --metric angular`,
		Args:              exactArgs("INDEX"),
		ValidArgsFunction: completeIndex,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := args[0]
			ix, err := f.open(cmd, e, path)
			if errors.Is(err, annoy.ErrNeedDimMetric) {
				return verifyUnbound(cmd.Context(), path, err)
			}
			if err != nil {
				return err
			}
			defer ix.Close()
			if err := ix.Verify(cmd.Context()); err != nil {
				return inFile(path, err)
			}
			s, err := ix.Stats()
			if err != nil {
				return inFile(path, err)
			}
			r := verifyResult{
				Path: path, OK: true, Items: s.Items - s.Holes, Trees: s.Trees, Nodes: s.Nodes, Bytes: s.Bytes,
			}
			return e.result(r, "%s: sound: %s, %s, %s, %s\n",
				path, count(r.Items, "item"), count(r.Trees, "tree"), count(r.Nodes, "node"), byteSize(r.Bytes))
		},
	}
	f.register(cmd)
	return cmd
}

// verifyUnbound explains an index that could not be opened without dimension
// and metric, which is the caller's omission unless a sidecar lies beside it:
// then the index was cut short, or its end changed, or the sidecar is of
// another file. The sidecar's claims are no truth any more, but good enough to
// look for the place. It never returns nil.
func verifyUnbound(ctx context.Context, path string, openError error) error {
	b, err := os.ReadFile(path + sidecar.Suffix)
	if err != nil {
		return openError
	}
	var claim struct {
		Dim    int
		Metric annoy.Metric
	}
	if err := json.Unmarshal(b, &claim); err != nil || claim.Dim < 1 || claim.Metric == 0 {
		return openError
	}
	ix, err := annoy.Open(path, &annoy.OpenOptions{Dim: claim.Dim, Metric: claim.Metric, IgnoreSidecar: true})
	if err == nil {
		defer ix.Close()
		err = ix.Verify(ctx)
	}
	if err != nil {
		return inFile(path, err)
	}
	return fmt.Errorf("annoy: %s: corrupt, or not the file that %[1]s%s describes: size or checksum differ", path, sidecar.Suffix)
}
