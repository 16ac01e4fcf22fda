//go:build !purego

package kernel

const hasTiles = true

func tileDot(q, x *float32, n int, limit, out *float32, mask *uint32) {
	if current == AVX512 {
		tileDotAVX512(q, x, n, limit, out, mask)
		return
	}
	tileDotAVX2(q, x, n, limit, out, mask)
}

func tileL2(q, x *float32, n int, limit, out *float32, mask *uint32) {
	if current == AVX512 {
		tileL2AVX512(q, x, n, limit, out, mask)
		return
	}
	tileL2AVX2(q, x, n, limit, out, mask)
}

func tileL1(q, x *float32, n int, limit, out *float32, mask *uint32) {
	if current == AVX512 {
		tileL1AVX512(q, x, n, limit, out, mask)
		return
	}
	tileL1AVX2(q, x, n, limit, out, mask)
}
