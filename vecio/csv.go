package vecio

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// CSV as RFC 4180 has it, with commas: a row a record, a component a field. The
// first record is a line of names when none of its fields is a number, or begins
// like one. Blank lines are skipped.

type csvRows struct {
	in      *input
	records *csv.Reader
	bound   *recordBound
	first   []float32 // the first row, read to open the file
}

func openCSV(in *input) (head, decoder, error) {
	fail := func(err error) (head, decoder, error) { return head{}, nil, err }
	if err := in.skipBOM(); err != nil {
		return fail(err)
	}
	bound := &recordBound{r: in}
	c := &csvRows{in: in, records: csv.NewReader(bound), bound: bound}
	c.records.FieldsPerRecord = -1 // counted here, for a better error
	c.records.ReuseRecord = true
	c.records.TrimLeadingSpace = true

	fields, line, err := c.record(0)
	names := 0
	if err == nil && !slices.ContainsFunc(fields, likeNumber) {
		if i := slices.IndexFunc(fields, isBlank); i >= 0 {
			return fail(in.lineErrorf(0, line, i, "neither a number nor the name of a column: remove a column of row numbers, which is none of the vectors'"))
		}
		names = len(fields)
		fields, line, err = c.record(0)
	}
	if err == io.EOF {
		return fail(in.errorf(-1, -1, "the file has no rows"))
	}
	if err != nil {
		return fail(err)
	}
	if names > 0 && names != len(fields) {
		return fail(in.lineErrorf(0, line, -1, "%d fields, the line of names has %d", len(fields), names))
	}
	if len(fields) > MaxDim {
		return fail(in.lineErrorf(0, line, -1, "%d components, the limit is %d", len(fields), MaxDim))
	}
	c.first = make([]float32, len(fields))
	if err := c.parse(c.first, fields, 0, line); err != nil {
		return fail(err)
	}
	return head{element: Float32, dim: len(fields), len: -1}, c, nil
}

func isBlank(field string) bool { return strings.TrimSpace(field) == "" }

// likeNumber says whether a field of a file's first record is a number, or begins
// like one: to take a row with a bad component for names would lose it.
func likeNumber(field string) bool {
	field = strings.TrimSpace(field)
	if field == "" {
		return false
	}
	if strings.ContainsRune("0123456789+-.", rune(field[0])) {
		return true
	}
	_, err := strconv.ParseFloat(field, 32) // "nan" and "inf" are numbers
	return err == nil
}

func (c *csvRows) next(dst []float32, row int64) (int64, error) {
	if row == 0 {
		copy(dst, c.first)
		c.first = nil
		return 0, nil
	}
	fields, line, err := c.record(row)
	if err != nil {
		return 0, err
	}
	if len(fields) != len(dst) {
		return 0, c.in.lineErrorf(row, line, -1, "%d components, row 0 has %d", len(fields), len(dst))
	}
	return row, c.parse(dst, fields, row, line)
}

// record returns the fields of the next record and the line it begins on.
func (c *csvRows) record(row int64) ([]string, int64, error) {
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

func (c *csvRows) parse(dst []float32, fields []string, row, line int64) error {
	for i, f := range fields {
		v, why := parseComponent(strings.TrimSpace(f))
		if why != "" {
			return c.in.lineErrorf(row, line, i, "%s", why)
		}
		dst[i] = v
	}
	return nil
}

// recordBound stops a csv.Reader that goes on collecting a record past the
// limits of bytes and fields, as it would for a quote that never ends.
type recordBound struct {
	r             io.Reader
	bytes, commas int // read since the last reset
}

func (b *recordBound) reset() { b.bytes, b.commas = 0, 0 }

func (b *recordBound) Read(p []byte) (int, error) {
	if b.bytes > MaxLine || b.commas > MaxDim {
		return 0, errLineTooLong
	}
	n, err := b.r.Read(p)
	b.bytes += n
	b.commas += bytes.Count(p[:n], []byte(","))
	return n, err
}

// appendCSVRow appends a record.
func appendCSVRow(b []byte, vec []float32) []byte {
	return append(appendDecimals(b, vec), '\n')
}
