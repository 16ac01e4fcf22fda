//go:build !purego

package kernel

const hasChoose = true

func spanOf(v *float32, n int, t float32) (least, greatest float32, count int) {
	if current == AVX512 {
		return spanAVX512(v, n, t)
	}
	return spanAVX2(v, n, t)
}

func countOf(v *float32, n int, t float32) int {
	if current == AVX512 {
		return countAVX512(v, n, t)
	}
	return countAVX2(v, n, t)
}

func belowOf(v *float32, id *uint32, n int, t float32, outV *float32, outI *uint32, room int) int {
	if current == AVX512 {
		return belowAVX512(v, id, n, t, outV, outI, room)
	}
	return belowAVX2(v, id, n, t, outV, outI, room)
}
