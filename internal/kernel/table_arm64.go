//go:build !purego

package kernel

const hasTable = true

// The kernels of table_arm64.s; m and dims ≥ 1.

//go:noescape
func products16(q, codebook *float32, m, dims int, scratch *float32) (largest, total, bias float32)

//go:noescape
func bytes16(scratch *float32, m int, scale float32, table *byte)
