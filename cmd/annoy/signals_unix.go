//go:build unix

package main

import (
	"os"
	"syscall"
)

// endSignals are those that would end the process without its cleaning up:
// Ctrl-C, kill, a terminal that closes.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// pipeSignals would too, when the reader of the output has gone.
var pipeSignals = []os.Signal{syscall.SIGPIPE}
