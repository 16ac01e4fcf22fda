//go:build !linux

package main

// dropCache does nothing: the parts that need it are for Linux.
func dropCache(string) {}

func faults() int64 { return 0 }
