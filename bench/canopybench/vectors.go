package main

import (
	"context"
	"fmt"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

const (
	// askedQueries is how many of a set's queries are asked at most in this process, all of them in every pass.
	askedQueries = 5000
	truthDepth   = 100 // neighbours of each query that are known
)

// vectors is what a set's files hold.
type vectors struct {
	metric      annoy.Metric
	dim, rows   int
	base        []float32
	rule        eval.Rule // of base
	queries     [][]float32
	truth       [][]int64
	calibration [][]float32 // nil: of the base's own
}

// load reads the files, at most limit rows of the base (0: all), and finds the exact neighbours where no file has them.
func (s *source) load(ctx context.Context, limit int) (*vectors, error) {
	v := &vectors{metric: s.metric}
	var err error
	if v.base, v.dim, err = readRows(ctx, s.base, limit); err != nil {
		return nil, err
	}
	v.rows, v.rule = len(v.base)/v.dim, eval.RuleOf(v.metric, v.base, v.dim)
	queries, dim, err := readRows(ctx, s.queries, askedQueries)
	if err != nil {
		return nil, err
	}
	if dim != v.dim {
		return nil, fmt.Errorf("%s has %d components, %s has %d", s.queries, dim, s.base, v.dim)
	}
	v.queries = eval.Split(queries, dim)
	if s.calibration != "" {
		sample, _, err := readRows(ctx, s.calibration, calibrationRows)
		if err != nil {
			return nil, err
		}
		v.calibration = eval.Split(sample, dim)
	}
	if s.truth != "" && limit == 0 {
		v.truth, err = eval.ReadIDs(s.truth)
		return v, err
	}
	progress("%s: exact neighbours", s.name)
	return v, v.findTruth(ctx)
}

// findTruth computes the exact neighbours of the queries.
func (v *vectors) findTruth(ctx context.Context) error {
	t, err := eval.Exact(ctx, eval.Rows(eval.Split(v.base, v.dim)), v.queries, v.metric, min(truthDepth, v.rows), nil)
	if err != nil {
		return err
	}
	v.truth = t.IDs
	return nil
}

// first are the first rows, with as many of the queries, and their exact neighbours among these rows.
func (v *vectors) first(ctx context.Context, rows, queries int) (*vectors, error) {
	part := *v
	part.rows, part.base = rows, v.base[:rows*v.dim]
	part.queries = v.queries[:min(queries, len(v.queries))]
	if rows == v.rows {
		return &part, nil
	}
	return &part, part.findTruth(ctx)
}

// kth are the distances of the queries' true k-th neighbours.
func (v *vectors) kth(k int) ([]float64, error) {
	return eval.KthDistances(v.metric, v.base, v.queries, v.truth, k)
}

func (v *vectors) row(i int) []float32 { return v.base[i*v.dim : (i+1)*v.dim : (i+1)*v.dim] }

// hits counts the answers that are as near as the true k-th neighbour, each id once.
func (v *vectors) hits(query int, answer []annoy.Neighbor, kth float64) (n int) {
	for i, hit := range answer {
		twice := false
		for _, before := range answer[:i] {
			twice = twice || before.ID == hit.ID
		}
		if !twice && v.rule.Near(v.queries[query], eval.Distance(v.metric, v.queries[query], v.row(int(hit.ID))), kth) {
			n++
		}
	}
	return n
}

// readRows reads the first rows of a file of vectors; limit 0 is all.
func readRows(ctx context.Context, path string, limit int) (flat []float32, dim int, err error) {
	r, err := vecio.Open(path, nil)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	if flat, err = eval.ReadRows(ctx, r, limit); err != nil {
		return nil, 0, err
	}
	if len(flat) == 0 {
		return nil, 0, fmt.Errorf("%s has no vectors", path)
	}
	return flat, r.Dim(), nil
}
