//go:build purego || !(amd64 || arm64)

package kernel

// hasProducts: there are no kernels for products but Go.
const hasProducts = false

// With hasProducts false nothing below is ever called.

func products(points *[ProductPoints]*float32, panel *float32, dim int, out *[ProductPoints][ProductCentroids]float32) {
	panic(noProducts)
}

func argMin(v, add *float32, mul float32, n int) (int, float32) { panic(noProducts) }

const noProducts = "annoy: kernel: no kernel for products on this path"
