package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/annoy-go/annoy"
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
func (s *dataset) load(w *worker, c *config) error {
	var err error
	if s.base, s.dim, err = readRows(s.basePath, s.limit); err != nil {
		return err
	}
	s.rows = len(s.base) / s.dim
	flat, dim, err := readRows(s.queryPath, c.rounds*c.slice)
	if err != nil {
		return err
	}
	if dim != s.dim {
		return fmt.Errorf("%s has %d components, %s has %d", s.queryPath, dim, s.basePath, s.dim)
	}
	if s.rows <= c.k || len(flat)/dim < c.rounds {
		return fmt.Errorf("%s: %d vectors and %d queries are too few for k %d and %d rounds", s.name, s.rows, len(flat)/dim, c.k, c.rounds)
	}
	s.queries = split(flat, dim)
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
		return nil // findTruth computes it when there is an index
	}
	ids, err := readTruth(w, s.truthPath, len(s.queries), c.k)
	if err != nil {
		return err
	}
	return s.setTruth(ids, c.k)
}

func (s *dataset) unload() { s.base, s.queries, s.kth = nil, nil, nil }

func (s *dataset) row(i int) []float32 { return s.base[i*s.dim : (i+1)*s.dim : (i+1)*s.dim] }

// readRows reads the first rows of a file of vectors; limit 0 is all.
func readRows(path string, limit int) (flat []float32, dim int, err error) {
	r, err := vecio.Open(path, nil)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	dim = r.Dim()
	rows := max(0, r.Len())
	if limit > 0 {
		rows = min(rows, limit)
	}
	flat = make([]float32, 0, rows*dim)
	v := make([]float32, dim)
	for limit == 0 || len(flat) < limit*dim {
		_, err := r.Next(v)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		flat = append(flat, v...)
	}
	if len(flat) == 0 {
		return nil, 0, fmt.Errorf("%s has no vectors", path)
	}
	return flat, dim, nil
}

func split(flat []float32, dim int) [][]float32 {
	var rows [][]float32
	for ; len(flat) > 0; flat = flat[dim:] {
		rows = append(rows, flat[:dim:dim])
	}
	return rows
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
	for _, row := range split(flat, dim) {
		if err := w.Write(row); err != nil {
			return "", err
		}
	}
	return out, w.Close()
}

// readTruth reads row numbers, which in an npy file may be any integers: NumPy reads those.
func readTruth(w *worker, path string, queries, k int) ([][]int64, error) {
	if strings.EqualFold(filepath.Ext(path), ".npy") {
		var answer struct{ IDs [][]int64 }
		err := w.call(request{Op: "truth", Path: path, Rows: queries, K: k}, &answer)
		return answer.IDs, err
	}
	flat, dim, err := readRows(path, queries)
	if err != nil {
		return nil, err
	}
	var ids [][]int64
	for _, row := range split(flat, dim) {
		var r []int64
		for _, id := range row[:min(k, dim)] {
			r = append(r, int64(id))
		}
		ids = append(ids, r)
	}
	return ids, nil
}

// setTruth takes the exact neighbours' ids and keeps the distance of each query's k-th.
func (s *dataset) setTruth(ids [][]int64, k int) error {
	if len(ids) < len(s.queries) {
		return fmt.Errorf("exact neighbours of %d queries, want %d", len(ids), len(s.queries))
	}
	s.kth = nil
	for i, q := range s.queries {
		if len(ids[i]) < k {
			return fmt.Errorf("query %d has %d exact neighbours, want %d", i, len(ids[i]), k)
		}
		id := ids[i][k-1]
		if id < 0 || id >= int64(s.rows) {
			return fmt.Errorf("query %d: exact neighbour %d, the base has %d rows", i, id, s.rows)
		}
		s.kth = append(s.kth, distance(s.metric, q, s.row(int(id))))
	}
	return s.checkTruth(k)
}

// checkedQueries are compared with every vector, to catch a truth that belongs to other vectors.
const checkedQueries = 3

// checkTruth scans the base in float64 for a few queries: exactly k vectors or more (ties) are as near as the
// k-th neighbour, and fewer than k are nearer than it.
func (s *dataset) checkTruth(k int) error {
	for i, q := range s.queries[:min(checkedQueries, len(s.queries))] {
		within, nearer := 0, 0
		for r := range s.rows {
			d := distance(s.metric, q, s.row(r))
			if nearEnough(s.metric, d, s.kth[i]) {
				within++
			}
			if !nearEnough(s.metric, s.kth[i], d) {
				nearer++
			}
		}
		if within < k || nearer >= k {
			return fmt.Errorf("%s: query %d: %d vectors are as near as its neighbour %d and %d nearer: not the exact neighbours of these files",
				s.name, i, within, k, nearer)
		}
	}
	return nil
}

// findTruth computes the exact neighbours where no file gave them: a search with SearchK ≥ items · trees is exact.
func (s *dataset) findTruth(o *ours, k int) error {
	if s.kth != nil {
		return nil
	}
	progress("%s: exact neighbours", s.name)
	t, err := o.run(0, len(s.queries), min(s.rows*o.index.Trees(), math.MaxInt32))
	if err != nil {
		return err
	}
	return s.setTruth(t.IDs, k)
}
