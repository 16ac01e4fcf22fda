//go:build purego || !(amd64 || arm64)

package kernel

// hasTable: there are no kernels of Table but Go.
const hasTable = false

// With hasTable false nothing below is ever called.

func products16(q, codebook *float32, m, dims int, scratch *float32) (largest, total, bias float32) {
	panic(noTable)
}

func bytes16(scratch *float32, m int, scale float32, table *byte) { panic(noTable) }

const noTable = "annoy: kernel: no table kernel on this path"
