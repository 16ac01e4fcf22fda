package vecio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// The buffer is of the file's size within these bounds; both are multiples of
// every element's size.
const (
	minBuffer = 4 << 10
	maxBuffer = 1 << 20
)

// input is the file under a decoder: a buffer, and the facts for errors.
type input struct {
	*bufio.Reader
	name string
	size int64 // bytes, −1 when unknown
}

func newInput(r io.Reader, size int64, name string) *input {
	buffer := maxBuffer
	if size >= 0 {
		buffer = int(min(max(size+8, minBuffer), maxBuffer)) &^ 7
	}
	return &input{Reader: bufio.NewReaderSize(r, buffer), name: name, size: size}
}

// errorf returns a *FormatError of a binary file.
func (in *input) errorf(row int64, column int, format string, args ...any) error {
	return &FormatError{File: in.name, Row: row, Column: column, Msg: fmt.Sprintf(format, args...)}
}

// lineErrorf returns a *FormatError of a text file.
func (in *input) lineErrorf(row, line int64, column int, format string, args ...any) error {
	return &FormatError{File: in.name, Row: row, Line: line, Column: column, Msg: fmt.Sprintf(format, args...)}
}

// ioError wraps a failure of the file system, which is no fault of the format.
func (in *input) ioError(err error) error { return readError(in.name, err) }

func readError(name string, err error) error { return fmt.Errorf("annoy: reading %s: %w", name, err) }

// peek returns the next n bytes without consuming them, fewer only at the end
// of the file. n is at most the size of the buffer, minBuffer or more.
func (in *input) peek(n int) ([]byte, error) {
	b, err := in.Peek(n)
	if err != nil && err != io.EOF {
		return nil, in.ioError(err)
	}
	return b, nil
}

// skip consumes n bytes that were peeked.
func (in *input) skip(n int) {
	// Discard of buffered bytes cannot fail.
	_, _ = in.Discard(n)
}

// atEnd says whether no byte is left.
func (in *input) atEnd() (bool, error) {
	b, err := in.peek(1)
	return len(b) == 0, err
}

// readRow fills dst with the components that come next, as c encodes them.
func (in *input) readRow(dst []float32, c *codec, row int64) error {
	return readComponents(in, dst, c.size, row, c.decode, c.whyNotDecode)
}

// readComponents fills dst with the components that come next, of size bytes
// each; decode and why are as in a codec. Rows longer than the buffer are
// decoded piece by piece, so that no row is ever held twice.
func readComponents[T any](
	in *input, dst []T, size int, row int64, decode func(dst []T, src []byte) int, why func(src []byte) string,
) error {
	most := in.Size() / size // components in a full buffer
	for col := 0; col < len(dst); {
		n := min(len(dst)-col, most)
		b, err := in.Peek(n * size)
		if err == io.EOF {
			return in.errorf(row, -1, "the file ends within this row: %d of its %d bytes are there",
				col*size+len(b), len(dst)*size)
		}
		if err != nil {
			return in.ioError(err)
		}
		if bad := decode(dst[col:col+n], b); bad >= 0 {
			return in.errorf(row, col+bad, "%s", why(b[bad*size:]))
		}
		in.skip(n * size)
		col += n
	}
	return nil
}

// packed are the first bytes of compressed files.
var packed = []struct {
	magic, what string
}{
	{gzipMagic, "gzip-compressed"},
	{"PK\x03\x04", "a zip archive (npz is one)"},
	{"BZh", "bzip2-compressed"},
	{"\xfd7zXZ\x00", "xz-compressed"},
	{zstdMagic, "zstd-compressed"},
}

// packedError returns an error when start, the file's first bytes, is that of
// a compressed file, otherwise nil.
func (in *input) packedError(start []byte) error {
	for _, p := range packed {
		if bytes.HasPrefix(start, []byte(p.magic)) {
			return in.errorf(-1, -1, "the file is %s: unpack it first", p.what)
		}
	}
	return nil
}

// skipBOM consumes the byte order mark with which some editors begin UTF-8.
func (in *input) skipBOM() error {
	b, err := in.peek(3)
	if err == nil && string(b) == "\ufeff" {
		in.skip(3)
	}
	return err
}

var errLineTooLong = errors.New("line too long")

// readLine returns the next line without its end, io.EOF after the last. The
// line is valid until the next call; one of more than limit bytes is
// errLineTooLong. *spill keeps a line that is longer than the buffer.
func (in *input) readLine(spill *[]byte, limit int) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		*spill = (*spill)[:0]
		for err == bufio.ErrBufferFull {
			*spill = append(*spill, line...)
			if len(*spill) > limit {
				return nil, errLineTooLong
			}
			line, err = in.ReadSlice('\n')
		}
		*spill = append(*spill, line...)
		line = *spill
	}
	switch {
	case err != nil && err != io.EOF:
		return nil, in.ioError(err)
	case len(line) == 0:
		return nil, io.EOF
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	if len(line) > limit {
		return nil, errLineTooLong
	}
	return line, nil
}
