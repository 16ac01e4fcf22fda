//go:build !purego

package kernel

const hasProducts = true

func products(points *[ProductPoints]*float32, panel *float32, dim int, out *[ProductPoints][ProductCentroids]float32) {
	productTile(&points[0], panel, dim, &out[0][0])
}

// The kernels of products_arm64.s; dim ≥ 1, n ≥ 16 values.

//go:noescape
func productTile(points **float32, panel *float32, dim int, out *float32)

//go:noescape
func argMin(v, add *float32, mul float32, n int) (at int, least float32)
