package kernel

// CodeWords is the number of codewords of a sub-space.
const CodeWords = 16

// Codes sets codes[j], for each of the m sub-spaces, to the codeword nearest to the components of x in it: to the first
// c with the smallest half[j·16+c] − Σ_d x[j·dims+d]·codebook[(j·dims+d)·16+c], half being half the codewords' squared
// norms. x has m·dims components, dims ≥ 1. Where a sum is not a number any code may be the answer.
func Codes(x, codebook, half []float32, m, dims int, codes []byte) {
	x, codebook, half, codes = x[:m*dims], codebook[:m*dims*CodeWords], half[:m*CodeWords], codes[:m]
	if m == 0 || !hasCodes || current == Go {
		codesGo(x, codebook, half, dims, codes)
		return
	}
	nearestCodes(&x[0], &codebook[0], &half[0], m, dims, &codes[0])
}

func codesGo(x, codebook, half []float32, dims int, codes []byte) {
	for j := range codes {
		sums := [CodeWords]float32(half[j*CodeWords:])
		for d := j * dims; d < (j+1)*dims; d++ {
			v, w := x[d], (*[CodeWords]float32)(codebook[d*CodeWords:])
			for c := range sums {
				sums[c] -= float32(v * w[c])
			}
		}
		at, least := 0, sums[0]
		for c, s := range sums {
			if s < least {
				at, least = c, s
			}
		}
		codes[j] = byte(at)
	}
}
