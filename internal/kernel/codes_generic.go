//go:build purego || !(amd64 || arm64)

package kernel

// hasCodes: there is no kernel for codes but Go.
const hasCodes = false

// With hasCodes false this is never called.
func nearestCodes(x, codebook, half *float32, m, dims int, codes *byte) {
	panic("annoy: kernel: no kernel for codes on this path")
}
