//go:build unix && !linux

package mmap

func prefault(data []byte) error { return touch(data) }
