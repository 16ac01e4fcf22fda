package kernel

import "math"

// Table makes the table that Scan looks nibbles up in. The inner product of the query's components of sub-space j,
// dims of them, with codeword c is t[j][c] = Σ q[j·dims+d]·codebook[j][d][c]: q has m·dims components, the codebook
// m·dims·16. From each t[j] its minimum is subtracted, and what is left rounded to bytes in a common unit, so that
//
//	Σ t[j][c[j]] ≈ unit · Σ table[j][c[j]] + bias
//
// with an error of at most unit/2 a sub-space. The unit is as small as lets every entry fit into a byte and every sum
// of one entry a sub-space into 16 bits. Scratch and table have room for m·16; m is a multiple of 4, at most 32768.
//
// The components must be finite. All paths give the same bits.
func Table(q []float32, codebook []float32, m, dims int, scratch []float32, table []byte) (unit, bias float32) {
	if m <= 0 || m%4 != 0 || dims <= 0 {
		panic("annoy: kernel: table of sub-spaces whose number is not a multiple of 4")
	}
	q, codebook = q[:m*dims], codebook[:m*dims*16]
	scratch, table = scratch[:16*m], table[:16*m]
	assembly := hasTable && current != Go
	var largest, total float32
	if assembly {
		largest, total, bias = products16(&q[0], &codebook[0], m, dims, &scratch[0])
	} else {
		largest, total, bias = products16Go(q, codebook, m, dims, scratch)
	}
	scale := float32(1)
	if largest > tableRange {
		// Rounding adds up to ½ a sub-space; twice that is left, for the rounding of the total.
		scale = min(255/largest, float32(65535-m)/total)
	}
	if assembly {
		bytes16(&scratch[0], m, scale, &table[0])
	} else {
		bytes16Go(scratch, scale, table)
	}
	return 1 / scale, bias
}

// tableRange is a range so small that all entries may be 0; the scale of a smaller one would overflow.
const tableRange = 1e-35

// products16Go sets line j of scratch to t[j] less its minimum, and returns the largest range of a line, the sum of
// the ranges and the sum of the minima, both added up from the first line to the last. The products are added up from
// the first component to the last, each rounded.
func products16Go(q, codebook []float32, m, dims int, scratch []float32) (largest, total, bias float32) {
	for j := range m {
		t := (*[16]float32)(scratch[16*j:])
		*t = [16]float32{}
		for d, x := range q[j*dims : (j+1)*dims] {
			for c, w := range (*[16]float32)(codebook[16*(j*dims+d):]) {
				t[c] += float32(x * w)
			}
		}
		least, most := t[0], t[0]
		for _, x := range t[1:] {
			least, most = min(least, x), max(most, x)
		}
		for c := range t {
			t[c] -= least
		}
		largest = max(largest, most-least)
		total += most - least
		bias += least
	}
	return largest, total, bias
}

// bytes16Go rounds scratch times scale to bytes, to nearest and ties to even.
func bytes16Go(scratch []float32, scale float32, table []byte) {
	for i, x := range scratch {
		table[i] = byte(math.RoundToEven(float64(min(float32(x*scale), 255))))
	}
}
