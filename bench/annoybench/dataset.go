package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

// dataset is a set of vectors to index, queries, and what they should find.
type dataset struct {
	name                           string
	metric                         annoy.Metric
	basePath, queryPath, truthPath string
	limit                          int // rows of the base that are used; 0: all
	rows, dim                      int
	base                           []float32
	queries                        [][]float32 // those that the sweep uses
	kth                            []float64   // for each query the exact distance of its k-th neighbour
	npyBase, npyQueries            string      // the same for NumPy
}

// namedSets are sets of the project's data folder; a missing one is a usage error that says what to do.
func namedSets(names []string, quick bool) ([]*dataset, error) {
	root := os.Getenv("ANNOY_DATA")
	if root == "" {
		root = filepath.Join("..", "shared", "data")
	}
	var sets []*dataset
	for _, name := range names {
		set := &dataset{name: name, truthPath: filepath.Join(root, name, "gt_ids.npy")}
		switch name {
		case "sift":
			set.metric = annoy.Euclidean
			set.basePath, set.queryPath = filepath.Join(root, name, "base_u8.npy"), filepath.Join(root, name, "query_u8.npy")
			if quick {
				set.limit, set.truthPath = 100_000, ""
			}
		case "gloss":
			set.metric = annoy.Angular
			set.basePath, set.queryPath = filepath.Join(root, name, "base_f16.npy"), filepath.Join(root, name, "query_f16.npy")
		default:
			return nil, usageError{fmt.Errorf("-sets %q, want sift or gloss; -base names any other file", name)}
		}
		if _, err := os.Stat(set.basePath); err != nil {
			return nil, usageError{fmt.Errorf("the data is absent: %w\nset ANNOY_DATA to the folder that has %s, or name files of your own: "+
				"-base FILE -queries FILE -metric METRIC", err, name)}
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// load reads base and queries, and makes npy files of those that are none.
func (s *dataset) load(ctx context.Context, w *worker, c *config) error {
	var err error
	if s.base, s.dim, err = readRows(ctx, s.basePath, s.limit); err != nil {
		return err
	}
	s.rows = len(s.base) / s.dim
	flat, dim, err := readRows(ctx, s.queryPath, c.rounds*c.slice)
	if err != nil {
		return err
	}
	if dim != s.dim {
		return fmt.Errorf("%s has %d components, %s has %d", s.queryPath, dim, s.basePath, s.dim)
	}
	if s.rows <= c.k || len(flat)/dim < c.rounds {
		return fmt.Errorf("%s: %d vectors and %d queries are too few for k %d and %d rounds", s.name, s.rows, len(flat)/dim, c.k, c.rounds)
	}
	s.queries = eval.Split(flat, dim)
	if s.npyBase, err = asNpy(s.basePath, filepath.Join(c.dir, "base.npy"), s.base, dim); err != nil {
		return err
	}
	if s.npyQueries, err = asNpy(s.queryPath, filepath.Join(c.dir, "queries.npy"), flat, dim); err != nil {
		return err
	}
	var ok struct{}
	if err := w.call(request{Op: "load_queries", Path: s.npyQueries, Rows: len(s.queries)}, &ok); err != nil {
		return err
	}
	if s.truthPath == "" {
		return s.findTruth(ctx, c.k)
	}
	ids, err := eval.ReadIDs(s.truthPath)
	if err != nil {
		return err
	}
	return s.setTruth(s.truthPath, ids, c.k)
}

func (s *dataset) unload() { s.base, s.queries, s.kth = nil, nil, nil }

func (s *dataset) row(i int) []float32 { return s.base[i*s.dim : (i+1)*s.dim : (i+1)*s.dim] }

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

// asNpy is the path of a file with these rows that NumPy reads: path itself, or a copy at out.
func asNpy(path, out string, flat []float32, dim int) (string, error) {
	if strings.EqualFold(filepath.Ext(path), ".npy") {
		return path, nil
	}
	w, err := vecio.Create(out, dim, nil)
	if err != nil {
		return "", err
	}
	defer w.Abort()
	for _, row := range eval.Split(flat, dim) {
		if err := w.Write(row); err != nil {
			return "", err
		}
	}
	return out, w.Close()
}

// setTruth takes the exact neighbours' row numbers and keeps the distance of each query's k-th.
func (s *dataset) setTruth(name string, ids [][]int64, k int) (err error) {
	if s.kth, err = eval.KthDistances(s.metric, s.base, s.queries, ids, k); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// findTruth computes the exact neighbours.
func (s *dataset) findTruth(ctx context.Context, k int) error {
	progress("%s: exact neighbours", s.name)
	t, err := eval.Exact(ctx, eval.Rows(eval.Split(s.base, s.dim)), s.queries, s.metric, k, nil)
	if err != nil {
		return err
	}
	return s.setTruth(s.name, t.IDs, k)
}
