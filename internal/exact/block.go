package exact

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/metric"
)

// Source is a stream of vectors; annoy.Source is the same.
type Source interface {
	Dim() int
	Len() int // −1: not known
	Next(dst []float32) (id int64, err error)
}

// blockFloats is about how many components a block of the base has: 16 MB of them, and as much again packed.
// There are two blocks, one being read while the other is searched.
const blockFloats = 4 << 20

// blockRows is how many rows a block has, whole panels.
func blockRows(dim int) int {
	return max(1, min(blockFloats/dim, 1<<16)/kernel.TileRows) * kernel.TileRows
}

// block is some consecutive rows of the base.
type block struct {
	first  int64 // number of the first row
	n      int   // rows
	ids    []int64
	rows   []float32
	panels []float32 // the rows, scaled and packed for the tile kernels; not for Hamming
	words  []uint64  // for Hamming, the rows as bits; those behind the last are zero
	crc    uint32    // of the base from its first row to the last one here
	last   bool      // the base ends here
	err    error     // what ended reading, other than the end
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum continues a checksum with vectors, as they lie in memory: it is compared on the same machine only.
func sum(crc uint32, v []float32) uint32 {
	if len(v) == 0 {
		return crc
	}
	return crc32.Update(crc, castagnoli, unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*len(v)))
}

// reader fills blocks from a source.
type reader struct {
	src  Source
	dim  int
	skip int64 // rows that are counted and summed, not searched
	row  int64
	crc  uint32
}

// fill reads the next block: up to its capacity, to the last row to skip, or to the end.
func (r *reader) fill(ctx context.Context, b *block) {
	b.first, b.n, b.last, b.err = r.row, 0, false, nil
	limit := cap(b.ids)
	if r.row < r.skip {
		limit = int(min(int64(limit), r.skip-r.row))
	}
	b.ids = b.ids[:limit]
	for b.n < limit {
		if b.n%1024 == 0 && ctx.Err() != nil {
			b.err = ctx.Err()
			return
		}
		v := b.rows[b.n*r.dim : (b.n+1)*r.dim]
		id, err := r.src.Next(v)
		if errors.Is(err, io.EOF) {
			b.last = true
			break
		}
		if err != nil {
			b.err = err
			return
		}
		b.ids[b.n] = id
		b.n++
	}
	b.ids = b.ids[:b.n]
	r.row += int64(b.n)
	r.crc = sum(r.crc, b.rows[:b.n*r.dim])
	b.crc = r.crc
}

// checkFinite names the first component that is not finite; first is the number of the first row of v.
func checkFinite(v []float32, dim int, what string, first int64) error {
	for i, x := range v {
		if x-x != 0 {
			return fmt.Errorf("annoy: %s %d, component %d: %v is refused: components must be finite", what, first+int64(i/dim), i%dim, x)
		}
	}
	return nil
}

// extent is the number that scaling goes by: the largest norm of the rows for Dot, the largest absolute component for
// Euclidean and Manhattan, 0 for the others. It is NaN or infinite only where a component is.
func (m Metric) extent(rows []float32, dim int) float64 {
	var largest float64
	switch m {
	case Dot:
		for ; len(rows) >= dim && dim > 0; rows = rows[dim:] {
			if s := metric.Squares(rows[:dim]); !(s <= largest) {
				largest = s
			}
		}
		return math.Sqrt(largest)
	case Euclidean, Manhattan:
		var bits uint32 // of absolute values, whose order is that of the numbers, with NaN above all
		for _, x := range rows {
			bits = max(bits, math.Float32bits(x)&^(1<<31))
		}
		return float64(math.Float32frombits(bits))
	}
	return 0
}

// powerBelow is the power of two that brings x into (1/2, 1], or 0 to 0.
func powerBelow(x float64) float64 {
	if x == 0 {
		return 1
	}
	fraction, exp := math.Frexp(x)
	if fraction == 0.5 {
		exp--
	}
	return math.Ldexp(1, -exp)
}

// pack writes the rows of dimension dim, each times scale or for angles normalised, into a panel of the given width;
// places behind the last row become zero.
func (m Metric) pack(panel, rows []float32, dim, width int, scale func(row int) float64) {
	n := len(rows) / dim
	for j := range width {
		if j >= n {
			for c := range dim {
				panel[c*width+j] = 0
			}
			continue
		}
		row, s := rows[j*dim:(j+1)*dim], scale(j)
		if m == Angular || m == Cosine {
			if norm := metric.Squares(row); norm > 0 {
				s /= math.Sqrt(norm)
			}
		}
		at := j
		for _, x := range row {
			// In float64, where neither the scale nor the product can overflow or round.
			panel[at] = float32(float64(x) * s)
			at += width
		}
	}
}

// bits packs the components of rows into words, bit c%64 of word c/64 set where component c is above 0.5.
func packBits(words []uint64, rows []float32, dim int) {
	clear(words)
	n := (dim + 63) / 64
	for i := 0; (i+1)*dim <= len(rows); i++ {
		w := words[i*n : (i+1)*n]
		for c, x := range rows[i*dim : (i+1)*dim] {
			if x > 0.5 {
				w[c/64] |= 1 << (c % 64)
			}
		}
	}
}
