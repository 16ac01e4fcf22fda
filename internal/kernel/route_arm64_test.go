//go:build !purego

package kernel

import "testing"

// TestRouteWidened tests routing as processors without products of int8 do it.
func TestRouteWidened(t *testing.T) {
	before := signedDot
	signedDot = false
	defer func() { signedDot = before }()
	TestRouteMany(t)
}
