//go:build !unix

package mmap

import "os"

func mapFile(f *os.File, size int, _ Options) (*Map, error) { return readFile(f, size) }

func readResident(f *os.File, size int, _ Options) (*Map, error) { return readFile(f, size) }

// ReadAhead does nothing: what there is has been read.
func ReadAhead([]byte) {}

// Scatter does nothing.
func Scatter([]byte) {}

// unmap has nothing to do: no Map of these systems is mapped.
func unmap([]byte) error { return nil }
