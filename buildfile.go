package annoy

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Source is a stream of vectors, such as the readers of package vecio, which are each a KeySource.
type Source interface {
	// Dim is the number of components of every vector; 0 only for a source without vectors.
	Dim() int
	// Len is how many vectors there are in all, or −1 where only the end will tell.
	Len() int
	// Next fills dst[:Dim()] with the next vector and returns its id; io.EOF after the last.
	Next(dst []float32) (id int64, err error)
}

// KeySource is a Source whose vectors may have keys, for a canopy. Where they have, BuildFile adds them by their keys, and
// does not use the ids of Next.
type KeySource interface {
	Source
	// HasKeys says whether the vectors have keys: all of them, or none. The answer does not change.
	HasKeys() bool
	// Key is the key of the vector that Next gave last.
	Key() string
}

// readCheck is how many vectors are read between two looks at the context.
const readCheck = 1000

// BuildFile builds an index of src straight into the file at path: a canopy if the name ends in .canopy, else a forest,
// with the sidecar path.meta; o.Kind must be of that kind. The vectors are never in memory together. Beyond the page cache,
// which the system takes back when it needs it, building a forest holds 4 bytes an item; for each of two trees at a time 8 bytes
// an item and twice the tree's nodes; and 10 MiB a worker. For a canopy the vectors are first written to a temporary file
// beside path, as float32 (4·Dim + 16 bytes each); building holds some 20 bytes an item, 8 more where ids are not 0, 1, 2, …, the
// keys, two centroids for some hundred items, 10 MiB a worker, and what BuildOptions.MaxMemory says: no more than half of
// that at a time, for the garbage collector, by its default setting, to let it double. For a forest the collector lets what is
// held double. Where there is no mmap (Windows, Plan 9, js, wasip1, some file
// systems) the items are read into memory while the index is built, and then the whole file to describe it. On an error,
// ctx's included, no temporary file is left behind and an older file at path is as it was, except after the failure of
// the last step that Build describes. Errors: those of src, Add and Build, ErrOption (no path, or one of another kind).
func BuildFile(ctx context.Context, src Source, m Metric, path string, o *BuildOptions) (Stats, error) {
	if o == nil {
		o = &BuildOptions{}
	}
	if err := o.Validate(); err != nil {
		return Stats{}, err
	}
	if err := checkName(path, o.Kind); err != nil { // NewBuilder takes no path for a builder in memory
		return Stats{}, err
	}
	b, err := NewBuilder(src.Dim(), m, &BuilderOptions{OnDisk: path, DotDialect: o.DotDialect, Warn: o.Warn})
	if err != nil {
		return Stats{}, err
	}
	defer b.Close()
	if err := addAll(ctx, b, src, o.Progress); err != nil {
		return Stats{}, err
	}
	ix, err := b.Build(ctx, o)
	if err != nil {
		return Stats{}, err
	}
	defer ix.Close()
	return ix.Stats()
}

// addAll adds every vector of src.
func addAll(ctx context.Context, b *Builder, src Source, report func(Progress)) error {
	v := make([]float32, src.Dim())
	keyed, _ := src.(KeySource)
	if keyed != nil && !keyed.HasKeys() {
		keyed = nil
	}
	r := reporter{to: report, least: readCheck}
	for row := int64(0); ; row++ {
		if row%readCheck == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			r.tell(Progress{Stage: "read", Done: row, Total: int64(src.Len())})
		}
		id, err := src.Next(v)
		if errors.Is(err, io.EOF) {
			r.tell(Progress{Stage: "read", Done: row, Total: int64(src.Len())})
			r.end()
			return nil
		}
		if err != nil {
			return err
		}
		if keyed != nil {
			err = b.AddKey(keyed.Key(), v)
		} else {
			err = b.add(id, v)
		}
		if err != nil {
			return fmt.Errorf("%w (row %d)", err, row)
		}
	}
}
