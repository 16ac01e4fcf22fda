package vecio

import (
	"errors"
	"fmt"
	"strings"

	"github.com/annoy-go/annoy/internal/visible"
)

// ErrFormat is what every *FormatError unwraps to: the file is malformed, or
// holds what this package does not read.
var ErrFormat = errors.New("annoy: malformed vector file")

// ErrValue is matched by the errors of [Writer.Write] and [Writer.WriteID]
// about the vector or id itself: a wrong number of components, NaN or an
// infinity, a component that the file's element type cannot hold, a negative
// id.
var ErrValue = errors.New("annoy: value cannot be stored")

// FormatError says what is wrong with a file, and where.
type FormatError struct {
	File   string // the name the file was opened by
	Row    int64  // row, from 0; −1 for the header or the file as a whole
	Line   int64  // line, from 1, of a text file; 0 for a binary file
	Column int    // component, from 0; −1 when the fault is not one component's
	Msg    string // what is wrong
}

// Error gives all that is known of the place, as in
// "annoy: base.npy: row 17, column 3: NaN …" or
// "annoy: base.csv: row 17 (line 19): …". It is one line that is safe to print:
// control characters of names and values stand there as escapes.
func (e *FormatError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "annoy: %s: ", e.File)
	switch {
	case e.Row >= 0 && e.Line > 0:
		fmt.Fprintf(&b, "row %d (line %d)", e.Row, e.Line)
	case e.Row >= 0:
		fmt.Fprintf(&b, "row %d", e.Row)
	case e.Line > 0:
		fmt.Fprintf(&b, "line %d", e.Line)
	}
	if e.Column >= 0 {
		fmt.Fprintf(&b, ", column %d", e.Column)
	}
	if e.Row >= 0 || e.Line > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Msg)
	return visible.Line(b.String())
}

// Unwrap returns ErrFormat.
func (e *FormatError) Unwrap() error { return ErrFormat }

// valueError is an error of Write about the vector itself; it reads as its
// text and matches ErrValue.
type valueError struct{ text string }

func (e *valueError) Error() string { return e.text }
func (e *valueError) Unwrap() error { return ErrValue }
