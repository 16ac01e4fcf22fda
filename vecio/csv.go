package vecio

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// CSV as RFC 4180 has it, with commas, or tabs for TSV: a row a record, a
// component a field, but for the columns that the layout leaves out. Blank lines
// are skipped.

type csvRows struct {
	in      *input
	records *csv.Reader
	bound   *recordBound
	columns csvColumns
	who     *identity // nil where rows have neither ids nor keys

	// The first row is read to open the file, and waits here, and sometimes the
	// record after it.
	first   []float32
	firstID int64
	ahead   *csvRecord
}

// csvRecord is a record, or why there is none.
type csvRecord struct {
	fields []string
	line   int64
	err    error
}

func openCSV(in *input, format Format, o *ReadOptions) (head, decoder, error) {
	fail := func(err error) (head, decoder, error) { return head{}, nil, err }
	if err := in.skipBOM(); err != nil {
		return fail(err)
	}
	comma := separator(format)
	bound := &recordBound{r: in, comma: []byte{comma}}
	c := &csvRows{in: in, records: csv.NewReader(bound), bound: bound}
	c.records.Comma = rune(comma)
	c.records.FieldsPerRecord = -1 // counted here, for a better error
	c.records.ReuseRecord = true
	c.records.TrimLeadingSpace = format == CSV // it would take a tab for space

	fields, line, err := c.record(0)
	if err == nil {
		var why string
		if c.columns, why = newCSVColumns(fields, o); why != "" {
			return fail(in.lineErrorf(-1, line, -1, "%s", why))
		}
		if c.columns.names != nil {
			fields, line, err = c.record(0)
		}
	}
	if err == io.EOF {
		return fail(in.errorf(-1, -1, "the file has no rows"))
	}
	if err != nil {
		return fail(err)
	}
	if c.columns.id >= 0 {
		c.who = newIdentity(o.KeyColumn != "")
	}
	dim := len(c.columns.components)
	if dim > MaxDim {
		return fail(in.lineErrorf(0, line, -1, "%d components, the limit is %d", dim, MaxDim))
	}
	if c.columns.names == nil && o.Header == HeaderAuto && counts(fields) {
		// The names that pandas gives, or a row? Names are integers, and then the
		// rows of a matrix of floats are not.
		fields = slices.Clone(fields) // the record is used again for the next
		next, nextLine, err := c.record(1)
		if err == nil && !slices.ContainsFunc(next, isInteger) {
			return fail(in.lineErrorf(-1, line, -1, "0, 1, 2, … may be names of columns or a row: say which, header yes or no"))
		}
		c.ahead = &csvRecord{slices.Clone(next), nextLine, err}
	}
	c.first = make([]float32, dim)
	if c.firstID, err = c.parse(c.first, fields, 0, line); err != nil {
		return fail(err)
	}
	return head{element: Float32, dim: dim, len: -1}, c, nil
}

// separator is the byte between the fields of a record.
func separator(f Format) byte {
	if f == TSV {
		return '\t'
	}
	return ','
}

func (c *csvRows) next(dst []float32, row int64) (int64, error) {
	if row == 0 {
		copy(dst, c.first)
		c.first = nil
		return c.firstID, nil
	}
	fields, line, err := c.record(row)
	if err != nil {
		return 0, err
	}
	return c.parse(dst, fields, row, line)
}

func (c *csvRows) identity() *identity { return c.who }

// record returns the fields of the next record and the line it begins on.
func (c *csvRows) record(row int64) ([]string, int64, error) {
	if a := c.ahead; a != nil {
		c.ahead = nil
		return a.fields, a.line, a.err
	}
	c.bound.reset()
	fields, err := c.records.Read()
	var syntax *csv.ParseError
	switch {
	case err == nil:
		line, _ := c.records.FieldPos(0)
		return fields, int64(line), nil
	case err == io.EOF:
		return nil, 0, io.EOF
	case errors.Is(err, errLineTooLong):
		return nil, 0, c.in.errorf(row, -1, "the record is longer than %d bytes or %d fields", MaxLine, MaxDim)
	case errors.As(err, &syntax):
		return nil, 0, c.in.lineErrorf(row, int64(syntax.Line), -1, "%v", syntax.Err)
	}
	return nil, 0, c.in.ioError(err)
}

// parse reads a row from its fields, and returns its id.
func (c *csvRows) parse(dst []float32, fields []string, row, line int64) (int64, error) {
	if len(fields) != c.columns.fields {
		return 0, c.in.lineErrorf(row, line, -1, "%s", c.columns.wrongNumber(len(fields)))
	}
	for i, at := range c.columns.components {
		v, why := parseComponent(strings.TrimSpace(fields[at]))
		if why != "" {
			advice := ""
			if row == 0 && c.columns.names != nil && !likeNumber(strings.TrimSpace(fields[at])) {
				advice = "; a column that is no component can be skipped"
			}
			return 0, c.in.lineErrorf(row, line, i, "%s%s%s", why, c.columns.called(at), advice)
		}
		dst[i] = v
	}
	if c.who == nil {
		return row, nil
	}
	if why := c.who.text(fields[c.columns.id]); why != "" {
		return 0, c.in.lineErrorf(row, line, -1, "%s%s", why, c.columns.called(c.columns.id))
	}
	if c.who.keyed {
		return row, nil
	}
	return c.who.id, nil
}

// recordBound stops a csv.Reader that goes on collecting a record past the
// limits of bytes and fields, as it would for a quote that never ends.
type recordBound struct {
	r             io.Reader
	comma         []byte
	bytes, commas int // read since the last reset
}

func (b *recordBound) reset() { b.bytes, b.commas = 0, 0 }

func (b *recordBound) Read(p []byte) (int, error) {
	if b.bytes > MaxLine || b.commas > MaxDim {
		return 0, errLineTooLong
	}
	n, err := b.r.Read(p)
	b.bytes += n
	b.commas += bytes.Count(p[:n], b.comma)
	return n, err
}

// appendCSVRow appends a record.
func appendCSVRow(b []byte, vec []float32, comma byte) []byte {
	return append(appendDecimals(b, vec, comma), '\n')
}
