package peers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// Set is what all peers are given: vectors to index, queries, and the distance of each query's true k-th neighbour.
type Set struct {
	metric     annoy.Metric
	rows, dim  int
	base       []float32
	queries    [][]float32
	truth      [][]int64 // row numbers, nil where they are to be computed
	kth        []float64
	truthName  string // where truth came from
	heldOut    bool   // the queries were taken out of the base
	npyBase    string // the same rows for NumPy; the file may have more of them
	baseSum    string // of that file, for the cache; "" before it is asked for
	npyQueries string
}

// loadSet reads the files of o. Copies for NumPy go to dir.
func loadSet(ctx context.Context, o *Options, dir string) (*Set, error) {
	want := o.rounds() * o.slice()
	in, err := readInput(ctx, o, o.limit(), want)
	if err != nil {
		return nil, err
	}
	s := &Set{metric: o.Metric, dim: in.dim, base: in.base, truth: in.truth}
	basePath, queryPath := o.Base, o.Queries
	if in.queries == nil {
		in.queries = s.holdOut(min(want, len(s.base)/s.dim/10))
		basePath, queryPath = "", ""
	}
	s.rows = len(s.base) / s.dim
	s.queries = eval.Split(in.queries, s.dim)
	if s.rows <= o.K || len(s.queries) < o.rounds() {
		return nil, fmt.Errorf("annoy: %s: %d vectors and %d queries are too few for k %d and %d rounds",
			o.Base, s.rows, len(s.queries), o.K, o.rounds())
	}
	if s.npyBase, err = asNpy(basePath, filepath.Join(dir, "base.npy"), s.base, s.dim); err != nil {
		return nil, err
	}
	s.npyQueries, err = asNpy(queryPath, filepath.Join(dir, "queries.npy"), in.queries, s.dim)
	return s, err
}

func (s *Set) row(i int) []float32 { return s.base[i*s.dim : (i+1)*s.dim : (i+1)*s.dim] }

// heldOutSeed picks the queries where none are given; fixed, so that two runs ask the same.
const heldOutSeed = 0x68656c64

// holdOut takes n rows out of the base, whose other rows keep their order. Their own order is random: a round is a slice
// of them, and bases are often sorted by something.
func (s *Set) holdOut(n int) []float32 {
	s.heldOut = true
	rows := len(s.base) / s.dim
	picked := rand.New(rand.NewPCG(heldOutSeed, uint64(rows))).Perm(rows)[:n]
	queries := make([]float32, 0, n*s.dim)
	for _, i := range picked {
		queries = append(queries, s.row(i)...)
	}
	slices.Sort(picked)
	kept := s.base[:0]
	for i := range rows {
		if len(picked) > 0 && picked[0] == i {
			picked = picked[1:]
			continue
		}
		kept = append(kept, s.row(i)...)
	}
	s.base = kept
	return queries
}

// hits counts the ids that are as near as the true k-th neighbour, for the queries from the given one on. An id counts
// once, wherever a peer repeats it.
func (s *Set) hits(ids [][]int64, from, k int) (int, error) {
	n, rule := 0, eval.RuleOf(s.metric, s.base, s.dim)
	for i, found := range ids {
		q := from + i
		if len(found) > k {
			return 0, fmt.Errorf("annoy: query %d: %d answers, %d were asked for", q, len(found), k)
		}
		for j, id := range found {
			switch {
			case id >= int64(s.rows):
				return 0, fmt.Errorf("annoy: query %d: answer %d, the base has %d rows", q, id, s.rows)
			case id < 0 || slices.Contains(found[:j], id):
			case rule.Near(s.queries[q], eval.Distance(s.metric, s.queries[q], s.row(int(id))), s.kth[q]):
				n++
			}
		}
	}
	return n, nil
}
