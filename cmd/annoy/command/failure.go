package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
)

// Exit codes, as the root's help documents them.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 + SIGINT, as shells count
)

// usageError is an error that another command line would not have met.
type usageError struct{ err error }

func (u usageError) Error() string { return u.err.Error() }
func (u usageError) Unwrap() error { return u.err }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// report prints err, if any, and returns the exit code.
func (e *env) report(ctx context.Context, cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	code, text := exitFailure, err.Error()
	var usage usageError
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		code, text = exitInterrupted, "interrupted"
	case !e.parsed, errors.As(err, &usage), errors.Is(err, annoy.ErrOption):
		code = exitUsage
	}
	if e.json {
		_ = printLine(e.stderr, map[string]string{"error": text})
		return code
	}
	if !strings.HasPrefix(text, "annoy:") {
		text = "annoy: " + text
	}
	fmt.Fprintln(e.stderr, text)
	if code == exitUsage {
		fmt.Fprintf(e.stderr, "'%s --help' explains.\n", cmd.CommandPath())
	}
	return code
}

// warn prints a warning, unless --quiet.
func (e *env) warn(text string) {
	switch {
	case e.quiet:
	case e.json:
		_ = printLine(e.stderr, map[string]string{"warning": text})
	default:
		fmt.Fprintln(e.stderr, "annoy: warning: "+strings.TrimPrefix(text, "annoy: "))
	}
}

// exactArgs accepts one argument for each name and words the error otherwise.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return fmt.Errorf("missing argument %s", names[len(args)])
		}
		if len(args) > len(names) {
			return fmt.Errorf("unexpected argument %q", args[len(names)])
		}
		return nil
	}
}
