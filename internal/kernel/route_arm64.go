//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

const hasRoute = true

// signedDot tells whether the processor has products of int8 that add up four at a time.
var signedDot = cpu.ARM64.HasASIMDDP

func routeMany(q8 *uint8, quads int, groups *int8, count int, norms *float32, bias *int32, base, mul float32, out *float32) {
	if signedDot {
		routeDot(q8, quads, groups, count, norms, base, mul, out)
		return
	}
	routeWiden(q8, quads, groups, count, norms, base, mul, out)
}

// The kernels of route_arm64.s; quads ≥ 1 of components, count ≥ 1 groups, n ≥ 16 components. They take the 128 off the
// query, not off the products, and so need no bias.

//go:noescape
func routeDot(q8 *uint8, quads int, groups *int8, count int, norms *float32, base, mul float32, out *float32)

//go:noescape
func routeWiden(q8 *uint8, quads int, groups *int8, count int, norms *float32, base, mul float32, out *float32)

//go:noescape
func quantize8(x *float32, n int, inv float32, out *uint8)
