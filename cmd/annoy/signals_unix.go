//go:build unix

package main

import (
	"os"
	"syscall"
)

// endSignals are those that would end the process without its cleaning up:
// Ctrl-C, kill, a terminal that closes, and a reader of the output that is gone.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE}
