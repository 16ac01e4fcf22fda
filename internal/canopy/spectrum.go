package canopy

import (
	"math"
	"slices"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/kiss"
)

// Measured constants of the axes (SIFT, text embeddings and pictures, see docs/adr).
const (
	axesFrom         = 64             // dimensions, below which codes are small whatever they code
	axesVectors      = 8              // of the sample, for each dimension,
	axesSample       = 4096           // and at least so many
	leastAxesVectors = 2              // for each dimension, without which their products say little
	axesWork         = int64(1) << 35 // multiplications that the products may take
	axesRounds       = 10
	axesLook         = 3    // rounds after which vectors that vary in all directions are given up,
	axesHopeless     = 0.65 // by the share of the variance that half of them have
	axesHalf         = 0.8  // the share from which half of the axes are taken
	axesQuarter      = 0.93 // and a quarter
)

// findAxes finds the axes of the vectors on a sample of them; nil where they vary in too many directions for half of the
// coordinates to stand for all, and where there are too few of either. Products are estimated, not distances, where the
// metric is Dot: what is off the axes would be missing.
//
// The axes are found by orthogonal iteration (Golub and Van Loan, Matrix Computations, §8.2) on the covariances.
func (b *builder) findAxes() error {
	dim, n := b.space.dim, b.vs.Len()
	want := max(axesVectors*dim, axesSample)
	if b.memory > 0 {
		want = min(want, int(max(b.memory/2, leastSampleBytes)/int64(3*4*dim)))
	}
	want = int(min(int64(min(want, n)), axesWork/(int64(dim)*int64(dim))))
	if b.Metric == Dot || dim < axesFrom || want < leastAxesVectors*dim {
		return nil
	}
	s := &spectrum{pool: newPool(b.ctx, b.Workers, b.Guard), dim: dim, rng: kiss.Stream(b.Seed, streamAxes, 1)}
	if err := s.covariances(b.vs, b.space, spread(n, want, kiss.Stream(b.Seed, streamAxes, 0))); err != nil {
		return err
	}
	ok, err := s.iterate(axisCount(dim, 2))
	if err != nil || !ok {
		return err
	}
	quarter, half := axisCount(dim, 4), axisCount(dim, 2)
	switch {
	case s.share(quarter) >= axesQuarter:
		b.space.axes = s.axes(quarter, 4)
	case s.share(half) >= axesHalf:
		b.space.axes = s.axes(half, 2)
	}
	return nil
}

// spectrum is the search for axes.
type spectrum struct {
	*pool
	dim       int
	rng       kiss.Source
	center    []float32
	total     float64   // variance
	products  panels    // of a sample's components with each other: the rows of the covariance matrix
	basis     []float32 // axes × dim, orthonormal
	variances []float64 // along each
}

// covariances reads the sample and multiplies its components with each other.
func (s *spectrum) covariances(vs Vectors, sp space, list []int) error {
	n, dim := len(list), s.dim
	rows := make([]float32, n*dim)
	readers := make([]*reader, s.workers)
	err := s.chunks(n, assignChunk, func(w, from, to int) error {
		if readers[w] == nil {
			readers[w] = newReader(vs, sp)
		}
		readers[w].read(to-from, func(j int) int { return list[from+j] }, func(j int) []float32 { return rows[(from+j)*dim:][:dim] }, nil)
		return nil
	})
	if err != nil {
		return err
	}
	sum := make([]float64, dim)
	for at := 0; at < len(rows); at += dim {
		for i, v := range rows[at : at+dim] {
			sum[i] += float64(v)
		}
	}
	s.center = make([]float32, dim)
	setMean(s.center, sum, n)
	columns := make([]float32, n*dim)
	err = s.chunks(dim, group, func(_, from, to int) error {
		for i := range n {
			for c, v := range rows[i*dim+from : i*dim+to] {
				columns[(from+c)*n+i] = v - s.center[from+c]
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var packed panels
	packed.pack(columns, n)
	matrix := rows[:dim*dim]
	if err := s.multiply(columns, n, &packed, matrix); err != nil {
		return err
	}
	for i := range dim {
		s.total += float64(matrix[i*dim+i])
	}
	s.products.pack(matrix, dim)
	return nil
}

// multiply sets out to the products of rows, of so many components each, with all centroids of the panels.
func (s *spectrum) multiply(rows []float32, dim int, ps *panels, out []float32) error {
	tiles := make([]tile, s.workers)
	return s.chunks(len(rows)/dim, tilePoints, func(w, from, to int) error {
		t := &tiles[w]
		t.set(rows, dim, from, to-from)
		for p := range panelCount(ps.n) {
			t.multiply(ps, p)
			for j := range to - from {
				row := out[(from+j)*ps.n : (from+j+1)*ps.n]
				copy(row[p*panelWidth:], t.out[j][:])
			}
		}
		return nil
	})
}

// iterate turns a random basis of n directions towards those of the largest variances; false where these are too many.
func (s *spectrum) iterate(n int) (ok bool, err error) {
	if !(s.total > 0) || s.total > math.MaxFloat32 {
		return false, nil
	}
	s.basis, s.variances = make([]float32, n*s.dim), make([]float64, n)
	s.random(s.basis)
	next := make([]float32, n*s.dim)
	for round := range axesRounds {
		s.orthonormalize()
		if err := s.multiply(s.basis, s.dim, &s.products, next); err != nil {
			return false, err
		}
		for i := range n {
			s.variances[i] = float64(kernel.Dot(s.basis[i*s.dim:(i+1)*s.dim], next[i*s.dim:(i+1)*s.dim]))
		}
		if round == axesLook && s.share(n) < axesHopeless {
			return false, nil
		}
		if round < axesRounds-1 {
			s.basis, next = next, s.basis
		}
	}
	return true, nil
}

// orthonormalize is Gram and Schmidt's procedure, with as many passes over a row as it takes for what is left of it to be
// orthogonal to the others: twice is enough (Giraud et al., 2005) but where next to nothing is left. A row without a direction
// of its own, since vectors vary in fewer, gets a random one.
func (s *spectrum) orthonormalize() {
	const most = 4
	dim := s.dim
	for i := range len(s.basis) / dim {
		row := s.basis[i*dim : (i+1)*dim]
		normalize(row, 1, row)
		for pass := range most {
			for j := range i {
				before := s.basis[j*dim : (j+1)*dim]
				kernel.Blend(row, 1, before, -kernel.Dot(row, before))
			}
			left := kernel.Dot(row, row)
			if !(left > 1e-12) {
				s.random(row)
			}
			normalize(row, 1, row)
			if pass > 0 && left > 0.5 {
				break
			}
		}
	}
}

// random sets a row to a random direction.
func (s *spectrum) random(row []float32) {
	for i := range row {
		row[i] = float32(s.rng.Uint64()>>40)/(1<<24) - 0.5
	}
}

// share is how much of the variance the n largest directions have.
func (s *spectrum) share(n int) float64 {
	sorted := slices.Clone(s.variances)
	slices.Sort(sorted)
	sum := 0.0
	for _, v := range sorted[len(sorted)-n:] {
		sum += v
	}
	return sum / s.total
}

// axes are the n largest directions, in the order of the sub-spaces of codes.
func (s *spectrum) axes(n, fold int) *axes {
	order := make([]int, len(s.variances))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		switch a, b := s.variances[x], s.variances[y]; {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	rows := make([]float32, 0, n*s.dim)
	for _, i := range balance(s.variances, order[:n], One8.Dims()/fold) {
		rows = append(rows, s.basis[i*s.dim:(i+1)*s.dim]...)
	}
	return newAxes(fold, s.center, rows)
}

// balance groups directions, descending by variance, by so many: each goes to the group with the smallest product of variances that
// has room. In a group of four the outer and the inner two are neighbours, since shapes of smaller sub-spaces take them by two.
func balance(variances []float64, order []int, size int) []int {
	groups := make([][]int, len(order)/size)
	logs := make([]float64, len(groups))
	least := max(variances[order[len(order)-1]], variances[order[0]]*1e-6, 1e-300)
	for _, i := range order {
		to := -1
		for g := range groups {
			if len(groups[g]) < size && (to < 0 || logs[g] < logs[to]) {
				to = g
			}
		}
		groups[to] = append(groups[to], i)
		logs[to] += math.Log(max(variances[i], least) / least)
	}
	all := make([]int, 0, len(order))
	for _, g := range groups {
		if len(g) == 4 {
			g = []int{g[0], g[3], g[1], g[2]}
		}
		all = append(all, g...)
	}
	return all
}
