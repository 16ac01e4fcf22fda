// Annoy builds, queries, checks and converts nearest-neighbour indexes.
// `annoy help` lists its verbs and exit codes.
package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/annoy-go/annoy/cmd/annoy/command"
)

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	for _, s := range slices.Concat(endSignals, pipeSignals) {
		// One that is ignored, by nohup say, stays so.
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	go func() {
		// The first signal asks the verb to clean up and end; with the handler
		// gone, a second one ends the process at once. That of a pipe stays
		// handled: it comes with every write, and the verb may write once more.
		s, _ := (<-signals).(syscall.Signal)
		signal.Reset(endSignals...)
		cancel(command.Signal(s))
	}()
	os.Exit(command.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
