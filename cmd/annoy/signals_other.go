//go:build !unix

package main

import (
	"os"
	"syscall"
)

// endSignals are those that would end the process without its cleaning up.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// pipeSignals are those of an output without a reader: none.
var pipeSignals []os.Signal
