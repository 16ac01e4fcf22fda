package kernel

import "unsafe"

// The shape of a tile of products, the same on every path so that a packed panel serves them all: 24 of AVX-512's
// registers hold its sums.
const (
	ProductPoints    = 8
	ProductCentroids = 48
)

// Products sets out[p][c] to the product of points[p], a row of dim components, and centroid c of the panel, which
// holds component i of centroid c at panel[i·48+c]: what assigning points to their nearest centroids needs. Each sum is
// added up from the first component to the last in one float32, by fused multiply-add on the paths with assembly.
// Pointers may repeat. It panics if the panel is shorter than dim·48.
func Products(points *[ProductPoints]*float32, panel []float32, dim int, out *[ProductPoints][ProductCentroids]float32) {
	panel = panel[:dim*ProductCentroids]
	if dim == 0 || !hasProducts || current == Go {
		productsGo(points, panel, dim, out)
		return
	}
	products(points, &panel[0], dim, out)
}

// ArgMin returns the first index i of the smallest add[i] + mul·v[i], and that value; where none is below +Inf, 0 and
// +Inf. A NaN is never the smallest. It panics if add is shorter than v.
//
// With v the products of a point and some centroids, add their squared norms and mul -2, that is the nearest centroid.
func ArgMin(v, add []float32, mul float32) (int, float32) {
	add = add[:len(v)]
	if len(v) < short || !hasProducts || current == Go {
		return argMinGo(v, add, mul)
	}
	return argMin(&v[0], &add[0], mul, len(v))
}

// productsGo goes through the points one by one, four centroids at a time: their sums stay in registers.
func productsGo(points *[ProductPoints]*float32, panel []float32, dim int, out *[ProductPoints][ProductCentroids]float32) {
	for p := range points {
		x := unsafe.Slice(points[p], dim)
		for c := 0; c < ProductCentroids; c += 4 {
			var s0, s1, s2, s3 float32
			for i, v := range x {
				w := panel[i*ProductCentroids+c:][:4]
				s0 += float32(v * w[0])
				s1 += float32(v * w[1])
				s2 += float32(v * w[2])
				s3 += float32(v * w[3])
			}
			out[p][c], out[p][c+1], out[p][c+2], out[p][c+3] = s0, s1, s2, s3
		}
	}
}

func argMinGo(v, add []float32, mul float32) (int, float32) {
	at, least := 0, infinity
	for i, x := range v {
		if s := add[i] + float32(mul*x); s < least {
			at, least = i, s
		}
	}
	return at, least
}
