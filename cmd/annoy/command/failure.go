package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/internal/sidecar"
	"github.com/annoy-go/annoy/internal/visible"
)

// Exit codes, as the root's help documents them.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitSignal  = 128 // and the signal's number, as shells count
)

// Signal is the cause to end Run's context with when that signal arrives.
type Signal int

func (s Signal) Error() string { return "interrupted" }

// The signals that have a meaning here, by the numbers that all systems give them.
const (
	sigint  Signal = 2
	sigpipe Signal = 13
)

// usageError is an error that another command line would not have met.
type usageError struct{ err error }

func (u usageError) Error() string { return u.err.Error() }
func (u usageError) Unwrap() error { return u.err }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// errReported ends a verb with exitFailure when its result, printed already,
// says what is wrong.
var errReported = errors.New("annoy: reported")

// report prints err, if any, and returns the exit code.
func (e *env) report(ctx context.Context, cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	code, text := exitFailure, err.Error()
	var usage usageError
	switch {
	case errors.Is(err, errReported):
		return exitFailure
	case errors.Is(err, syscall.EPIPE), errors.Is(context.Cause(ctx), sigpipe):
		return exitSignal + int(sigpipe) // whoever read the output has gone, and wants to know no more
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		signal := sigint
		errors.As(context.Cause(ctx), &signal)
		code, text = exitSignal+int(signal), signal.Error()
	case !e.parsed, errors.As(err, &usage), errors.Is(err, annoy.ErrOption):
		code = exitUsage
	}
	text = strings.TrimPrefix(text, "annoy: ")
	if e.json {
		_ = printLine(e.stderr, map[string]string{"error": text})
		return code
	}
	fmt.Fprintln(e.stderr, "annoy: "+visible.Lines(text))
	if code == exitUsage {
		fmt.Fprintf(e.stderr, "'%s --help' explains.\n", cmd.CommandPath())
	}
	return code
}

// warnOf prints what opening or saving an index found worth telling.
func (e *env) warnOf(ix *annoy.Index) {
	for _, w := range ix.Warnings() {
		e.warn(w)
	}
}

// warn prints a warning, unless --quiet.
func (e *env) warn(text string) {
	text = strings.TrimPrefix(text, "annoy: ")
	switch {
	case e.quiet:
	case e.json:
		_ = printLine(e.stderr, map[string]string{"warning": text})
	default:
		fmt.Fprintln(e.stderr, "annoy: warning: "+visible.Lines(text))
	}
}

// warnOfLeftovers warns of temporary files of an index and its sidecar: of builds under way, or that were killed. With --json they are
// part of the result instead.
func (e *env) warnOfLeftovers(path string) []atomicfile.Leftover {
	list := slices.Concat(atomicfile.Leftovers(path), atomicfile.Leftovers(sidecar.Path(path)))
	for _, l := range list {
		why := "of a build or save that was killed; the next of this name removes it"
		if l.Held {
			why = "of a build or save that is under way"
		}
		if !e.json {
			e.warn(fmt.Sprintf("%s: temporary file of %s, %s", l.Path, byteSize(l.Bytes), why))
		}
	}
	return list
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
