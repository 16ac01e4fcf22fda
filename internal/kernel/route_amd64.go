//go:build !purego

package kernel

const hasRoute = true

func routeMany(q8 *uint8, quads int, groups *int8, count int, norms *float32, bias *int32, base, mul float32, out *float32) {
	if current == AVX512 && byteDots {
		routeManyVNNI(q8, quads, groups, count, norms, bias, base, mul, out)
		return
	}
	routeManyAVX2(q8, quads, groups, count, norms, bias, base, mul, out)
}

func quantize8(x *float32, n int, inv float32, out *uint8) { quantize8AVX2(x, n, inv, out) }
