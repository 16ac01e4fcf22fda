//go:build clib

package main

// #include "annoyclib.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/annoy-go/annoy"
)

// failure is an error of which the kind is known.
type failure struct {
	status C.int32_t
	text   string
	number syscall.Errno
}

func (f *failure) Error() string { return f.text }

// state is what Annoy says of an index in the wrong state, as an Exception.
func state(text string) error { return &failure{status: C.ANNOY_EXCEPTION, text: text} }

// osError is the same for the calls that raise OSError for it.
func osError(format string, args ...any) error {
	return &failure{status: C.ANNOY_OS, text: fmt.Sprintf(format, args...)}
}

func valueError(format string, args ...any) error {
	return &failure{status: C.ANNOY_VALUE, text: fmt.Sprintf(format, args...)}
}

var (
	errNegative = &failure{status: C.ANNOY_NEGATIVE}
	errBeyond   = &failure{status: C.ANNOY_BEYOND}
	errBusy     = state("annoy: a build of this index is under way")
)

// call runs do and tells C how it ended. Where do panics, that is the end, and it is told to be this library's fault.
func call(e *C.annoy_error, do func() error) C.int32_t { return report(e, protect(do)) }

// on is call of what concerns an object.
func on(h C.uintptr_t, e *C.annoy_error, do func(o *object) error) C.int32_t {
	return call(e, func() error { return do(objectOf(h)) })
}

// onWarned is on, with the object's warnings.
func onWarned(h C.uintptr_t, e *C.annoy_error, do func(o *object) error) C.int32_t {
	var o *object
	if status := on(h, e, func(of *object) error { o = of; return nil }); status != C.ANNOY_OK {
		return status
	}
	return warned(e, o, func() error { return do(o) })
}

// ask is what do tells of an object: the zero value where that cannot be told.
func ask[T any](h C.uintptr_t, do func(o *object) T) (answer T) {
	_ = on(h, nil, func(o *object) error {
		answer = do(o)
		return nil
	})
	return answer
}

func protect(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &failure{status: C.ANNOY_RUNTIME, text: fmt.Sprintf("annoy: internal error: %v\n%s", r, debug.Stack())}
		}
	}()
	return do()
}

// warned is call, with the object's warnings. A call that fails has no place for them and leaves them to the next:
// one that is refused during a build would otherwise lose the build's.
func warned(e *C.annoy_error, o *object, do func() error) C.int32_t {
	status := call(e, do)
	if status == C.ANNOY_OK {
		if text := o.warnings.take(); text != "" {
			e.message = C.CString(text)
		}
	}
	return status
}

// report passes an error to C.
func report(e *C.annoy_error, err error) C.int32_t {
	if err == nil {
		return C.ANNOY_OK
	}
	f := classify(err)
	if e != nil {
		e.message, e.number = C.CString(f.text), C.int32_t(f.number)
	}
	return f.status
}

// kinds is which exception an error of the library is.
var kinds = []struct {
	err    error
	status C.int32_t
}{
	{annoy.ErrOption, C.ANNOY_VALUE},
	{annoy.ErrNotFinite, C.ANNOY_VALUE},
	{annoy.ErrOverflow, C.ANNOY_VALUE},
	{annoy.ErrNotCalibrated, C.ANNOY_VALUE},
	{annoy.ErrTooLarge, C.ANNOY_VALUE},
	{annoy.ErrDimension, C.ANNOY_INDEX},
	{annoy.ErrNotFound, C.ANNOY_INDEX},
	{annoy.ErrCorrupt, C.ANNOY_OS},
	{annoy.ErrMismatch, C.ANNOY_OS},
	{annoy.ErrNeedDimMetric, C.ANNOY_OS},
	{annoy.ErrVersion, C.ANNOY_OS},
	{annoy.ErrMemory, C.ANNOY_MEMORY},
	{annoy.ErrBuilt, C.ANNOY_EXCEPTION},
	{annoy.ErrClosed, C.ANNOY_RUNTIME},
	{context.Canceled, C.ANNOY_CANCELED},
}

func classify(err error) *failure {
	if f := (*failure)(nil); errors.As(err, &f) {
		return &failure{status: f.status, text: err.Error(), number: f.number} // err may say more: which query
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return &failure{status: k.status, text: err.Error()}
		}
	}
	text := err.Error()
	if !strings.HasPrefix(text, "annoy: ") {
		text = "annoy: " + text
	}
	if number := syscall.Errno(0); errors.As(err, &number) {
		return &failure{status: C.ANNOY_OS, text: text, number: number}
	}
	return &failure{status: C.ANNOY_EXCEPTION, text: text}
}

// asOS makes of an error about arguments one that load, save and on_disk_build raise: OSError, as all of theirs.
func asOS(err error) error {
	if err == nil {
		return nil
	}
	f := *classify(err)
	if f.status == C.ANNOY_VALUE || f.status == C.ANNOY_EXCEPTION {
		f.status = C.ANNOY_OS
	}
	return &f
}

// unable says in Annoy's words that the system refused a file. C adds what the system says.
func unable(err error) error {
	number := syscall.Errno(0)
	if !errors.As(err, &number) {
		return err
	}
	text := "Unable to open"
	if path := (*fs.PathError)(nil); errors.As(err, &path) && path.Op == "write" {
		text = "Unable to write"
	}
	return &failure{status: C.ANNOY_OS, text: text, number: number}
}
