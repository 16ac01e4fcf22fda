package command

import (
	"context"
	"fmt"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// computedTruth is what a report calls a truth that is of no file.
const computedTruth = "computed"

// evaluator has the truth of --truth; else that of an HDF5 file of queries,
// where it is of this index; else one that it computes, of most neighbours. It
// says which, by the file's name or computedTruth.
func (f *evalFlags) evaluator(ctx context.Context, e *env, ix *annoy.Index, queries [][]float32, path string, most int,
	o *eval.Options, bar *progress) (measure *eval.Evaluator, truth string, err error) {
	if f.truth != "" {
		ids, err := readTruth(f.truth)
		if err != nil {
			return nil, "", err
		}
		if measure, err = eval.New(ctx, ix, queries, ids, o); err != nil && ctx.Err() == nil {
			err = inFile(f.truth, err)
		}
		return measure, f.truth, err
	}
	if isHDF5(f.queries) {
		measure, why, err := f.ownTruth(ctx, ix, queries, most, o)
		if why == "" {
			return measure, f.queries, err
		}
		e.warn(why + ": the truth is computed from the index's vectors")
	}
	ids, err := exactTruth(ctx, ix, path, queries, most, bar)
	if err != nil {
		return nil, "", err
	}
	measure, err = eval.New(ctx, ix, queries, ids, o)
	return measure, computedTruth, err
}

// ownTruth is an evaluator by the truth in the file of queries, or says why
// that does not serve: the index may be of another metric or of other items
// than the file, and k larger than what is stored.
func (f *evalFlags) ownTruth(ctx context.Context, ix *annoy.Index, queries [][]float32, most int,
	o *eval.Options) (measure *eval.Evaluator, why string, err error) {
	has, why, err := truthOfQueries(f.queries, ix.Metric())
	if err != nil || !has {
		return nil, why, err
	}
	ids, err := readTruth(f.queries)
	if err != nil {
		return nil, "", err
	}
	if len(ids) > 0 && len(ids[0]) < most {
		return nil, fmt.Sprintf("%s has %s of each query, and %d are asked for", f.queries, count(len(ids[0]), "neighbour"), most), nil
	}
	if measure, err = eval.New(ctx, ix, queries, ids, o); err != nil && ctx.Err() == nil {
		return nil, fmt.Sprintf("the neighbours in %s are not of this index: %v", f.queries, err), nil
	}
	return measure, "", err
}
