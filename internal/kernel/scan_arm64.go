//go:build !purego

package kernel

const hasScan = true

// The kernel of scan_arm64.s; m is a multiple of 4 and not 0, count ≥ 1 block.
//
//go:noescape
func scan(table *byte, m int, blocks *byte, count int, p *ScanParams, bounds *float32, slots *uint32) int
