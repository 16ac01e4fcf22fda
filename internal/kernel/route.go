package kernel

import "math"

// RouteGroup is the number of centroids in a group. A group holds its centroids' components, int8 from -127 to 127,
// interleaved: components 4k to 4k+3 of centroid i are the bytes from 64·k + 4·i.
const RouteGroup = 16

// RouteParams turn a centroid's dot product into its squared distance from the query:
//
//	max(0, Base + norms[i] - Mul·(dot[i] - bias[i]))
//
// with Base the query's squared norm, norms[i] the centroid's, and Mul twice the product of their two scales.
type RouteParams struct{ Base, Mul float32 }

// RouteMany computes the distances of len(norms) centroids, a multiple of RouteGroup, and writes them to out. Their
// dot products with q8 are exact, in int32. The bytes of q8, a multiple of 4 in number, are the query's components
// plus 128, as Quantize8 writes them; bias[i] is 128 times the sum of the centroid's components and takes that out
// again (AVX2 and NEON, whose products are signed, take it out before and read no bias). Components that pad q8 are 128
// in it and 0 in the centroids; centroids that pad a group have the norm +Inf, which makes their distance +Inf.
//
// The parameters must be finite. All paths give the same bits.
func RouteMany(q8 []uint8, groups []int8, norms []float32, bias []int32, p RouteParams, out []float32) {
	if len(q8)%4 != 0 || len(norms)%RouteGroup != 0 {
		panic("annoy: kernel: routing without whole groups")
	}
	if len(q8) == 0 || len(norms) == 0 {
		return
	}
	groups, bias, out = groups[:len(q8)*len(norms)], bias[:len(norms)], out[:len(norms)]
	if !hasRoute || current == Go {
		routeGo(q8, groups, norms, bias, p, out)
		return
	}
	routeMany(&q8[0], len(q8)/4, &groups[0], len(norms)/RouteGroup, &norms[0], &bias[0], p.Base, p.Mul, &out[0])
}

func routeGo(q8 []uint8, groups []int8, norms []float32, bias []int32, p RouteParams, out []float32) {
	for g := 0; g < len(norms); g += RouteGroup {
		var dots [RouteGroup]int32
		group := groups[g*len(q8):][:RouteGroup*len(q8)]
		for k := 0; k < len(q8); k += 4 {
			q := [4]int32{int32(q8[k]), int32(q8[k+1]), int32(q8[k+2]), int32(q8[k+3])}
			c := (*[4 * RouteGroup]int8)(group[RouteGroup*k:])
			for i := range dots {
				dots[i] += q[0]*int32(c[4*i]) + q[1]*int32(c[4*i+1]) + q[2]*int32(c[4*i+2]) + q[3]*int32(c[4*i+3])
			}
		}
		for i, dot := range dots {
			d := (p.Base + norms[g+i]) - float32(p.Mul*float32(dot-bias[g+i]))
			if !(d > 0) {
				d = 0
			}
			out[g+i] = d
		}
	}
}

// Quantize8 sets out[i] to x[i]·inv, rounded to nearest and ties to even, plus 128, or to the nearer end of 0 to 255;
// NaN becomes 0. Bytes of out beyond the components of x become 128, the code of zero. It panics if out is shorter
// than x. All paths give the same bits.
func Quantize8(x []float32, inv float32, out []uint8) {
	rest := out[len(x):]
	for i := range rest {
		rest[i] = 128
	}
	if !hasRoute || len(x) < short || current == Go {
		quantizeGo(x, inv, out)
		return
	}
	quantize8(&x[0], len(x), inv, &out[0])
}

func quantizeGo(x []float32, inv float32, out []uint8) {
	for i, v := range x {
		y := float32(v * inv)
		if !(y > -128) {
			y = -128
		}
		out[i] = uint8(int(math.RoundToEven(float64(min(y, 127)))) + 128)
	}
}
