//go:build !purego

package kernel

const hasCodes = true

// The kernel of codes_arm64.s; m ≥ 1 sub-spaces of dims components, a multiple of 4.
//
//go:noescape
func nearestCodes(x, codebook, half *float32, m, dims int, codes *byte)
