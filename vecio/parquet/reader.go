package parquet

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/parquet-go/parquet-go/format"

	"github.com/annoy-go/annoy/internal/visible"
	"github.com/annoy-go/annoy/vecio"
)

// Options say what to read; nil is the zero value.
type Options struct {
	Column string // the list of floats; "": the only one that the file has
	// IDColumn is a column of integers from 0 that are the ids of the rows, or of
	// strings, which are their keys. Default (""): a column called id, in any case;
	// without one, rows have neither.
	IDColumn string
	// KeyColumn is IDColumn for a column whose values are keys even where they
	// are integers. Only one of the two can be given.
	KeyColumn string
	// SkipColumns are columns that are not read.
	SkipColumns []string
}

// Reader reads the vectors of a Parquet file from the first row to the last. It
// is a source for annoy.BuildFile. It is not safe for concurrent use.
type Reader struct {
	name    string
	column  string
	element vecio.Element
	dim     int
	len     int64

	vectors *values
	ids     *values // of ids or keys; nil: row numbers
	keyed   bool    // ids holds keys
	key     string  // of the row read last
	first   []float32
	firstID int64
	row     int64
	lastErr error
	source  *source
	file    *os.File // nil for NewReader
}

// Open opens the file, and reads its footer and the first row. An error
// matches [vecio.ErrFormat] when the file is malformed or has no such column,
// and otherwise is the file system's. Close the Reader after use.
func Open(path string, o *Options) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("annoy: %w", err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = fmt.Errorf("annoy: %w", err)
	case !info.Mode().IsRegular():
		err = fmt.Errorf("annoy: %s: a parquet file is not read in order: want a file, not a directory or a stream", path)
	}
	var r *Reader
	if err == nil {
		r, err = NewReader(f, info.Size(), path, o)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r.file = f
	return r, nil
}

// NewReader is Open for size bytes that come from elsewhere; name stands in
// errors. Close does not close src.
func NewReader(src io.ReaderAt, size int64, name string, o *Options) (r *Reader, err error) {
	if o == nil {
		o = &Options{}
	}
	if o.IDColumn != "" && o.KeyColumn != "" {
		return nil, fmt.Errorf("annoy: id column %q and key column %q: want one of them", o.IDColumn, o.KeyColumn)
	}
	r = &Reader{name: name, source: &source{ReaderAt: src}}
	defer func() {
		if err != nil {
			r = nil
		}
	}()
	defer r.guard(&err)
	file, err := openFile(r.source, size)
	if err != nil {
		return nil, r.fault(-1, -1, err)
	}
	if err := checkColumns(file, o); err != nil {
		return nil, r.fault(-1, -1, err)
	}
	vectors, err := findVectors(file, o)
	if err != nil {
		return nil, r.fault(-1, -1, err)
	}
	r.column, r.element = vectors.name, vectors.element
	r.vectors = newValues(file, r.source, vectors.leaf)
	ids, err := findIDs(file, o)
	if err != nil {
		return nil, r.fault(-1, -1, err)
	}
	if ids != nil {
		r.ids = newValues(file, r.source, ids)
		r.keyed = o.KeyColumn != "" || r.ids.kind == format.ByteArray
	}
	r.vectors.present = vectors.present
	if r.len = file.NumRows(); r.len < 0 || r.len > math.MaxInt {
		return nil, r.fault(-1, -1, fmt.Errorf("its footer says %d rows", r.len))
	}
	// The first row tells the number of components.
	if r.firstID, err = r.read(nil); err != nil && err != io.EOF {
		return nil, err
	}
	r.dim = len(r.first)
	return r, nil
}

// Column returns the name of the column that the vectors come from.
func (r *Reader) Column() string { return r.column }

// Element returns the type of the components in the file: vecio.Float32 or
// vecio.Float64.
func (r *Reader) Element() vecio.Element { return r.element }

// Dim returns the number of components of every row, from 1 to vecio.MaxDim; 0
// for a file of no rows.
func (r *Reader) Dim() int { return r.dim }

// Len returns the number of rows.
func (r *Reader) Len() int { return int(r.len) }

// Row returns the number, from 0, of the row that the next call of Next reads,
// which is also how many rows were read.
func (r *Reader) Row() int64 { return r.row }

// HasKeys says whether the rows have keys: text that names each of them, where
// other files have ids.
func (r *Reader) HasKeys() bool { return r.keyed }

// Key returns the key of the row that Next read last, "" where rows have none.
// Keys are not empty; that they are unique is not checked.
func (r *Reader) Key() string {
	if r.row == 0 {
		return ""
	}
	return r.key
}

// Next reads the next row into dst[:Dim()] and returns its id: that of a column
// of ids, 0 or more and not checked to be unique, or the number of the row, from
// 0. All components are finite; those of a DOUBLE column are rounded to
// nearest. After the last row, the error is io.EOF; on any other error the
// contents of dst are undefined. Errors of the file are final: every later call
// returns the same.
func (r *Reader) Next(dst []float32) (id int64, err error) {
	if r.lastErr != nil {
		return 0, r.lastErr
	}
	if len(dst) < r.dim {
		return 0, fmt.Errorf("annoy: %s: room for %d components, its rows have %d", r.name, len(dst), r.dim)
	}
	if r.first != nil {
		copy(dst, r.first)
		r.first = nil
		r.row++
		return r.firstID, nil
	}
	id, err = r.guardedRead(dst[:r.dim])
	if err != nil {
		r.lastErr = err
		return 0, err
	}
	r.row++
	return id, nil
}

func (r *Reader) guardedRead(dst []float32) (id int64, err error) {
	defer r.guard(&err)
	return r.read(dst)
}

// read reads a row into dst, which for the first row is nil: r.first is then
// made.
func (r *Reader) read(dst []float32) (int64, error) {
	growing := dst == nil
	n := 0
	for ; ; n++ {
		v, err := r.vectors.peek()
		switch {
		case err == io.EOF && n > 0, err == nil && n > 0 && v.repetition == 0:
			if !growing && n < len(dst) {
				return 0, r.errorf(r.row, -1, "%d components, row 0 has %d", n, len(dst))
			}
			if growing {
				r.first = dst
			}
			return r.readID()
		case err == io.EOF:
			return 0, r.atEnd()
		case err != nil:
			return 0, r.fault(r.row, -1, err)
		case n == 0 && r.row == r.len:
			return 0, r.errorf(-1, -1, "more rows than the %d that its footer says", r.len)
		case n == 0 && v.repetition != 0:
			return 0, r.errorf(r.row, -1, "the row begins within a list")
		case v.null && v.definition < r.vectors.present:
			return 0, r.errorf(r.row, -1, "the row is null or an empty list")
		case v.null:
			return 0, r.errorf(r.row, n, "null is refused: components must be finite")
		case growing && n == vecio.MaxDim:
			return 0, r.errorf(r.row, -1, "more than %d components, the limit", vecio.MaxDim)
		case !growing && n == len(dst):
			return 0, r.errorf(r.row, -1, "more than %d components, which is what row 0 has", n)
		}
		x, why := component(r.vectors.float(v))
		if why != "" {
			return 0, r.errorf(r.row, n, "%s", why)
		}
		if growing {
			dst = append(dst, x)
		} else {
			dst[n] = x
		}
		r.vectors.advance()
	}
}

// component converts a value, or says why it is refused.
func component(x float64) (float32, string) {
	switch f := float32(x); {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return 0, fmt.Sprintf("%v is refused: components must be finite", x)
	case math.IsInf(float64(f), 0):
		return 0, fmt.Sprintf("%v is beyond the range of float32", x)
	default:
		return f, ""
	}
}

// readID reads the id or the key of the row.
func (r *Reader) readID() (int64, error) {
	if r.ids == nil {
		return r.row, nil
	}
	v, err := r.ids.peek()
	switch {
	case err == io.EOF:
		return 0, r.errorf(r.row, -1, "the id column ends before this row")
	case err != nil:
		return 0, r.fault(r.row, -1, err)
	case v.null:
		return 0, r.errorf(r.row, -1, "its id is null")
	}
	r.ids.advance()
	switch {
	case r.ids.kind == format.ByteArray && len(r.ids.text) == 0:
		return 0, r.errorf(r.row, -1, "its id is empty")
	case r.ids.kind == format.ByteArray:
		r.key = string(r.ids.text)
		return r.row, nil
	}
	id := r.ids.int(v)
	switch {
	case r.keyed:
		r.key = strconv.FormatInt(id, 10)
		return r.row, nil
	case id < 0:
		return 0, r.errorf(r.row, -1, "id %d is negative", id)
	}
	return id, nil
}

// atEnd returns io.EOF where the file may end.
func (r *Reader) atEnd() error {
	if r.row != r.len {
		return r.errorf(r.row, -1, "the column ends before this row: the footer says %d rows", r.len)
	}
	return io.EOF
}

// Close closes the file. Next then fails with an error that matches
// os.ErrClosed. Further calls do nothing.
func (r *Reader) Close() error {
	r.lastErr = fmt.Errorf("annoy: %s: reader: %w", r.name, os.ErrClosed)
	r.first, r.vectors, r.ids = nil, nil, nil
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

// guard turns a panic of the library, which a damaged file can cause, into an
// error.
func (r *Reader) guard(err *error) {
	if p := recover(); p != nil {
		row := r.row
		if r.vectors == nil {
			row = -1
		}
		*err = r.errorf(row, -1, "the file is damaged: %v", p)
	}
}

func (r *Reader) errorf(row int64, column int, format string, args ...any) error {
	name := r.name
	if r.column != "" {
		name += "#" + visible.Name(r.column)
	}
	return &vecio.FormatError{File: name, Row: row, Column: column, Msg: fmt.Sprintf(format, args...)}
}

// fault is the error for one of the library: the file system's where that is
// the cause, the format's otherwise.
func (r *Reader) fault(row int64, column int, err error) error {
	if r.source.err != nil {
		return fmt.Errorf("annoy: reading %s: %w", r.name, r.source.err)
	}
	return r.errorf(row, column, "%v", err)
}

// source is the file under the library, and its first failure that is not the
// end of the file.
type source struct {
	io.ReaderAt
	err error
}

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 { // a damaged file's fault, not the file system's
		return 0, fmt.Errorf("an offset of %d bytes", off)
	}
	n, err := s.ReaderAt.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) && s.err == nil {
		s.err = err
	}
	return n, err
}
