//go:build !linux

package mmap

// FileAhead does nothing on this system.
func FileAhead(fd uintptr, at, n int64) {}
