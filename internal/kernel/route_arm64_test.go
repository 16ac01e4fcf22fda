//go:build !purego

package kernel

import "testing"

// TestRouteWidened tests routing as processors without products of int8 do it.
func TestRouteWidened(t *testing.T) {
	if !signedDot {
		t.Skip("this processor is one of them")
	}
	signedDot = false
	defer func() { signedDot = true }()
	TestRouteMany(t)
}
