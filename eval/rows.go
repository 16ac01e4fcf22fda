package eval

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/annoy-go/annoy"
)

// ReadRows reads the first vectors of a source into memory, one after the other; limit 0 is all of them. Their ids are
// not kept. Errors: the source's, ctx's.
func ReadRows(ctx context.Context, src annoy.Source, limit int) ([]float32, error) {
	dim, rows := src.Dim(), max(0, src.Len())
	if limit > 0 {
		rows = min(rows, limit)
	}
	flat := make([]float32, 0, rows*dim)
	v := make([]float32, dim)
	for n := 0; limit == 0 || n < limit; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		_, err := src.Next(v)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		flat = append(flat, v...)
	}
	return flat, nil
}

// Split cuts vectors of dim components that lie one after the other. They share the memory.
func Split(flat []float32, dim int) [][]float32 {
	rows := make([][]float32, 0, len(flat)/max(1, dim))
	for ; len(flat) > 0; flat = flat[dim:] {
		rows = append(rows, flat[:dim:dim])
	}
	return rows
}

// Rows is a source of vectors in memory, all of one length, whose ids are their places.
func Rows(vectors [][]float32) annoy.Source { return &rows{vectors: vectors} }

type rows struct {
	vectors [][]float32
	at      int
}

func (r *rows) Len() int { return len(r.vectors) }

func (r *rows) Dim() int {
	if len(r.vectors) == 0 {
		return 0
	}
	return len(r.vectors[0])
}

func (r *rows) Next(dst []float32) (int64, error) {
	if r.at == len(r.vectors) {
		return 0, io.EOF
	}
	if v := r.vectors[r.at]; copy(dst, v) != r.Dim() || len(v) != r.Dim() {
		return 0, fmt.Errorf("annoy: vector %d has %d components, the first has %d", r.at, len(v), r.Dim())
	}
	r.at++
	return int64(r.at - 1), nil
}
