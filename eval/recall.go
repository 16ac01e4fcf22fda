package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/exact"
)

// Distance is the distance of two vectors of equal length in float64; for annoy.Dot the product. The cosine of a zero
// vector is 0 with every vector.
func Distance(m annoy.Metric, a, b []float32) float64 { return exact.Distance(exact.Metric(m), a, b) }

// Rule says which items count as found: it is the rule of the package comment.
type Rule struct{ rule exact.Rule }

// NewRule is the rule for data that some vectors are a sample of, a few hundred evenly spaced ones, say. The sample says what a
// typical distance of two items is, for annoy.Dot what a typical length.
func NewRule(m annoy.Metric, sample [][]float32) Rule {
	return Rule{exact.NewRule(exact.Metric(m), sample)}
}

// Unit is the u of the rule.
func (r Rule) Unit() float64 { return r.rule.Unit() }

// Near tells whether an item at distance d of q counts as one of the k nearest, kth being the distance of the true k-th; both are
// products for annoy.Dot.
func (r Rule) Near(q []float32, d, kth float64) bool { return r.rule.Near(q, d, kth) }

// ruleItems is how many vectors of a list are sample enough for a rule.
const ruleItems = 1000

// RuleOf is the rule for vectors of dim components that lie one after the other.
func RuleOf(m annoy.Metric, base []float32, dim int) Rule {
	rows := len(base) / dim
	n := min(rows, ruleItems)
	sample := make([][]float32, n)
	for i := range sample {
		row := i * rows / n
		sample[i] = base[row*dim : (row+1)*dim]
	}
	return NewRule(m, sample)
}

// checkDistinct finds an id that is twice among the true neighbours of a query.
func checkDistinct(ids []int64) error {
	places := make(map[int64]int, len(ids))
	for i, id := range ids {
		if before, ok := places[id]; ok {
			return fmt.Errorf("id %d is at places %d and %d: neighbours are distinct", id, before, i)
		}
		places[id] = i
	}
	return nil
}

// KthDistances gives the distance of each query's true k-th neighbour: what Near takes. base holds the vectors one
// after the other, as many components each as a query has; truth the row numbers of each query's true neighbours,
// nearest first. Errors: a truth for fewer queries than there are, or of fewer than k neighbours; the same one twice; a
// row that base does not have; neighbours of one of the first queries, for which all of base is scanned, that are not
// the nearest, as those of another metric, base or file of queries are not.
func KthDistances(m annoy.Metric, base []float32, queries [][]float32, truth [][]int64, k int) ([]float64, error) {
	if len(truth) < len(queries) {
		return nil, fmt.Errorf("annoy: exact neighbours of %d queries, want %d", len(truth), len(queries))
	}
	kth := make([]float64, len(queries))
	if len(queries) == 0 {
		return kth, nil
	}
	rule := RuleOf(m, base, len(queries[0]))
	for i, q := range queries {
		if len(truth[i]) < k {
			return nil, fmt.Errorf("annoy: query %d has %d exact neighbours, want %d", i, len(truth[i]), k)
		}
		if err := checkDistinct(truth[i][:k]); err != nil {
			return nil, fmt.Errorf("annoy: query %d: exact neighbours: %w", i, err)
		}
		rows, id := len(base)/len(q), truth[i][k-1]
		if id < 0 || id >= int64(rows) {
			return nil, fmt.Errorf("annoy: query %d: exact neighbour %d, the base has %d rows", i, id, rows)
		}
		kth[i] = Distance(m, q, base[int(id)*len(q):(int(id)+1)*len(q)])
		if i < scannedQueries {
			if err := checkKth(m, rule, base, q, kth[i], k); err != nil {
				return nil, fmt.Errorf("annoy: query %d: %w", i, err)
			}
		}
	}
	return kth, nil
}

// scannedQueries are compared with every vector, to catch a truth that belongs to other vectors or another metric.
const scannedQueries = 3

// checkKth scans base: k vectors or more (ties) are as near as the k-th neighbour, and fewer than k are nearer than it.
func checkKth(m annoy.Metric, rule Rule, base, q []float32, kth float64, k int) error {
	within, nearer := 0, 0
	for v := base; len(v) >= len(q); v = v[len(q):] {
		d := Distance(m, q, v[:len(q)])
		if rule.Near(q, d, kth) {
			within++
		}
		if !rule.Near(q, kth, d) {
			nearer++
		}
	}
	if within < k || nearer >= k {
		return fmt.Errorf("%d vectors are as near as its neighbour %d and %d are nearer: not the exact neighbours of these vectors for the metric %v",
			within, k, nearer, m)
	}
	return nil
}

// Vectors give the vectors of items, as *annoy.Index does.
type Vectors interface {
	AppendVector(dst []float32, id int64) ([]float32, error)
}

// Judge measures the recall of answers to a list of queries. It is safe for concurrent use.
type Judge struct {
	metric  annoy.Metric
	rule    Rule
	items   Vectors
	queries [][]float32
	truth   [][]int64   // the first k of each query
	dist    [][]float64 // theirs, recomputed
	k       int
}

// NewJudge is a judge of answers of k items, against the ids of the true neighbours of each query, nearest first, of
// which the first k are used. It reads their vectors and recomputes their distances. Errors: k below 1; a truth for
// more or fewer queries, or of fewer than k neighbours; an id that no item has, or that is there twice; neighbours that
// are not in the order of their distances, as those of another metric, base or file of queries are not.
func NewJudge(ctx context.Context, m annoy.Metric, items Vectors, queries [][]float32, truth [][]int64, k int) (*Judge, error) {
	if k < 1 {
		return nil, fmt.Errorf("annoy: recall: k is %d, want 1 or more", k)
	}
	if len(truth) != len(queries) {
		return nil, fmt.Errorf("annoy: the truth has %d rows, for %d queries", len(truth), len(queries))
	}
	j := &Judge{metric: m, items: items, queries: queries, k: k,
		truth: make([][]int64, len(queries)), dist: make([][]float64, len(queries))}
	if err := j.findRule(truth); err != nil {
		return nil, err
	}
	err := parallel(ctx, 0, len(queries), func(_, q int) error {
		if len(truth[q]) < k {
			return fmt.Errorf("annoy: truth: query %d has %d neighbours, recall@%d needs %d", q, len(truth[q]), k, k)
		}
		j.truth[q] = truth[q][:k]
		if err := checkDistinct(j.truth[q]); err != nil {
			return fmt.Errorf("annoy: truth: query %d: %w", q, err)
		}
		for i, id := range j.truth[q] {
			d, err := j.distance(q, id, nil)
			if err != nil {
				return fmt.Errorf("annoy: truth: query %d, place %d: %w", q, i, stripPrefix{err})
			}
			if i > 0 && !j.rule.Near(queries[q], j.dist[q][i-1], d) {
				return fmt.Errorf("annoy: truth: query %d: id %d at place %d is nearer (%.6g) than the one before it (%.6g): "+
					"is it of this metric (%v), index and file of queries?", q, id, i, d, j.dist[q][i-1], m)
			}
			j.dist[q] = append(j.dist[q], d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// findRule takes the nearest neighbours of the queries, of some evenly spaced ones, as a sample of the items.
func (j *Judge) findRule(truth [][]int64) error {
	var sample [][]float32
	n := min(len(truth), ruleItems)
	for i := range n {
		q := i * len(truth) / n
		if len(truth[q]) == 0 {
			continue // which the caller finds
		}
		v, err := j.items.AppendVector(nil, truth[q][0])
		if err != nil {
			return fmt.Errorf("annoy: truth: query %d, place 0: %w", q, stripPrefix{err})
		}
		sample = append(sample, v)
	}
	j.rule = NewRule(j.metric, sample)
	return nil
}

// stripPrefix is an error without its leading "annoy: ", for wrapping.
type stripPrefix struct{ error }

func (s stripPrefix) Error() string { return strings.TrimPrefix(s.error.Error(), "annoy: ") }
func (s stripPrefix) Unwrap() error { return s.error }

// distance is the exact distance of a query and an item; buf is room for its vector.
func (j *Judge) distance(query int, id int64, buf []float32) (float64, error) {
	v, err := j.items.AppendVector(buf[:0], id)
	if err != nil {
		return 0, err
	}
	if len(v) != len(j.queries[query]) {
		return 0, fmt.Errorf("annoy: query %d has %d components, item %d has %d", query, len(j.queries[query]), id, len(v))
	}
	return Distance(j.metric, j.queries[query], v), nil
}

// Verdict is how good answers are.
type Verdict struct {
	Recall     float64 // by distance, 0 to 1
	StdErr     float64 // standard error of Recall: what other queries of the same kind would change it by
	RecallByID float64 // share of the ids that are among the truth's first k
	// Nearer counts the answers with an item that is nearer than the true neighbour of the same place: where it is
	// not 0, the truth is not exact.
	Nearer int
}

// Judge judges the answers to all queries, in their order. Of each, the first k count, and an id once. Errors: ctx's, an
// answer to no query, an id that no item has.
func (j *Judge) Judge(ctx context.Context, answers [][]annoy.Neighbor) (Verdict, error) {
	if len(answers) != len(j.queries) {
		return Verdict{}, fmt.Errorf("annoy: %d answers to %d queries", len(answers), len(j.queries))
	}
	if len(answers) == 0 {
		return Verdict{}, nil
	}
	type count struct {
		near, same int
		nearer     bool
	}
	counts := make([]count, len(answers))
	err := parallel(ctx, 0, len(answers), func(_, q int) error {
		c := &counts[q]
		hits := answers[q][:min(len(answers[q]), j.k)]
		buf := make([]float32, 0, len(j.queries[q]))
		ds := make([]float64, 0, len(hits))
		for i, h := range hits {
			if slices.ContainsFunc(hits[:i], func(b annoy.Neighbor) bool { return b.ID == h.ID }) {
				continue
			}
			d, err := j.distance(q, h.ID, buf)
			if err != nil {
				return fmt.Errorf("annoy: answer to query %d: %w", q, stripPrefix{err})
			}
			ds = append(ds, d)
			if j.rule.Near(j.queries[q], d, j.dist[q][j.k-1]) {
				c.near++
			}
			if slices.Contains(j.truth[q], h.ID) {
				c.same++
			}
		}
		slices.Sort(ds)
		if j.metric == annoy.Dot {
			slices.Reverse(ds)
		}
		for i, d := range ds {
			c.nearer = c.nearer || !j.rule.Near(j.queries[q], j.dist[q][i], d)
		}
		return nil
	})
	if err != nil {
		return Verdict{}, err
	}
	var v Verdict
	var near, same, squares int
	for _, c := range counts {
		near, same, squares = near+c.near, same+c.same, squares+c.near*c.near
		if c.nearer {
			v.Nearer++
		}
	}
	asked := float64(len(answers) * j.k)
	v.Recall, v.RecallByID = float64(near)/asked, float64(same)/asked
	v.StdErr = stdErr(float64(near), float64(squares), len(answers)) / float64(j.k)
	return v, nil
}
