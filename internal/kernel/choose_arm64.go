//go:build !purego

package kernel

const hasChoose = true

// The kernels of choose_arm64.s; n ≥ 1 values.

//go:noescape
func spanOf(v *float32, n int, t float32) (least, greatest float32, count int)

//go:noescape
func countOf(v *float32, n int, t float32) int

// belowOf returns -1 where there is not enough room.
//
//go:noescape
func belowOf(v *float32, id *uint32, n int, t float32, outV *float32, outI *uint32, room int) int
