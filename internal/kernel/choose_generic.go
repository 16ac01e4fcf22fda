//go:build purego || !(amd64 || arm64)

package kernel

// hasChoose: there are no kernels of Threshold and Below but Go.
const hasChoose = false

// With hasChoose false nothing below is ever called.

func spanOf(v *float32, n int, t float32) (least, greatest float32, count int) { panic(noChoose) }

func countOf(v *float32, n int, t float32) int { panic(noChoose) }

func belowOf(v *float32, id *uint32, n int, t float32, outV *float32, outI *uint32, room int) int {
	panic(noChoose)
}

const noChoose = "annoy: kernel: no choosing kernel on this path"
