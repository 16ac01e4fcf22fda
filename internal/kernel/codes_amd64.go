//go:build !purego

package kernel

const hasCodes = true

func nearestCodes(x, codebook, half *float32, m, dims int, codes *byte) {
	if current == AVX512 {
		nearestCodesAVX512(x, codebook, half, m, dims, codes)
		return
	}
	nearestCodesAVX2(x, codebook, half, m, dims, codes)
}
