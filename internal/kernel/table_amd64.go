//go:build !purego

package kernel

const hasTable = true

func products16(q, codebook *float32, m, dims int, scratch *float32) (largest, total, bias float32) {
	if current == AVX512 {
		return products16AVX512(q, codebook, m, dims, scratch)
	}
	return products16AVX2(q, codebook, m, dims, scratch)
}

func bytes16(scratch *float32, m int, scale float32, table *byte) {
	bytes16AVX2(scratch, m, scale, table)
}
