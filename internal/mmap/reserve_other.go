//go:build !unix && !windows

package mmap

import "runtime"

// reserve cannot ask on these systems: it refuses what no address space of theirs holds.
func reserve(n int) bool {
	limit := int64(1) << 47
	if runtime.GOARCH == "wasm" {
		limit = 1 << 31
	}
	return int64(n) < limit
}
