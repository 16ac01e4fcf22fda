package peers

import (
	"context"
	"fmt"
	"io"

	"github.com/annoy-go/annoy/eval"
)

// loadTruth takes the exact neighbours from where the options say, or computes them.
func (s *Set) loadTruth(ctx context.Context, o *Options) error {
	if s.truth == nil {
		return s.findTruth(ctx, o)
	}
	return s.setTruth(o.truthName(), s.truth, o.K)
}

// setTruth takes the exact neighbours' row numbers, and keeps the distance of each query's k-th.
func (s *Set) setTruth(name string, rows [][]int64, k int) error {
	if len(rows) < len(s.queries) {
		return fmt.Errorf("annoy: %s: exact neighbours of %d queries, want %d", name, len(rows), len(s.queries))
	}
	s.kth = nil
	for i, q := range s.queries {
		if len(rows[i]) < k {
			return fmt.Errorf("annoy: %s: query %d has %d exact neighbours, want %d", name, i, len(rows[i]), k)
		}
		row := rows[i][k-1]
		if row < 0 || row >= int64(s.rows) {
			return fmt.Errorf("annoy: %s: query %d: exact neighbour %d, the base has %d rows", name, i, row, s.rows)
		}
		s.kth = append(s.kth, eval.Distance(s.metric, q, s.row(int(row))))
	}
	return s.checkTruth(name, k)
}

// checkedQueries are compared with every vector, to catch a truth that belongs to other vectors or another metric.
const checkedQueries = 3

// checkTruth scans the base for a few queries: k vectors or more (ties) are as near as the k-th neighbour, and
// fewer than k are nearer than it.
func (s *Set) checkTruth(name string, k int) error {
	for i, q := range s.queries[:min(checkedQueries, len(s.queries))] {
		within, nearer := 0, 0
		for r := range s.rows {
			d := eval.Distance(s.metric, q, s.row(r))
			if eval.Near(s.metric, d, s.kth[i]) {
				within++
			}
			if !eval.Near(s.metric, s.kth[i], d) {
				nearer++
			}
		}
		if within < k || nearer >= k {
			return fmt.Errorf("annoy: %s: query %d: %d vectors are as near as its neighbour %d and %d are nearer: not the exact neighbours of these vectors for the metric %v",
				name, i, within, k, nearer, s.metric)
		}
	}
	return nil
}

// findTruth searches the base exactly.
func (s *Set) findTruth(ctx context.Context, o *Options) error {
	t, err := eval.Exact(ctx, &rowSource{set: s}, s.queries, s.metric, o.K, &eval.ExactOptions{
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

// rowSource is the base of a set as a stream.
type rowSource struct {
	set  *Set
	next int
}

func (r *rowSource) Dim() int { return r.set.dim }
func (r *rowSource) Len() int { return r.set.rows }

func (r *rowSource) Next(dst []float32) (int64, error) {
	if r.next == r.set.rows {
		return 0, io.EOF
	}
	copy(dst, r.set.row(r.next))
	r.next++
	return int64(r.next - 1), nil
}
