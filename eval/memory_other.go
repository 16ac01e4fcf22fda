//go:build !linux

package eval

func memory() Memory { return Memory{} }
