package kernel

// A tile is a block of TileQueries queries against TileRows rows, whose sums stay in registers while the components
// pass: every component that is loaded serves a whole row or column of the tile. Both sides lie packed in panels,
// component by component: panel[c·TileQueries+a] is component c of query a, panel[c·TileRows+b] that of row b.
const (
	TileQueries = 12
	TileRows    = 32
)

// TileLimits are the limits of a tile's queries.
type TileLimits [TileQueries]float32

// TileSums are the results of a tile: a line for each query.
type TileSums [TileQueries][TileRows]float32

// TileMask has bit b of line a set where the sum of query a and row b is within the query's limit.
type TileMask [TileQueries]uint32

// TileDot computes for every query of the panel q and every row of the panel x the sum of their products, and the
// mask of the sums that are not greater than the query's limit; a NaN is not greater. Each sum is added up from the
// first component to the last, in one float32, on the paths with assembly by fused multiply-add. Both panels have the
// same number of components; it panics when x is shorter than q's.
func TileDot(q, x []float32, limit *TileLimits, out *TileSums, mask *TileMask) {
	n := tileLength(q, x)
	if n == 0 || !hasTiles || current == Go {
		tileGo(q, x, n, limit, out, mask, addDot)
		return
	}
	tileDot(&q[0], &x[0], n, &limit[0], &out[0][0], &mask[0])
}

// TileL2 is TileDot for the sum of the squared differences.
func TileL2(q, x []float32, limit *TileLimits, out *TileSums, mask *TileMask) {
	n := tileLength(q, x)
	if n == 0 || !hasTiles || current == Go {
		tileGo(q, x, n, limit, out, mask, addL2)
		return
	}
	tileL2(&q[0], &x[0], n, &limit[0], &out[0][0], &mask[0])
}

// TileL1 is TileDot for the sum of the absolute differences.
func TileL1(q, x []float32, limit *TileLimits, out *TileSums, mask *TileMask) {
	n := tileLength(q, x)
	if n == 0 || !hasTiles || current == Go {
		tileGo(q, x, n, limit, out, mask, addL1)
		return
	}
	tileL1(&q[0], &x[0], n, &limit[0], &out[0][0], &mask[0])
}

func tileLength(q, x []float32) int {
	n := len(q) / TileQueries
	_ = x[:n*TileRows]
	return n
}
