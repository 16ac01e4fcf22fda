// Annoy builds, queries, checks and converts nearest-neighbour indexes.
// `annoy help` lists its verbs and exit codes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/annoy-go/annoy/cmd/annoy/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks the verb to clean up and end; with the handler
	// gone, a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(command.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
