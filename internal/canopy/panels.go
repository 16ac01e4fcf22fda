package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/kernel"
)

const (
	tilePoints = kernel.ProductPoints
	panelWidth = kernel.ProductCentroids
)

// panels are centroids packed for kernel.Products, 48 together.
type panels struct {
	dim   int
	n     int       // centroids
	data  []float32 // component i of centroid 48p+c at (p·dim+i)·48+c; zero in padding
	norms []float32 // ‖c‖² of each; +Inf in padding, which so is never nearest
}

// count is the number of panels of n centroids.
func panelCount(n int) int { return (n + panelWidth - 1) / panelWidth }

// pack replaces the centroids by those of the rows.
func (ps *panels) pack(rows []float32, dim int) {
	ps.dim, ps.n = dim, len(rows)/dim
	width := panelCount(ps.n) * panelWidth
	ps.data = grow(ps.data, width*dim)
	ps.norms = grow(ps.norms, width)
	clear(ps.data[(width-panelWidth)*dim:])
	for c := range ps.n {
		row := rows[c*dim : (c+1)*dim]
		to := ps.data[c/panelWidth*panelWidth*dim+c%panelWidth:]
		for i, v := range row {
			to[i*panelWidth] = v
		}
		ps.norms[c] = kernel.Dot(row, row)
	}
	for c := ps.n; c < width; c++ {
		ps.norms[c] = float32(math.Inf(1))
	}
}

// tile is 8 points against panels: the memory for one goroutine's calls of kernel.Products.
type tile struct {
	points [tilePoints]*float32
	out    [tilePoints][panelWidth]float32
}

// multiply computes the products of the points with panel p.
func (t *tile) multiply(ps *panels, p int) {
	size := ps.dim * panelWidth
	kernel.Products(&t.points, ps.data[p*size:(p+1)*size], ps.dim, &t.out)
}

// set makes rows first … first+n−1 of the matrix the points, n ≤ 8; the last one fills the tile.
func (t *tile) set(rows []float32, dim, first, n int) {
	for j := range t.points {
		t.points[j] = &rows[(first+min(j, n-1))*dim]
	}
}

// nearest sets out to the nearest centroid of each row: of those equally near, the first. ‖x‖² is the same for all
// centroids and left out.
func (t *tile) nearest(ps *panels, rows []float32, out []uint32) {
	var least [tilePoints]float32
	for first := 0; first < len(out); first += tilePoints {
		n := min(tilePoints, len(out)-first)
		t.set(rows, ps.dim, first, n)
		for p := range panelCount(ps.n) {
			t.multiply(ps, p)
			norms := ps.norms[p*panelWidth : (p+1)*panelWidth]
			for j := range n {
				c, v := kernel.ArgMin(t.out[j][:], norms, -2)
				if p == 0 || v < least[j] {
					least[j], out[first+j] = v, uint32(p*panelWidth+c)
				}
			}
		}
	}
}
