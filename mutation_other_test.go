//go:build !linux

package annoy_test

import "testing"

// Elsewhere the time limit of the test binary is the only one.
func limitMemory(*testing.T) {}
func limitTime(*testing.T)   {}
