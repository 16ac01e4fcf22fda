//go:build !purego

package kernel

const hasProducts = true

func products(points *[ProductPoints]*float32, panel *float32, dim int, out *[ProductPoints][ProductCentroids]float32) {
	if current == AVX512 {
		productsAVX512(&points[0], panel, dim, &out[0][0])
		return
	}
	productsAVX2(&points[0], panel, dim, &out[0][0])
}

func argMin(v, add *float32, mul float32, n int) (int, float32) {
	if current == AVX512 {
		return argMinAVX512(v, add, mul, n)
	}
	return argMinAVX2(v, add, mul, n)
}
