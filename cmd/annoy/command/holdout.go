package command

import (
	"context"
	"io"
	"slices"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

// holdOut divides a vector file into a base and queries.
type holdOut struct {
	from          string
	table         *tableFlags
	base, queries string // files to write
	count         int    // 0: by the size of the file
	seed          uint64
	k             int
}

// heldOut is a file divided: both parts are written, but have no names yet.
type heldOut struct {
	chosen        map[int]bool // rows that are queries
	asked         [][]float32  // they
	base, queries *vecio.Writer
}

func (h *heldOut) abort() {
	h.base.Abort()
	h.queries.Abort()
}

// commit gives both files their names.
func (h *heldOut) commit() error {
	if err := h.queries.Close(); err != nil {
		return err
	}
	return h.base.Close()
}

// write chooses the queries and writes both parts.
func (h *holdOut) write(ctx context.Context, bar *progress) (*heldOut, error) {
	n, err := h.rows(ctx, bar)
	if err != nil {
		return nil, err
	}
	held := h.count
	if held == 0 {
		held = max(1, min(mostHeldOut, n/10))
	}
	if n-held < h.k {
		return nil, usagef("-k %d: %s has %s, and %d of them are to be held out", h.k, h.from, count(n, "vector"), held)
	}
	src, err := h.table.of(h.from).open(h.from, "")
	if err != nil {
		return nil, err
	}
	defer src.close()
	o := &vecio.WriteOptions{Format: vecio.Npy, Element: src.reader.Element()}
	if o.Validate() != nil {
		o.Element = vecio.Float32 // int64, which is only read
	}
	base, err := vecio.Create(h.base, src.Dim(), o)
	if err != nil {
		return nil, err
	}
	queries, err := vecio.Create(h.queries, src.Dim(), o)
	if err != nil {
		base.Abort()
		return nil, err
	}
	parts := &heldOut{chosen: sample(n, held, h.seed), base: base, queries: queries}
	if err := parts.divide(ctx, src, n, bar); err != nil {
		parts.abort()
		return nil, err
	}
	return parts, nil
}

// divide writes each row to its part.
func (h *heldOut) divide(ctx context.Context, src annoy.Source, n int, bar *progress) error {
	v := make([]float32, src.Dim())
	for row := 0; ; row++ {
		if row%cancelRows == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			bar.update("hold out", int64(row), int64(n))
		}
		_, err := src.Next(v)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		to := h.base
		if h.chosen[row] {
			to = h.queries
			h.asked = append(h.asked, slices.Clone(v))
		}
		if err := to.Write(v); err != nil {
			return err
		}
	}
}

// keptRows are the rows of a source that were not held out, whose ids are their
// places among these.
type keptRows struct {
	annoy.Source
	out      map[int]bool
	row, got int
}

func (k *keptRows) Len() int {
	n := k.Source.Len()
	if n < 0 {
		return n
	}
	return n - len(k.out)
}

func (k *keptRows) Next(dst []float32) (int64, error) {
	for {
		if _, err := k.Source.Next(dst); err != nil {
			return 0, err
		}
		k.row++
		if !k.out[k.row-1] {
			k.got++
			return int64(k.got - 1), nil
		}
	}
}

// rows is how many vectors the file has, which for text takes reading it.
func (h *holdOut) rows(ctx context.Context, bar *progress) (int, error) {
	src, err := h.table.of(h.from).open(h.from, "")
	if err != nil {
		return 0, err
	}
	defer src.close()
	if n := src.Len(); n >= 0 {
		return n, nil
	}
	v := make([]float32, src.Dim())
	for n := 0; ; n++ {
		if n%cancelRows == 0 {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			bar.update("count", int64(n), -1)
		}
		if _, err := src.Next(v); err == io.EOF {
			return n, nil
		} else if err != nil {
			return 0, err
		}
	}
}
