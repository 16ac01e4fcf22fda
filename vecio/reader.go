package vecio

import (
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
)

// ReadOptions say how to read a file; nil is the zero value.
type ReadOptions struct {
	Format  Format // "": by the extension of the file's name
	Dataset string // of an HDF5 file, the dataset to read; "": train
}

// Validate returns an error when an option has no such value, or when a
// dataset is named together with a format that has none.
func (o *ReadOptions) Validate() error {
	if o == nil || o.Format == "" {
		return nil
	}
	f, err := ParseFormat(string(o.Format))
	if err == nil {
		_, err = o.dataset(f)
	}
	return err
}

// dataset returns the dataset to read of a file of format f, "" where the
// format has none.
func (o *ReadOptions) dataset(f Format) (string, error) {
	var name string
	if o != nil {
		name = o.Dataset
	}
	switch {
	case f != HDF5 && name != "":
		return "", fmt.Errorf("annoy: dataset %q: %s files have no datasets", name, f)
	case f == HDF5 && name == "":
		return defaultDataset, nil
	}
	return name, nil
}

// Reader reads a file of vectors from the first row to the last. It is a
// source for annoy.BuildFile. It is not safe for concurrent use.
type Reader struct {
	head
	format  Format
	name    string
	rows    decoder
	row     int64
	lastErr error    // what every further Next returns
	file    *os.File // nil for NewReader
}

// head is what is known before the first row is read.
type head struct {
	element Element
	dim     int
	len     int64 // rows, −1 when not known
}

// decoder is a format's way to read its rows.
type decoder interface {
	// next fills dst, which has exactly dim components, with the given row, the
	// one after that of the last call. io.EOF only where the file may end.
	next(dst []float32, row int64) (id int64, err error)
}

// Open opens a file of vectors and reads its header, or as much as it takes
// to know the number of components. The error matches [ErrFormat] when the
// file is malformed, and otherwise is the file system's. A file that is not a
// regular one, such as a pipe, is read as one of unknown size. Of an HDF5 file
// one dataset is read; see [OpenHDF5] for the others. Close the Reader after
// use.
func Open(path string, o *ReadOptions) (*Reader, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(f, size, path, o)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.file = f
	return r, nil
}

// openFile opens a file to read. size is its bytes, −1 for one that is not
// regular.
func openFile(path string) (f *os.File, size int64, err error) {
	if f, err = os.Open(path); err != nil {
		return nil, 0, fmt.Errorf("annoy: %w", err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = fmt.Errorf("annoy: %w", err)
	case info.IsDir():
		err = fmt.Errorf("annoy: %s is a directory, not a vector file", path)
	case info.Mode().IsRegular():
		return f, info.Size(), nil
	default:
		return f, -1, nil
	}
	f.Close()
	return nil, 0, err
}

// NewReader is Open for bytes that come from elsewhere. size is their number,
// or −1 when it is not known; name stands in errors, and its extension gives
// the format unless o does. Close does not close src. An HDF5 file, whose rows
// can lie anywhere, wants a src that is an io.ReaderAt, of known size; it stays
// in use as long as the Reader.
func NewReader(src io.Reader, size int64, name string, o *ReadOptions) (*Reader, error) {
	var want Format
	if o != nil {
		want = o.Format
	}
	format, err := resolveFormat(want, name)
	if err != nil {
		return nil, err
	}
	dataset, err := o.dataset(format)
	if err != nil {
		return nil, err
	}
	if format == HDF5 {
		at, ok := src.(io.ReaderAt)
		if !ok || size < 0 {
			return nil, fmt.Errorf("annoy: %s: an hdf5 file is not read in order: want a file, not a stream", name)
		}
		h, err := newHDF5(at, size, name)
		if err != nil {
			return nil, err
		}
		return h.Reader(dataset)
	}
	in := newInput(src, size, name)
	if end, err := in.atEnd(); err != nil {
		return nil, err
	} else if end {
		return nil, in.errorf(-1, -1, "the file is empty")
	}
	h, rows, err := openFormat(in, format)
	if err != nil {
		return nil, err
	}
	if h.len > math.MaxInt {
		return nil, in.errorf(-1, -1, "%d rows are more than this machine can count", h.len)
	}
	return &Reader{head: h, format: format, name: name, rows: rows}, nil
}

func openFormat(in *input, format Format) (h head, rows decoder, err error) {
	peeked, err := in.peek(6)
	if err != nil {
		return h, nil, err
	}
	packed := in.packedError(peeked)
	switch format {
	case Fvecs, Bvecs, Ivecs:
		h, rows, err = openVecs(in, format)
	case Fbin, U8bin:
		h, rows, err = openBin(in, format)
	default:
		if packed != nil {
			return h, nil, packed
		}
		switch format {
		case Npy:
			h, rows, err = openNpy(in)
		case JSONL:
			h, rows, err = openJSONL(in)
		case CSV:
			h, rows, err = openCSV(in)
		}
	}
	// Five formats begin with a number, which can be that of a compressed file:
	// only where the rest makes no sense is it taken for one.
	if err != nil && packed != nil {
		err = packed
	}
	return h, rows, err
}

// Format returns the file's format.
func (r *Reader) Format() Format { return r.format }

// Element returns the type of the components in the file; Float32 for text.
func (r *Reader) Element() Element { return r.element }

// Dim returns the number of components of every row, from 1 to MaxDim; 0 is
// possible only for a file of no rows.
func (r *Reader) Dim() int { return r.dim }

// Len returns the number of rows of the file, or −1 when it is not known
// before the end: for text, and for a file of unknown size, whose header
// nothing has confirmed.
func (r *Reader) Len() int { return int(r.len) }

// Row returns the number, from 0, of the row that the next call of Next
// reads, which is also how many rows were read.
func (r *Reader) Row() int64 { return r.row }

// Next reads the next row into dst[:Dim()] and returns its id: the file's own
// for JSONL objects that have one, the number of the row, from 0, otherwise.
// Ids of the file are 0 or more; Next does not check that they are unique. All
// components are finite. After the last row, the error is io.EOF; on any other
// error the contents of dst are undefined. Errors of the file are final: every
// later call returns the same.
func (r *Reader) Next(dst []float32) (id int64, err error) {
	if r.lastErr != nil {
		return 0, r.lastErr
	}
	if len(dst) < r.dim {
		return 0, fmt.Errorf("annoy: %s: room for %d components, its rows have %d", r.name, len(dst), r.dim)
	}
	id, err = r.rows.next(dst[:r.dim], r.row)
	if err != nil {
		r.lastErr = err
		return 0, err
	}
	r.row++
	return id, nil
}

// Close closes the file. Next then fails with an error that matches
// os.ErrClosed. Further calls do nothing.
func (r *Reader) Close() error {
	r.lastErr = fmt.Errorf("annoy: %s: reader: %w", r.name, os.ErrClosed)
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	if err != nil {
		return fmt.Errorf("annoy: %w", err)
	}
	return nil
}

// block decodes rows that lie one after the other without anything between.
type block struct {
	in   *input
	c    *codec
	rows int64 // as the header says
}

// newBlock checks the shape in a header whose size in bytes is given against
// the size of the file.
func newBlock(in *input, e Element, rows, dim uint64, header int64) (head, decoder, error) {
	fail := func(row int64, format string, args ...any) (head, decoder, error) {
		return head{}, nil, in.errorf(row, -1, format, args...)
	}
	switch {
	case dim == 0 && rows > 0:
		return fail(-1, "header: %d rows of 0 components", rows)
	case dim > MaxDim:
		return fail(-1, "header: %d components in a row, the limit is %d", dim, MaxDim)
	case rows > math.MaxInt64:
		return fail(-1, "header: %d rows are more than a file can hold", rows)
	}
	b := &block{in: in, c: &codecs[e], rows: int64(rows)}
	h := head{element: e, dim: int(dim), len: -1}
	if in.size < 0 {
		return h, b, nil
	}
	have := uint64(max(in.size-header, 0))
	rowBytes := dim * uint64(b.c.size)
	hi, need := bits.Mul64(rows, rowBytes)
	switch {
	case hi > 0 || need > have:
		whole := have / rowBytes
		return fail(int64(whole), "the file ends %d bytes into this row: its header says %d rows of %d bytes",
			have-whole*rowBytes, rows, rowBytes)
	case need < have:
		return fail(-1, "%d bytes after the last row: the header says %d rows of %d bytes", have-need, rows, rowBytes)
	}
	h.len = int64(rows)
	return h, b, nil
}

func (b *block) next(dst []float32, row int64) (int64, error) {
	in, err := b.begin(len(dst), row)
	if err != nil {
		return 0, err
	}
	return row, in.readRow(dst, b.c, row)
}

func (b *block) begin(_ int, row int64) (*input, error) {
	end, err := b.in.atEnd()
	switch {
	case err != nil:
		return nil, err
	case row == b.rows && end:
		return nil, io.EOF
	case row == b.rows:
		return nil, b.in.errorf(-1, -1, "bytes after the last row: the header says %d rows", b.rows)
	case end:
		return nil, b.in.errorf(row, -1, "the file ends before this row: its header says %d rows", b.rows)
	}
	return b.in, nil
}
