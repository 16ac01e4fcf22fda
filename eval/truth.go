package eval

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/exact"
	"github.com/annoy-go/annoy/vecio"
)

// Truth are the exact nearest neighbours of queries.
type Truth struct {
	// IDs are each query's neighbours, nearest first, of equal distances the one that came first in the base: k of
	// them, or as many as the base has.
	IDs [][]int64
	// Distances are theirs, in float64; for Dot the products.
	Distances [][]float64
	// Rows is how many vectors the base had.
	Rows int64
}

// ExactOptions configure Exact; nil is the zero value.
type ExactOptions struct {
	// Workers is how many goroutines search. Default (0): one a processor.
	Workers int
	// State is the path of a file in which a search that was interrupted is kept, and from which the same search, of the
	// same base, queries, metric and k, continues. It is written every few seconds, and removed at the end. Default
	// (""): an interrupted search is lost.
	State string
	// Progress, when set, is told after each block how many rows of the base are done, of how many (−1: not known).
	Progress func(rows, total int64)
}

// ErrState is what errors match where ExactOptions.State names a file that is no state of this search: of another
// metric, k, queries or base, or damaged. Removing it starts anew.
var ErrState = exact.ErrState

// saveEvery is the time between two states: much longer than writing one takes.
const saveEvery = 10 * time.Second

// Exact finds the k nearest vectors of base for every query, by comparing all with all. Distances and order are those of
// float64. The base streams by: memory holds the queries, their neighbours and some 64 MB. Errors: those of base and
// of ctx, a dimension that differs, a component that is not finite, an option or metric that does not exist, ErrState.
func Exact(ctx context.Context, base annoy.Source, queries [][]float32, m annoy.Metric, k int, o *ExactOptions) (*Truth, error) {
	if o == nil {
		o = &ExactOptions{}
	}
	s, err := exact.New(exact.Metric(m), k, queries)
	if err != nil {
		return nil, err
	}
	if o.State != "" {
		if err := s.Load(o.State); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	saved := time.Now()
	err = s.Add(ctx, base, &exact.Options{Workers: o.Workers, Checkpoint: func(rows int64) error {
		if o.Progress != nil {
			o.Progress(rows, int64(base.Len()))
		}
		if o.State == "" || time.Since(saved) < saveEvery {
			return nil
		}
		saved = time.Now()
		return s.Save(o.State)
	}})
	if err != nil {
		if o.State != "" && s.Rows() > 0 && !errors.Is(err, ErrState) {
			err = errors.Join(err, s.Save(o.State))
		}
		return nil, err
	}
	if o.State != "" {
		if err := os.Remove(o.State); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("annoy: %w", err)
		}
	}
	t := &Truth{IDs: make([][]int64, len(queries)), Distances: make([][]float64, len(queries)), Rows: s.Rows()}
	for q := range queries {
		for _, n := range s.Neighbors(q) {
			t.IDs[q] = append(t.IDs[q], n.ID)
			t.Distances[q] = append(t.Distances[q], n.Distance)
		}
	}
	return t, nil
}

// ReadIDs reads a file of true neighbours: a row for each query, the ids of its nearest, nearest first, as integers (npy
// of int32 or int64, ivecs). Errors: those of vecio.
func ReadIDs(path string) ([][]int64, error) {
	rows, err := vecio.ReadInts(path)
	if err != nil {
		return nil, err
	}
	ids := make([][]int64, len(rows))
	for q, row := range rows {
		ids[q] = make([]int64, len(row))
		for i, id := range row {
			ids[q][i] = int64(id)
		}
	}
	return ids, nil
}
