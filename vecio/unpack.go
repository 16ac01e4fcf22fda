package vecio

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Compressed text is read as a stream: what is held does not depend on how much
// it decompresses to. It is recognised by its first bytes, whatever its name; a
// name that says so and a file that is not is an error.

const (
	gzipName, gzipMagic = "gzip", "\x1f\x8b\x08"
	zstdName, zstdMagic = "zstd", "\x28\xb5\x2f\xfd"
)

// unpacked is the text that in holds, which is in itself when it is not
// compressed. zstd is ReadOptions.Zstd.
func (in *input) unpacked(zstd func(io.Reader) (io.Reader, error)) (*input, error) {
	start, err := in.peek(4)
	if err != nil {
		return nil, err
	}
	_, named := unpackedName(in.name)
	src := &tracked{Reader: in.Reader}
	var text io.Reader
	packing := named
	switch {
	case bytes.HasPrefix(start, []byte(gzipMagic)):
		packing = gzipName
		text, err = gzip.NewReader(src)
	case string(start) == zstdMagic && zstd == nil:
		return nil, in.errorf(-1, -1, "the file is zstd-compressed: package vecio/zstd reads it, or unpack it first")
	case string(start) == zstdMagic:
		packing = zstdName
		text, err = zstd(src)
	case named != "":
		return nil, in.errorf(-1, -1, "its name says that it is %s-compressed, and it does not begin so", named)
	default:
		return in, nil
	}
	if err != nil {
		return nil, in.ioError(src.fault(packing, 0, err))
	}
	return newInput(&unpacking{src: src, text: text, packing: packing}, -1, in.name), nil
}

// tracked keeps the first failure of a reader other than its end.
type tracked struct {
	io.Reader
	err error
}

func (t *tracked) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if err != nil && err != io.EOF && t.err == nil {
		t.err = err
	}
	return n, err
}

// fault is the error for err, which came from decompressing: that of the file
// system where this was the cause, otherwise one about the file's contents.
func (t *tracked) fault(packing string, done int64, err error) error {
	if t.err != nil {
		return t.err
	}
	return &damage{packing, done, err}
}

// unpacking is the decompressed bytes of a file.
type unpacking struct {
	src     *tracked
	text    io.Reader
	packing string
	done    int64 // bytes decompressed
}

func (u *unpacking) Read(p []byte) (int, error) {
	n, err := u.text.Read(p)
	u.done += int64(n)
	if err != nil && err != io.EOF {
		err = u.src.fault(u.packing, u.done, err)
	}
	return n, err
}

// damage is what is wrong with a compressed file.
type damage struct {
	packing string
	done    int64 // bytes decompressed before
	err     error
}

func (d *damage) Error() string {
	if errors.Is(d.err, io.ErrUnexpectedEOF) || d.err == io.EOF {
		return fmt.Sprintf("the file was cut short: its %s stream ends too early, after %d bytes of contents", d.packing, d.done)
	}
	return fmt.Sprintf("its %s stream is damaged, after %d bytes of contents: %v", d.packing, d.done, d.err)
}

// located makes an error of damage one of the file's format, at the row that was
// to be read, −1 for the header. Others are returned as they are.
func located(err error, name string, row int64) error {
	var d *damage
	if errors.As(err, &d) {
		return &FormatError{File: name, Row: row, Column: -1, Msg: d.Error()}
	}
	return err
}
