package vecio

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/annoy-go/annoy/internal/atomicfile"
)

// WriteOptions say how to write a file; nil is the zero value.
type WriteOptions struct {
	Format  Format  // "": by the extension of the path; Npz and HDF5 are not written
	Element Element // 0: float32 for npy, otherwise the only one that the format has
}

// Validate returns an error when an option has no such value, or when the
// format that is named has no such element type.
func (o *WriteOptions) Validate() error {
	if o == nil {
		return nil
	}
	if o.Format == "" {
		if int(o.Element) >= len(codecs) {
			return fmt.Errorf("annoy: unknown element type %v", o.Element)
		}
		return nil
	}
	f, err := ParseFormat(string(o.Format))
	if err == nil {
		_, err = o.element(f)
	}
	return err
}

// element returns the element type for a file of format f.
func (o *WriteOptions) element(f Format) (Element, error) {
	can := f.elements()
	if can == nil {
		return 0, fmt.Errorf("annoy: %s files are read, not written", f)
	}
	if o == nil || o.Element == 0 {
		return can[0], nil
	}
	if !slices.Contains(can, o.Element) {
		return 0, fmt.Errorf("annoy: %s files cannot hold %v: want one of %v", f, o.Element, can)
	}
	return o.Element, nil
}

// Writer writes a file of vectors row by row. Nothing stands under the file's
// name before Close, which puts all of it in place, or nothing. It is not safe
// for concurrent use.
type Writer struct {
	path    string
	format  Format
	element Element
	dim     int
	rows    int64
	who     rowName // how the first row was written
	err     error   // the first failure, which Close repeats
	file    *atomicfile.File
	buf     *bufio.Writer
	row     []byte // the row being encoded
}

// Create begins a file of vectors of dim components, from 1 to [MaxDim]. A
// file that has the path already stays until Close replaces it. End with Close
// or Abort; Abort can be deferred:
//
//	w, err := vecio.Create("out.npy", 128, nil)
//	if err != nil {
//		return err
//	}
//	defer w.Abort()
//	… w.Write(vec) …
//	return w.Close()
func Create(path string, dim int, o *WriteOptions) (*Writer, error) {
	var want Format
	if o != nil {
		want = o.Format
	}
	format, err := resolveFormat(want, path)
	if err != nil {
		return nil, err
	}
	if _, packed := unpackedName(path); packed != "" {
		return nil, fmt.Errorf("annoy: %s: compressed files are read, not written", path)
	}
	element, err := o.element(format)
	if err != nil {
		return nil, err
	}
	if dim < 1 || dim > MaxDim {
		return nil, fmt.Errorf("annoy: %s: vectors of %d components: want 1 to %d", path, dim, MaxDim)
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	w := &Writer{path: path, format: format, element: element, dim: dim, file: f,
		buf: bufio.NewWriterSize(f, maxBuffer)}
	// The header is written twice: here to hold its place, by Close with the
	// number of rows.
	if _, err := w.buf.Write(w.header()); err != nil {
		f.Abort()
		return nil, w.ioError(err)
	}
	return w, nil
}

// header returns the bytes before the first row, whose number does not depend
// on the number of rows.
func (w *Writer) header() []byte {
	switch w.format {
	case Npy:
		return appendNpyHeader(nil, w.element, w.rows, w.dim)
	case Fbin, U8bin:
		return appendBinHeader(nil, w.rows, w.dim)
	}
	return nil
}

// Format returns the file's format.
func (w *Writer) Format() Format { return w.format }

// Element returns the type of the components in the file.
func (w *Writer) Element() Element { return w.element }

// Len returns how many rows were written.
func (w *Writer) Len() int64 { return w.rows }

// rowName is what a file calls its rows.
type rowName uint8

const (
	nameless rowName = iota
	byID
	byKey
)

func (n rowName) String() string { return [...]string{"no id", "an id", "a key"}[n] }

// Write adds a row of exactly the Writer's number of components. Error values
// that match [ErrValue] are about vec: a wrong length, NaN or an infinity, or a
// component that the element type cannot hold. After any error nothing more
// can be written, and Close leaves no file, so that no row is ever missing
// from one.
func (w *Writer) Write(vec []float32) error {
	w.name(nameless)
	return w.write(nil, vec)
}

// WriteID adds a row with its id, 0 or more. Only JSONL holds ids, and then for
// all rows or none. Otherwise it is as Write.
func (w *Writer) WriteID(id int64, vec []float32) error {
	w.name(byID)
	if w.err == nil && id < 0 {
		w.err = w.valueError(-1, fmt.Sprintf("id %d is negative", id))
	}
	return w.write(strconv.AppendInt(nil, id, 10), vec)
}

// WriteKey adds a row with its key, which is not empty and valid UTF-8. Only JSONL
// holds keys, as ids that are strings, and then for all rows or none. Otherwise it
// is as Write.
func (w *Writer) WriteKey(key string, vec []float32) error {
	w.name(byKey)
	if w.err == nil && (key == "" || !utf8.ValidString(key)) {
		w.err = w.valueError(-1, fmt.Sprintf("key %s is empty or not UTF-8", excerpt([]byte(key))))
	}
	quoted, err := json.Marshal(key)
	if err != nil && w.err == nil {
		w.err = w.valueError(-1, err.Error())
	}
	return w.write(quoted, vec)
}

// name checks that the row to be written is called as the file's are.
func (w *Writer) name(n rowName) {
	switch {
	case w.err != nil:
	case n != nameless && w.format != JSONL:
		w.err = w.valueError(-1, fmt.Sprintf("%s files hold no ids", w.format))
	case w.rows > 0 && n != w.who:
		first := w.who.String()
		switch {
		case n == nameless:
			first = "one"
		case w.who == nameless:
			first = "none"
		}
		w.err = w.valueError(-1, fmt.Sprintf("%v, the first row has %s", n, first))
	default:
		w.who = n
	}
}

func (w *Writer) write(id []byte, vec []float32) error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.encode(id, vec); w.err != nil {
		return w.err
	}
	return w.writeRow()
}

// writeRow writes what w.row holds.
func (w *Writer) writeRow() error {
	if _, err := w.buf.Write(w.row); err != nil {
		w.err = w.ioError(err)
		return w.err
	}
	w.rows++
	return nil
}

// encode leaves the row's bytes in w.row.
func (w *Writer) encode(id []byte, vec []float32) error {
	if len(vec) != w.dim {
		return w.valueError(-1, fmt.Sprintf("%d components, the file's rows have %d", len(vec), w.dim))
	}
	w.row = w.row[:0]
	switch w.format {
	case JSONL, CSV, TSV:
		if i := firstNotFinite(vec); i >= 0 {
			return w.valueError(i, notFinite(float64(vec[i])))
		}
		if w.format == JSONL {
			w.row = appendJSONRow(w.row, id, vec)
		} else {
			w.row = appendCSVRow(w.row, vec, separator(w.format))
		}
		return nil
	case Fbin, U8bin:
		if w.rows == math.MaxUint32 {
			return w.valueError(-1, fmt.Sprintf("%s files have at most %d rows", w.format, uint32(math.MaxUint32)))
		}
	case Fvecs, Bvecs, Ivecs:
		w.row = appendVecsPrefix(w.row, w.dim)
	}
	c := &codecs[w.element]
	start, end := len(w.row), len(w.row)+len(vec)*c.size
	w.row = slices.Grow(w.row, end-start)[:end]
	if i := c.encode(w.row[start:], vec); i >= 0 {
		return w.valueError(i, c.whyNotEncode(vec[i]))
	}
	return nil
}

// Close writes the number of rows where the format has one, brings all bytes to
// the disk and gives the file its name. After a failed Write it returns that
// error and leaves no file. Of the formats without a header (all but npy, fbin
// and u8bin), a file without rows could not be read, so closing one
// is an error that leaves no file.
func (w *Writer) Close() error {
	if w.err != nil {
		w.file.Abort()
		return w.err
	}
	err := w.finish()
	w.file.Abort() // does nothing after the commit
	w.err = fmt.Errorf("annoy: %s: writer: %w", w.path, os.ErrClosed)
	return err
}

func (w *Writer) finish() error {
	header := w.header()
	if w.rows == 0 && len(header) == 0 {
		return fmt.Errorf("annoy: %s: a %s file without rows cannot be read, none is written", w.path, w.format)
	}
	if err := w.buf.Flush(); err != nil {
		return w.ioError(err)
	}
	if len(header) > 0 {
		if _, err := w.file.WriteAt(header, 0); err != nil {
			return w.ioError(err)
		}
	}
	return w.file.Commit()
}

// Abort gives the file up and leaves none behind. After Close or another Abort
// it does nothing.
func (w *Writer) Abort() {
	w.file.Abort()
	if w.err == nil {
		w.err = fmt.Errorf("annoy: %s: writer: %w", w.path, os.ErrClosed)
	}
}

func (w *Writer) valueError(column int, why string) error {
	place := ""
	if column >= 0 {
		place = fmt.Sprintf(", column %d", column)
	}
	return &valueError{fmt.Sprintf("annoy: %s: row %d%s: %s", w.path, w.rows, place, why)}
}

func (w *Writer) ioError(err error) error {
	return fmt.Errorf("annoy: writing %s: %w", w.path, err)
}
