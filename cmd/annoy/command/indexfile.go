package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
)

// indexFlags are --dim and --metric of the verbs that open an index.
type indexFlags struct {
	dim    int
	metric *choice[annoy.Metric]
}

func (f *indexFlags) register(cmd *cobra.Command) {
	f.metric = metricChoice()
	cmd.Flags().IntVar(&f.dim, "dim", 0, "components of a vector; needed only for an index without its .meta file")
	f.metric.register(cmd, "metric", "needed only for an index without its .meta file")
}

// open maps the index at path and prints its warnings.
func (f *indexFlags) open(cmd *cobra.Command, e *env, path string) (*annoy.Index, error) {
	if cmd.Flags().Changed("dim") && f.dim < 1 {
		return nil, usagef("--dim must be 1 or more, not %d", f.dim)
	}
	ix, err := annoy.Open(path, &annoy.OpenOptions{Dim: f.dim, Metric: f.metric.value})
	switch {
	case err == nil:
	case errors.Is(err, annoy.ErrNeedDimMetric) && isVectorFile(path):
		return nil, usagef("%s is a vector file by its name, not an index; 'annoy build' makes one of it", path)
	case errors.Is(err, annoy.ErrNeedDimMetric):
		return nil, usageError{fmt.Errorf("%w; give --dim and --metric", inFile(path, err))}
	default:
		return nil, inFile(path, err)
	}
	for _, w := range ix.Warnings() {
		e.warn(w)
	}
	return ix, nil
}

// completeIndex completes a first argument that is an index, which may have
// any name.
func completeIndex(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
}
