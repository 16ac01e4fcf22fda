//go:build !unix

package main

import (
	"os"
	"syscall"
)

// endSignals are those that would end the process without its cleaning up.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}
