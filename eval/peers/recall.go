package peers

import (
	"context"
	"fmt"
	"strings"

	"github.com/annoy-go/annoy/eval"
)

// loadTruth takes the exact neighbours from where the options say, or computes them.
func (s *Set) loadTruth(ctx context.Context, o *Options) error {
	if s.truth == nil {
		s.truthName = "computed"
		return s.findTruth(ctx, o)
	}
	s.truthName = o.truthName()
	return s.setTruth(s.truthName, s.truth, o.K)
}

// setTruth takes the exact neighbours' row numbers, and keeps the distance of each query's k-th.
func (s *Set) setTruth(name string, rows [][]int64, k int) (err error) {
	if s.kth, err = eval.KthDistances(s.metric, s.base, s.queries, rows, k); err != nil {
		return fmt.Errorf("annoy: %s: %s", name, strings.TrimPrefix(err.Error(), "annoy: "))
	}
	return nil
}

// findTruth searches the base exactly.
func (s *Set) findTruth(ctx context.Context, o *Options) error {
	t, err := eval.Exact(ctx, eval.Rows(eval.Split(s.base, s.dim)), s.queries, s.metric, o.K, &eval.ExactOptions{
		Progress: func(rows, total int64) { o.progressOf("exact neighbours", int(rows), int(total)) },
	})
	if err != nil {
		return err
	}
	s.kth = nil
	for _, distances := range t.Distances {
		s.kth = append(s.kth, distances[o.K-1])
	}
	return nil
}
