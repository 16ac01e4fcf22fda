package vecio

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
)

// ReadOptions say how to read a file; nil is the zero value.
type ReadOptions struct {
	Format Format // "": by the extension of the file's name

	// Dataset is the dataset of an HDF5 file to read, or the array of an npz file.
	// Default (""): train, or the only array.
	Dataset string
	// VectorField is the field with the vector in JSON lines that are objects.
	// Default (""): vector, or the only field that is an array of numbers.
	VectorField string
	// IDColumn is the column of CSV and TSV, or the field of JSON lines, with the
	// ids of the rows. They are integers from 0 on, or on all rows text, which
	// becomes their keys. Default (""): a column or field called id, in any case;
	// without one, rows have neither. Columns that have no name are called by
	// their number, from 0, as #0.
	IDColumn string
	// KeyColumn is IDColumn for a column whose values are keys even where they
	// are numbers. Only one of the two can be given.
	KeyColumn string
	// SkipColumns are columns or fields that are not read.
	SkipColumns []string
	// Header says whether CSV and TSV begin with a line of names. Default (0): by
	// what stands there.
	Header Header
	// Zstd unpacks a text file that is compressed with zstd; Unpack of package
	// vecio/zstd does. Default (nil): such a file is an error. Gzip needs nothing.
	Zstd func(io.Reader) (io.Reader, error)
}

// Validate returns an error when an option has no such value, or when an option
// is given together with a format that it is not for.
func (o *ReadOptions) Validate() error {
	switch {
	case o == nil:
		return nil
	case o.IDColumn != "" && o.KeyColumn != "":
		return fmt.Errorf("annoy: id column %q and key column %q: want one of them", o.IDColumn, o.KeyColumn)
	case o.Header > HeaderNo:
		return fmt.Errorf("annoy: unknown header %d", o.Header)
	case o.Format == "":
		return nil
	}
	f, err := ParseFormat(string(o.Format))
	if err != nil {
		return err
	}
	return o.suits(f)
}

// suits returns an error when an option is not for files of format f.
func (o *ReadOptions) suits(f Format) error {
	switch {
	case o.Dataset != "" && f != HDF5 && f != Npz:
		return fmt.Errorf("annoy: dataset %q: %s files have no datasets", o.Dataset, f)
	case o.VectorField != "" && f != JSONL:
		return fmt.Errorf("annoy: field %q: %s files have no fields", o.VectorField, f)
	case !f.isText() && o.idColumn() != "":
		return fmt.Errorf("annoy: id column %q: %s files have no ids", o.idColumn(), f)
	case f != CSV && f != TSV && o.Header != HeaderAuto:
		return fmt.Errorf("annoy: header: %s files have no line of names", f)
	case !f.isText() && len(o.SkipColumns) > 0:
		return fmt.Errorf("annoy: columns to skip: %s files have no columns", f)
	}
	return nil
}

// idColumn is the column that the options name as that of ids or keys.
func (o *ReadOptions) idColumn() string { return cmp.Or(o.KeyColumn, o.IDColumn) }

// Reader reads a file of vectors from the first row to the last. It is a
// source for annoy.BuildFile. It is not safe for concurrent use.
type Reader struct {
	head
	format  Format
	name    string
	rows    decoder
	who     *identity // of the row read last; nil where rows have neither ids nor keys
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
// the format unless o does. Close does not close src. An HDF5 or npz file, whose
// rows can lie anywhere, wants a src that is an io.ReaderAt, of known size; it stays
// in use as long as the Reader.
func NewReader(src io.Reader, size int64, name string, o *ReadOptions) (*Reader, error) {
	if o == nil {
		o = &ReadOptions{}
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	format, err := resolveFormat(o.Format, name)
	if err != nil {
		return nil, err
	}
	if err := o.suits(format); err != nil {
		return nil, err
	}
	if format == HDF5 || format == Npz {
		return openParts(src, size, name, format, o.Dataset)
	}
	in := newInput(src, size, name)
	if end, err := in.atEnd(); err != nil {
		return nil, err
	} else if end {
		return nil, in.errorf(-1, -1, "the file is empty")
	}
	if format.isText() {
		if in, err = in.unpacked(o.Zstd); err != nil {
			return nil, located(err, name, -1)
		}
	}
	h, rows, err := openFormat(in, format, o)
	if err != nil {
		return nil, located(err, name, 0)
	}
	return newRows(h, rows, format, in)
}

// openParts opens one of the arrays of a file that is not read in order.
func openParts(src io.Reader, size int64, name string, format Format, array string) (*Reader, error) {
	at, ok := src.(io.ReaderAt)
	if !ok || size < 0 {
		return nil, fmt.Errorf("annoy: %s: an %s file is not read in order: want a file, not a stream", name, format)
	}
	if format == Npz {
		return openNpz(at, size, name, array)
	}
	h, err := newHDF5(at, size, name)
	if err != nil {
		return nil, err
	}
	return h.Reader(cmp.Or(array, defaultDataset))
}

// newRows is a reader of the rows of in.
func newRows(h head, rows decoder, format Format, in *input) (*Reader, error) {
	if h.len > math.MaxInt {
		return nil, in.errorf(-1, -1, "%d rows are more than this machine can count", h.len)
	}
	r := &Reader{head: h, format: format, name: in.name, rows: rows}
	if named, ok := rows.(interface{ identity() *identity }); ok {
		r.who = named.identity()
	}
	return r, nil
}

func openFormat(in *input, format Format, o *ReadOptions) (h head, rows decoder, err error) {
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
			h, rows, err = openJSONL(in, o)
		case CSV, TSV:
			h, rows, err = openCSV(in, format, o)
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

// HasKeys says whether the rows have keys: text that names each of them, where
// other files have ids. It is known as soon as the file is open, but for a file
// without rows.
func (r *Reader) HasKeys() bool { return r.who != nil && r.who.keyed }

// Key returns the key of the row that Next read last, "" where rows have none.
// Keys are not empty; that they are unique is not checked.
func (r *Reader) Key() string {
	if !r.HasKeys() || r.row == 0 {
		return ""
	}
	return r.who.key
}

// Next reads the next row into dst[:Dim()] and returns its id: the file's own
// for text that has ids, the number of the row, from 0, otherwise.
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
		r.lastErr = located(err, r.name, r.row)
		return 0, r.lastErr
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
