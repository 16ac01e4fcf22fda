//go:build !linux

package mmap

// AdviseHuge does nothing on this system.
func AdviseHuge([]byte) {}
