//go:build purego || !(amd64 || arm64)

package kernel

// hasScan: there is no scan kernel but Go.
const hasScan = false

// With hasScan false it is never called.
func scan(table *byte, m int, blocks *byte, count int, p *ScanParams, bounds *float32, slots *uint32) int {
	panic(noScan)
}

const noScan = "annoy: kernel: no scan kernel on this path"
