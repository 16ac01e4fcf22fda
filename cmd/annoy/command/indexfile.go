package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// indexFlags are --dim and --metric of the verbs that open an index.
type indexFlags struct {
	dim    int
	metric *choice[annoy.Metric]
	access *choice[annoy.Access] // nil: the verb has no --access
}

func (f *indexFlags) register(cmd *cobra.Command) {
	f.metric = metricChoice()
	cmd.Flags().IntVar(&f.dim, "dim", 0, "components of a vector; needed only for a forest without its .meta file")
	f.metric.register(cmd, "metric", "needed only for a forest without its .meta file")
}

// registerAccess adds --access, for the verbs that search.
func (f *indexFlags) registerAccess(cmd *cobra.Command) {
	f.access = &choice[annoy.Access]{kind: "access", values: []annoy.Access{annoy.AccessMapped, annoy.AccessResident, annoy.AccessCold}}
	f.access.register(cmd, "access", "how the index is read (default mapped; cold is for a canopy larger than memory)")
}

// open maps the index at path and prints its warnings.
func (f *indexFlags) open(cmd *cobra.Command, e *env, path string) (*annoy.Index, error) {
	if cmd.Flags().Changed("dim") && f.dim < 1 {
		return nil, usagef("--dim must be 1 or more, not %d", f.dim)
	}
	o := &annoy.OpenOptions{Dim: f.dim, Metric: f.metric.value}
	if f.access != nil {
		o.Access = f.access.value
	}
	ix, err := annoy.Open(path, o)
	switch {
	case err == nil:
	case errors.Is(err, annoy.ErrNeedDimMetric) && isVectorFile(path):
		return nil, usagef("%s is a vector file by its name, not an index; 'annoy build' makes one of it", path)
	case errors.Is(err, annoy.ErrNeedDimMetric):
		if other := describedOther(path); other != nil {
			return nil, other
		}
		return nil, usageError{fmt.Errorf("%w; give --dim and --metric", inFile(path, err))}
	default:
		return nil, inFile(path, err)
	}
	e.warnOf(ix)
	return ix, nil
}

// claim is what a sidecar says of its index. It is no truth where the library
// has refused the sidecar.
type claim struct {
	size   int64
	dim    int
	metric annoy.Metric
}

// readClaim reads the sidecar of the index at path; not ok where there is none
// that is undamaged.
func readClaim(path string) (c claim, ok bool) {
	m, ok := sidecar.Claim(path)
	if !ok {
		return c, false
	}
	metric, err := annoy.ParseMetric(m.Metric)
	return claim{m.Size, m.Dim, metric}, err == nil && m.Dim > 0
}

// notDescribedError is that of an index beside a sidecar of other bytes: it
// was cut short or changed, or one of the two was put there by mistake.
type notDescribedError struct{ path, sidecar, why string }

func (n *notDescribedError) Error() string {
	return fmt.Sprintf("annoy: %s: corrupt, or not the file that %s describes: %s", n.path, n.sidecar, n.why)
}

func (n *notDescribedError) Unwrap() error { return annoy.ErrCorrupt }

// describedOther is the error of an index whose sidecar is of a file of another
// size, otherwise nil.
func describedOther(path string) error {
	c, ok := readClaim(path)
	s, err := os.Stat(path)
	if !ok || err != nil || s.Size() == c.size {
		return nil
	}
	return &notDescribedError{path, sidecar.Path(path),
		fmt.Sprintf("it has %d bytes, the file described %d; with --dim and --metric the sidecar is ignored", s.Size(), c.size)}
}

// completeIndex completes a first argument that is an index, which may have
// any name.
func completeIndex(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
}
