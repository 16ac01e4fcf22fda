package command

import (
	"context"
	"io"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

// readQueries reads all vectors of a file, of an HDF5 file those of its
// queries.
func readQueries(ctx context.Context, path string, table *tableFlags) ([][]float32, error) {
	f := table.of(path)
	if isHDF5(path) {
		f.dataset = queriesDataset
	}
	r, err := f.open(path, "")
	if err != nil {
		return nil, err
	}
	defer r.close()
	var all [][]float32
	for {
		if len(all)%cancelRows == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		v := make([]float32, r.Dim())
		if _, err := r.Next(v); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return nil, usagef("%s has no vectors to ask for", path)
	}
	return all, nil
}

// readTruth reads the ids of true neighbours.
func readTruth(path string) ([][]int64, error) {
	if !isHDF5(path) {
		return eval.ReadIDs(path)
	}
	f, err := vecio.OpenHDF5(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	values, shape, err := f.Ints(truthDataset)
	if err != nil {
		return nil, err
	}
	if len(shape) != 2 {
		return nil, usagef("%s: its dataset %s has %d dimensions, want 2", path, truthDataset, len(shape))
	}
	ids := make([][]int64, shape[0])
	for q := range ids {
		for _, id := range values[q*shape[1] : (q+1)*shape[1]] {
			ids[q] = append(ids[q], int64(id))
		}
	}
	return ids, nil
}

// exactTruth finds the true neighbours among the items of an index.
func exactTruth(ctx context.Context, ix *annoy.Index, path string, queries [][]float32, k int, bar *progress) ([][]int64, error) {
	src, err := newIndexSource(ix, path)
	if err != nil {
		return nil, err
	}
	defer src.close()
	t, err := eval.Exact(ctx, src, queries, ix.Metric(), k, &eval.ExactOptions{
		Progress: func(rows, total int64) { bar.update("truth", rows, total) },
	})
	if err != nil {
		return nil, inFile(path, err)
	}
	return t.IDs, nil
}
