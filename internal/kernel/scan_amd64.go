//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

const hasScan = true

// byteDots tells whether the AVX-512 path has what its kernels of coded search need beyond AVX-512F: 512 bits of bytes
// to permute, and their dot products. Ice Lake, Zen 4 and later have it; without, the kernels are those of AVX2.
var byteDots = cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VNNI

func scan(table *byte, m int, blocks *byte, count int, p *ScanParams, bounds *float32, slots *uint32) int {
	if current == AVX512 && byteDots {
		return scanVNNI(table, m, blocks, count, &p.Unit, bounds, slots)
	}
	return scanAVX2(table, m, blocks, count, &p.Unit, bounds, slots)
}
