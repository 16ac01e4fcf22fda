package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/kernel"
)

// axes are the orthonormal directions along which vectors vary most: their principal components, half as many as there are
// dimensions, or a quarter. Tree and codes then are of the coordinates along the axes, and of what is off the axes only the length
// counts: at equal bytes the codes of vectors whose variance is mostly there err by a third to a half less (the rotation of OPQ: Ge
// et al., CVPR 2013), and centroids take as little time as they have coordinates.
//
// They are grouped for the product of the variances to be about the same in every sub-space of a code, by which its
// codewords err least (eigenvalue allocation, ibid.).
type axes struct {
	n, dim int
	fold   int       // dimensions for each axis: 2 or 4
	center []float32 // dim: what is subtracted first, the mean of a sample
	rows   []float32 // n×dim
	packed panels    // of the rows
}

func newAxes(fold int, center, rows []float32) *axes {
	a := &axes{n: len(rows) / len(center), dim: len(center), fold: fold, center: center, rows: rows}
	a.packed.pack(rows, a.dim)
	return a
}

// axisCount is how many axes there are of a fold: whole groups for routing, and whole sub-spaces.
func axisCount(dim, fold int) int { return dim / fold / group * group }

// reader reads vectors into the coded space: the memory of one goroutine.
type reader struct {
	vs    Vectors
	space space
	row   []float32 // as given
	flat  []float32 // less the center, for axes
	tile  tile
}

func newReader(vs Vectors, sp space) *reader {
	r := &reader{vs: vs, space: sp, row: make([]float32, sp.dim)}
	if sp.axes != nil {
		r.flat = make([]float32, tilePoints*sp.dim)
	}
	return r
}

// read sets out(j) to vector at(j) in the coded space, for j from 0 to n−1, and tails[j], unless tails is nil, to the square
// of its length off the axes.
func (r *reader) read(n int, at func(j int) int, out func(j int) []float32, tails []float32) {
	if known, ok := r.vs.(*turned); ok {
		for j := range n {
			i := at(j)
			copy(out(j), known.coded[i*known.n:(i+1)*known.n])
			if tails != nil {
				tails[j] = known.tails[i]
			}
		}
		return
	}
	if r.space.axes == nil {
		for j := range n {
			to := out(j)
			if x := r.space.item(r.vs.Row(at(j), r.row), to); &x[0] != &to[0] {
				copy(to, x)
			}
			if tails != nil {
				tails[j] = 0
			}
		}
		return
	}
	for first := 0; first < n; first += tilePoints {
		m := min(tilePoints, n-first)
		var tails8 []float32
		if tails != nil {
			tails8 = tails[first : first+m]
		}
		r.turn(m, func(j int) int { return at(first + j) }, func(j int) []float32 { return out(first + j) }, tails8)
	}
}

// turn is read for at most a tile of vectors.
func (r *reader) turn(n int, at func(j int) int, out func(j int) []float32, tails []float32) {
	a := r.space.axes
	for j := range n {
		flat := r.flat[j*a.dim : (j+1)*a.dim]
		if x := r.space.item(r.vs.Row(at(j), r.row), flat); &x[0] != &flat[0] {
			copy(flat, x)
		}
		kernel.Blend(flat, 1, a.center, -1)
	}
	r.tile.set(r.flat, a.dim, 0, n)
	for p := range panelCount(a.n) {
		r.tile.multiply(&a.packed, p)
		for j := range n {
			copy(out(j)[p*panelWidth:], r.tile.out[j][:])
		}
	}
	if tails == nil {
		return
	}
	for j := range n {
		flat, on := r.flat[j*a.dim:(j+1)*a.dim], out(j)
		tails[j] = max(0, kernel.Dot(flat, flat)-kernel.Dot(on, on))
	}
}

// turned are vectors whose coordinates along the axes are held.
type turned struct {
	Vectors
	n     int
	coded []float32 // len × n
	tails []float32 // len
}

// turnAll holds the coordinates of all vectors, which partition and codes go over some ten times.
func turnAll(p *pool, vs Vectors, sp space) (*turned, error) {
	t := &turned{Vectors: vs, n: sp.axes.n, coded: make([]float32, vs.Len()*sp.axes.n), tails: make([]float32, vs.Len())}
	readers := make([]*reader, p.workers)
	return t, p.chunks(vs.Len(), assignChunk, func(w, from, to int) error {
		if readers[w] == nil {
			readers[w] = newReader(vs, sp)
		}
		readers[w].read(to-from, func(j int) int { return from + j }, func(j int) []float32 {
			return t.coded[(from+j)*t.n:][:t.n]
		}, t.tails[from:to])
		return nil
	})
}

// stored8 is the axes as a search multiplies a query with them: kernel.RouteMany's groups, in which 1 is scale[i] along axis i.
func (a *axes) stored8() (groups []int8, bias []int32, scale []float32) {
	dim4 := (a.dim + 3) &^ 3
	groups, bias, scale = make([]int8, a.n*dim4), make([]int32, a.n), make([]float32, a.n)
	for i := range a.n {
		row := a.rows[i*a.dim : (i+1)*a.dim]
		largest := float32(0)
		for _, v := range row {
			largest = max(largest, abs(v))
		}
		scale[i] = largest / math.MaxInt8
		bias[i] = place8(groups, dim4, i, row, scale[i])
	}
	return groups, bias, scale
}

// place8 puts x, in steps of scale, in its place of groups, and returns 128 times the sum of its components.
func place8(groups []int8, dim4, place int, x []float32, scale float32) (bias int32) {
	to := groups[place/group*group*dim4:][:group*dim4]
	for d, v := range x {
		q := int8(math.RoundToEven(float64(v) / float64(scale)))
		to[d/4*4*group+place%group*4+d%4] = q
		bias += int32(q)
	}
	return 128 * bias
}
