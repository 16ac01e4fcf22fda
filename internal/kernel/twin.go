package kernel

import (
	"math"
	"math/bits"
	"unsafe"
)

// The Go twins. Each is the layout of the package comment with one lane, so four running sums. A product is converted
// to float32 before it is added: that forbids the compiler to fuse the two, and keeps the values equal on all
// architectures.

// row returns row id as a slice of n elements.
func row[T float32 | uint64](rows Rows, id int32, n int) []T {
	return unsafe.Slice((*T)(unsafe.Add(rows.Base, uintptr(id)*rows.Stride)), n)
}

// checkEvery is the number of components between two looks at the bound.
const checkEvery = 64

func dotGo(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i <= len(a)-4; i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += float32(x[0] * y[0])
		s1 += float32(x[1] * y[1])
		s2 += float32(x[2] * y[2])
		s3 += float32(x[3] * y[3])
	}
	if len(a)&2 != 0 {
		s0 += float32(a[i] * b[i])
		s1 += float32(a[i+1] * b[i+1])
		i += 2
	}
	if len(a)&1 != 0 {
		s2 += float32(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// l2Go stops with +Inf when it sees that the sum is greater than bound.
func l2Go(a, b []float32, bound float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for i <= len(a)-4 {
		for end := min(i+checkEvery, len(a)); i <= end-4; i += 4 {
			x, y := a[i:i+4:i+4], b[i:i+4:i+4]
			d0, d1, d2, d3 := x[0]-y[0], x[1]-y[1], x[2]-y[2], x[3]-y[3]
			s0 += float32(d0 * d0)
			s1 += float32(d1 * d1)
			s2 += float32(d2 * d2)
			s3 += float32(d3 * d3)
		}
		if (s0+s1)+(s2+s3) > bound {
			return infinity
		}
	}
	if len(a)&2 != 0 {
		d0, d1 := a[i]-b[i], a[i+1]-b[i+1]
		s0 += float32(d0 * d0)
		s1 += float32(d1 * d1)
		i += 2
	}
	if len(a)&1 != 0 {
		d := a[i] - b[i]
		s2 += float32(d * d)
	}
	return (s0 + s1) + (s2 + s3)
}

// l1Go stops with +Inf when it sees that the sum is greater than bound.
func l1Go(a, b []float32, bound float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for i <= len(a)-4 {
		for end := min(i+checkEvery, len(a)); i <= end-4; i += 4 {
			x, y := a[i:i+4:i+4], b[i:i+4:i+4]
			s0 += abs(x[0] - y[0])
			s1 += abs(x[1] - y[1])
			s2 += abs(x[2] - y[2])
			s3 += abs(x[3] - y[3])
		}
		if (s0+s1)+(s2+s3) > bound {
			return infinity
		}
	}
	if len(a)&2 != 0 {
		s0 += abs(a[i] - b[i])
		s1 += abs(a[i+1] - b[i+1])
		i += 2
	}
	if len(a)&1 != 0 {
		s2 += abs(a[i] - b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// abs clears the sign bit: no branch, which differences of random sign would make the processor mispredict.
func abs(x float32) float32 {
	return math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
}

func hammingGo(a, b []uint64) int {
	n := 0
	b = b[:len(a)]
	for i, x := range a {
		n += bits.OnesCount64(x ^ b[i])
	}
	return n
}

func blendGo(y []float32, a float32, x []float32, b float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] = float32(a*y[i]) + float32(b*x[i])
	}
}

// tileGo is the twin of all tile kernels; add adds the terms of one component of a query and of all rows to the sums.
func tileGo(q, x []float32, n int, limit *TileLimits, out *TileSums, mask *TileMask,
	add func(sums *[TileRows]float32, q float32, x *[TileRows]float32)) {
	*out = TileSums{}
	for c := range n {
		row := (*[TileRows]float32)(x[c*TileRows:])
		for a, v := range q[c*TileQueries : (c+1)*TileQueries] {
			add(&out[a], v, row)
		}
	}
	for a := range out {
		mask[a] = 0
		for b, s := range out[a] {
			if !(s > limit[a]) {
				mask[a] |= 1 << b
			}
		}
	}
}

func addDot(sums *[TileRows]float32, q float32, x *[TileRows]float32) {
	for b, v := range x {
		sums[b] += float32(q * v)
	}
}

func addL2(sums *[TileRows]float32, q float32, x *[TileRows]float32) {
	for b, v := range x {
		d := q - v
		sums[b] += float32(d * d)
	}
}

func addL1(sums *[TileRows]float32, q float32, x *[TileRows]float32) {
	for b, v := range x {
		sums[b] += abs(q - v)
	}
}
