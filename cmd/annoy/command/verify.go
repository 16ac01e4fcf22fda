package command

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/atomicfile"
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

	Leaves int   `json:"leaves,omitempty"` // of a canopy
	Codes  int64 `json:"codes,omitempty"`

	Leftovers []atomicfile.Leftover `json:"leftovers,omitempty"`
}

// verifyFault is what verify prints with --json for an index that is corrupt.
type verifyFault struct {
	Path  string `json:"path"`
	OK    bool   `json:"ok"` // false
	Error string `json:"error"`
}

func newVerify(e *env) *cobra.Command {
	var f indexFlags
	cmd := &cobra.Command{
		Use:   "verify INDEX",
		Short: "Check every byte of an index",
		Long: `Read the whole index and check that every node, leaf, id and vector keeps the
rules of the format and that no byte has changed: a canopy has checksums of its
own, a forest that of its .meta file, where there is one. Exit code 0 means that
all is well; 1 that it is not, and the error has the offset of the first fault
where a single place is at fault.

With --json a corrupt index is a result as well, on standard output:
  {"path":"docs.ann","ok":false,"error":"…"}`,
		Example: `  annoy verify docs.ann
  annoy verify other.tree --dim 40 --metric angular`,
		Args:              exactArgs("INDEX"),
		ValidArgsFunction: completeIndex,
		RunE:              func(cmd *cobra.Command, args []string) error { return runVerify(cmd, e, &f, args[0]) },
	}
	f.register(cmd)
	return cmd
}

func runVerify(cmd *cobra.Command, e *env, f *indexFlags, path string) error {
	leftovers := e.warnOfLeftovers(path)
	s, err := verify(cmd, e, f, path)
	if e.json && errors.Is(err, annoy.ErrCorrupt) {
		// What verify was asked is answered: on standard output, like any result.
		if err := printLine(e.stdout, verifyFault{Path: path, Error: stripPrefix{err}.Error()}); err != nil {
			return err
		}
		return errReported
	}
	if err != nil {
		return err
	}
	r := verifyResult{
		Path: path, OK: true, Items: s.Items - s.Holes, Trees: s.Trees, Nodes: s.Nodes, Bytes: s.Bytes, Leftovers: leftovers,
	}
	parts := count(r.Trees, "tree") + ", " + count(r.Nodes, "node")
	if c := s.Canopy; c != nil {
		r.Leaves, r.Codes = c.Leaves, c.Codes
		parts = quantity(r.Leaves, "leaf", "leaves") + ", " + count(int(r.Codes), "code")
	}
	return e.result(r, "%s: sound: %s, %s, %s\n", path, count(r.Items, "item"), parts, byteSize(r.Bytes))
}

// verify opens the index and checks all of it.
func verify(cmd *cobra.Command, e *env, f *indexFlags, path string) (s annoy.Stats, err error) {
	ix, err := f.open(cmd, e, path)
	var other *notDescribedError
	if errors.As(err, &other) || errors.Is(err, annoy.ErrNeedDimMetric) {
		return s, verifyUnbound(cmd.Context(), e, path, err)
	}
	if err != nil {
		return s, err
	}
	defer ix.Close()
	if err = verifyAll(cmd.Context(), e, ix); err == nil {
		s, err = ix.Stats()
	}
	if err != nil {
		return s, inFile(path, err)
	}
	return s, nil
}

func verifyAll(ctx context.Context, e *env, ix *annoy.Index) error {
	bar := e.newProgress()
	defer bar.stop()
	return ix.VerifyWith(ctx, &annoy.VerifyOptions{Progress: bar.report})
}

// verifyUnbound explains an index that could not be opened without dimension
// and metric, which is the caller's omission unless a sidecar lies beside it:
// then the index was cut short, or its end changed, or the sidecar is of
// another file. The sidecar's claims are no truth any more, but good enough to
// look for the place. It never returns nil.
func verifyUnbound(ctx context.Context, e *env, path string, openError error) error {
	c, ok := readClaim(path)
	if !ok {
		return openError
	}
	ix, err := annoy.Open(path, &annoy.OpenOptions{Dim: c.dim, Metric: c.metric, IgnoreSidecar: true})
	if err == nil {
		defer ix.Close()
		err = verifyAll(ctx, e, ix)
	}
	if err != nil {
		return inFile(path, err)
	}
	return &notDescribedError{path, sidecar.Path(path), "size or checksum differ"}
}
