package peers

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

// input is what a comparison's files hold.
type input struct {
	base, queries []float32
	dim           int
	truth         [][]int64 // nil: to be computed
}

// isHDF5 tells a file of ann-benchmarks, which has base, queries and truth, by its name.
func isHDF5(path string) bool {
	f, err := vecio.FormatOf(path)
	return err == nil && f == vecio.HDF5
}

// Source is a file of vectors that is open.
type Source interface {
	annoy.Source
	Close() error
}

// open opens a file of vectors by the options' Open; dataset names one of an HDF5 file, "": the base.
func (o *Options) open(path, dataset string) (Source, error) {
	if o.Open != nil {
		return o.Open(path, dataset)
	}
	return vecio.Open(path, &vecio.ReadOptions{Dataset: dataset})
}

// readInput reads at most limit rows of the base (0: all) and as many queries as are wanted.
func readInput(ctx context.Context, o *Options, limit, queries int) (in input, err error) {
	if in.base, in.dim, err = readRows(ctx, o, o.Base, "", limit); err != nil {
		return in, err
	}
	path := o.Queries
	if path == "" && isHDF5(o.Base) {
		path = o.Base
	}
	if path == "" {
		return in, nil
	}
	dataset := ""
	if isHDF5(path) {
		dataset = "test"
	}
	dim := 0
	if in.queries, dim, err = readRows(ctx, o, path, dataset, queries); err != nil {
		return in, err
	}
	if dim != in.dim {
		return in, fmt.Errorf("annoy: %s: vectors of dimension %d, those of %s have %d", path, dim, o.Base, in.dim)
	}
	switch {
	case o.Truth != "" && isHDF5(o.Truth):
		in.truth, err = readNeighbors(o.Truth)
	case o.Truth != "":
		in.truth, err = eval.ReadIDs(o.Truth)
	case path == o.Base && limit == 0 && hasNeighbors(path, o.Metric):
		in.truth, err = readNeighbors(path)
	}
	return in, err
}

// hasNeighbors says whether an HDF5 file has the exact neighbours of its queries, by its own metric: that is, by the one
// asked for, or it does not say which.
func hasNeighbors(path string, m annoy.Metric) bool {
	h, err := vecio.OpenHDF5(path)
	if err != nil {
		return false // what opened it for its vectors has told, or will
	}
	defer h.Close()
	own, err := annoy.ParseMetric(attribute(h))
	return slices.ContainsFunc(h.Datasets(), func(d vecio.DatasetInfo) bool { return d.Name == "neighbors" }) && (err != nil || own == m)
}

func attribute(h *vecio.HDF5File) string {
	name, _ := h.Attribute("distance")
	return name
}

// readRows reads the first rows of a file of vectors, limit 0 being all; dataset names one of an HDF5 file.
func readRows(ctx context.Context, o *Options, path, dataset string, limit int) (flat []float32, dim int, err error) {
	r, err := o.open(path, dataset)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	if flat, err = eval.ReadRows(ctx, r, limit); err != nil {
		return nil, 0, err
	}
	if len(flat) == 0 {
		return nil, 0, fmt.Errorf("annoy: %s has no vectors", path)
	}
	return flat, r.Dim(), nil
}

// readNeighbors reads the exact neighbours that an HDF5 file of ann-benchmarks has beside its queries.
func readNeighbors(path string) ([][]int64, error) {
	h, err := vecio.OpenHDF5(path)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	values, shape, err := h.Ints("neighbors")
	if err != nil {
		return nil, err
	}
	if len(shape) != 2 {
		return nil, fmt.Errorf("annoy: %s#neighbors has %d dimensions, want 2", path, len(shape))
	}
	rows := make([][]int64, shape[0])
	for i := range rows {
		for _, v := range values[i*shape[1] : (i+1)*shape[1]] {
			rows[i] = append(rows[i], int64(v))
		}
	}
	return rows, nil
}

// asNpy is the path of a file with these rows that NumPy reads: path itself where it has them, or a copy at out.
func asNpy(path, out string, flat []float32, dim int) (string, error) {
	if strings.EqualFold(filepath.Ext(path), ".npy") {
		return filepath.Abs(path)
	}
	w, err := vecio.Create(out, dim, nil)
	if err != nil {
		return "", err
	}
	defer w.Abort()
	for ; len(flat) > 0; flat = flat[dim:] {
		if err := w.Write(flat[:dim]); err != nil {
			return "", err
		}
	}
	return out, w.Close()
}
