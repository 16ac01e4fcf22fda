//go:build purego || !(amd64 || arm64)

package kernel

// hasRoute: there are no kernels of RouteMany and Quantize8 but Go.
const hasRoute = false

// With hasRoute false nothing below is ever called.

func routeMany(q8 *uint8, quads int, groups *int8, count int, norms *float32, bias *int32, base, mul float32, out *float32) {
	panic(noRoute)
}

func quantize8(x *float32, n int, inv float32, out *uint8) { panic(noRoute) }

const noRoute = "annoy: kernel: no routing kernel on this path"
