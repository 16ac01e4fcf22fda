package canopy

import (
	"fmt"
	"math"
	"sync"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/metric"
)

// RowsError is the error of a component that the rows' element type, which the caller asked for, cannot stand for.
type RowsError struct {
	Element   kernel.Element
	Component float32
}

func (e *RowsError) Error() string {
	return fmt.Sprintf("annoy: a component of %v cannot be in rows of %v", e.Component, elementNames[e.Element])
}

var elementNames = [...]string{kernel.Float32: "float32", kernel.Float16: "float16", kernel.Int8: "int8", kernel.Uint8: "uint8"}

// surveyed is what all vectors have in common.
type surveyed struct {
	mask           uint8 // the element types that hold every component exactly
	least, largest float32
	norm           float64 // the largest ‖x‖²
}

func (e *surveyed) merge(o surveyed) {
	e.mask &= o.mask
	e.least, e.largest = min(e.least, o.least), max(e.largest, o.largest)
	e.norm = max(e.norm, o.norm)
}

func (e *surveyed) add(v []float32, isDot bool) {
	e.mask = kernel.Fits(v, e.mask)
	for _, x := range v {
		e.least, e.largest = min(e.least, x), max(e.largest, x)
	}
	if isDot {
		e.norm = max(e.norm, metric.Squares(v))
	}
}

// survey passes over all vectors, and finds the element type of the rows and, for Dot, the space.
func (b *builder) survey() error {
	const all = 1<<kernel.Float32 | 1<<kernel.Float16 | 1<<kernel.Int8 | 1<<kernel.Uint8
	whole := surveyed{mask: all}
	pool := newPool(b.ctx, b.Workers, b.Guard)
	rows := make([][]float32, pool.workers)
	var lock sync.Mutex // for whole: the order of merging does not matter
	progress := newProgress(b.tell("survey"), int64(b.vs.Len()))
	err := pool.chunks(b.vs.Len(), assignChunk, func(w, from, to int) error {
		rows[w] = grow(rows[w], b.vs.Dim())
		part := surveyed{mask: all}
		for i := from; i < to; i++ {
			part.add(b.vs.Row(i, rows[w]), b.Metric == Dot)
		}
		progress.add(int64(to - from))
		lock.Lock()
		defer lock.Unlock()
		whole.merge(part)
		return nil
	})
	if err != nil {
		return err
	}
	b.space = b.space.within(whole.norm)
	return b.chooseElement(&whole)
}

// chooseElement takes the narrowest element type that is exact, or the one that was asked for: of integers that
// are not exact, rows are multiples of a step that makes the largest component the largest integer.
func (b *builder) chooseElement(e *surveyed) error {
	b.element, b.rowScale = b.Element, 1
	if b.Auto {
		b.about.RowsWhy = Exact
		b.element = kernel.Float32
		for _, narrow := range []kernel.Element{kernel.Uint8, kernel.Int8, kernel.Float16} {
			if e.mask>>narrow&1 == 1 {
				b.element = narrow
				break
			}
		}
		return nil
	}
	if e.mask>>b.element&1 == 1 {
		return nil
	}
	b.about.RowsWhy = Rounded
	largest := max(e.largest, -e.least)
	switch b.element {
	case kernel.Float16:
		if largest > maxFloat16 {
			return &RowsError{b.element, largest}
		}
	case kernel.Int8:
		b.rowScale = largest / math.MaxInt8
	case kernel.Uint8:
		if e.least < 0 {
			return &RowsError{b.element, e.least}
		}
		b.rowScale = largest / math.MaxUint8
	}
	if !(b.rowScale > 0) { // all components are nearly or exactly zero, some perhaps −0
		b.rowScale = 1
	}
	return nil
}

// maxFloat16 is the largest finite float16.
const maxFloat16 = 65504
