//go:build purego || !(amd64 || arm64)

package kernel

// hasTiles: there are no tile kernels but Go.
const hasTiles = false

// With hasTiles false nothing below is ever called.

func tileDot(q, x *float32, n int, limit, out *float32, mask *uint32) { panic(noTiles) }

func tileL2(q, x *float32, n int, limit, out *float32, mask *uint32) { panic(noTiles) }

func tileL1(q, x *float32, n int, limit, out *float32, mask *uint32) { panic(noTiles) }

const noTiles = "annoy: kernel: no tile kernel on this path"
