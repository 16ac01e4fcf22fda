//go:build !purego

package kernel

const hasTiles = true

// The kernels of tile_arm64.s; n ≥ 1 components.

//go:noescape
func tileDot(q, x *float32, n int, limit, out *float32, mask *uint32)

//go:noescape
func tileL2(q, x *float32, n int, limit, out *float32, mask *uint32)

//go:noescape
func tileL1(q, x *float32, n int, limit, out *float32, mask *uint32)
