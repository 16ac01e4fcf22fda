//go:build !linux

package hostile

import "testing"

// Elsewhere the time limit of the test binary is the only one.
func limitMemory(*testing.T) {}
func limitTime(*testing.T)   {}
