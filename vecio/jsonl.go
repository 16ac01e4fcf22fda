package vecio

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// JSON lines: each an array of numbers, or an object with the array in
// "vector" and, on all lines or none, an integer in "id". Other fields of an
// object are skipped, blank lines too. https://jsonlines.org, RFC 8259

type jsonl struct {
	in    *input
	line  int64  // of the row read last, from 1
	spill []byte // for readLine
	ids   bool   // every row has an id

	// The first row is read to open the file, and waits here.
	first   []float32
	firstID int64
}

func openJSONL(in *input) (head, decoder, error) {
	if err := in.skipBOM(); err != nil {
		return head{}, nil, err
	}
	j := &jsonl{in: in}
	row, err := j.read(nil, MaxDim, 0)
	if err == io.EOF {
		return head{}, nil, in.errorf(-1, -1, "the file has no rows")
	}
	if err != nil {
		return head{}, nil, err
	}
	j.first, j.firstID, j.ids = row.vec, row.id, row.id >= 0
	return head{element: Float32, dim: len(row.vec), len: -1}, j, nil
}

func (j *jsonl) next(dst []float32, row int64) (int64, error) {
	id := j.firstID
	if row == 0 {
		copy(dst, j.first)
		j.first = nil
	} else {
		r, err := j.read(dst[:0:len(dst)], len(dst), row)
		if err != nil {
			return 0, err
		}
		if len(r.vec) != len(dst) {
			return 0, j.in.lineErrorf(row, j.line, -1, "%d components, row 0 has %d", len(r.vec), len(dst))
		}
		if id = r.id; id >= 0 != j.ids {
			if j.ids {
				return 0, j.in.lineErrorf(row, j.line, -1, "no \"id\", row 0 has one")
			}
			return 0, j.in.lineErrorf(row, j.line, -1, "an \"id\", row 0 has none")
		}
	}
	if !j.ids {
		id = row
	}
	return id, nil
}

// read parses the next line that is not blank, appending at most limit
// components to vec.
func (j *jsonl) read(vec []float32, limit int, row int64) (jsonRow, error) {
	for {
		line, err := j.in.readLine(&j.spill, MaxLine)
		if err == errLineTooLong {
			return jsonRow{}, j.in.lineErrorf(row, j.line+1, -1, "the line is longer than %d bytes", MaxLine)
		}
		if err != nil {
			return jsonRow{}, err
		}
		j.line++
		r := jsonRow{rest: line, vec: vec, limit: limit, id: -1, column: -1}
		if r.atEnd() {
			continue
		}
		if err := r.parse(); err != nil {
			return r, j.in.lineErrorf(row, j.line, r.column, "%v", err)
		}
		return r, nil
	}
}

// jsonRow parses one line.
type jsonRow struct {
	rest   []byte    // what is not parsed yet
	vec    []float32 // components are appended
	limit  int       // of len(vec)
	id     int64     // −1: none
	column int       // component that an error is about, or −1
}

// next skips white space and returns the byte that follows, 0 at the end.
func (r *jsonRow) next() byte {
	for i, c := range r.rest {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			r.rest = r.rest[i:]
			return c
		}
	}
	r.rest = nil
	return 0
}

// atEnd skips white space and says whether nothing follows. A NUL byte is something.
func (r *jsonRow) atEnd() bool {
	r.next()
	return len(r.rest) == 0
}

// take consumes c if it comes next.
func (r *jsonRow) take(c byte) bool {
	if r.next() != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *jsonRow) parse() error {
	var err error
	switch r.next() {
	case '[':
		err = r.array()
	case '{':
		err = r.object()
	default:
		return fmt.Errorf("neither an array nor an object: %s", excerpt(r.rest))
	}
	if err == nil && !r.atEnd() {
		err = fmt.Errorf("text after the row: %s", excerpt(r.rest))
	}
	return err
}

func (r *jsonRow) object() error {
	r.take('{')
	var hasID, hasVector bool
	for first := true; !r.take('}'); first = false {
		if !first && !r.take(',') {
			return fmt.Errorf("want a comma or the object's end: %s", excerpt(r.rest))
		}
		if r.next() != '"' {
			return fmt.Errorf("want a field's name: %s", excerpt(r.rest))
		}
		var key string
		quoted := r.cut(stringLen(r.rest))
		if err := json.Unmarshal(quoted, &key); err != nil {
			return fmt.Errorf("a field's name is not JSON: %s", excerpt(quoted))
		}
		if !r.take(':') {
			return fmt.Errorf("want a colon after field %.40q", key)
		}
		var err error
		switch {
		case key == "id" && hasID, key == "vector" && hasVector:
			err = fmt.Errorf("field %q twice", key)
		case key == "id":
			hasID = true
			err = r.integer()
		case key == "vector":
			hasVector = true
			err = r.array()
		default:
			r.next()
			if value := r.cut(valueLen(r.rest)); !json.Valid(value) {
				err = fmt.Errorf("the value of field %.40q is not JSON: %s", key, excerpt(value))
			}
		}
		if err != nil {
			return err
		}
	}
	if !hasVector {
		return errors.New("the object has no \"vector\"")
	}
	return nil
}

func (r *jsonRow) array() error {
	if !r.take('[') {
		return fmt.Errorf("\"vector\" is not an array: %s", excerpt(r.rest))
	}
	if r.take(']') {
		return errors.New("the vector has no components")
	}
	for {
		r.next()
		r.column = len(r.vec)
		if len(r.vec) == r.limit {
			r.column = -1
			if r.limit == MaxDim {
				return fmt.Errorf("more than %d components, the limit", MaxDim)
			}
			return fmt.Errorf("more than %d components, row 0 has %d", r.limit, r.limit)
		}
		token := r.cut(scalarLen(r.rest))
		if !isJSONNumber(token) {
			return errors.New(notJSONNumber(token))
		}
		v, why := parseComponent(string(token))
		if why != "" {
			return errors.New(why)
		}
		r.vec = append(r.vec, v)
		switch r.next() {
		case ',':
			r.rest = r.rest[1:]
		case ']':
			r.rest = r.rest[1:]
			r.column = -1
			return nil
		default:
			return fmt.Errorf("want a comma or the vector's end after it: %s", excerpt(r.rest))
		}
	}
}

func (r *jsonRow) integer() error {
	r.next()
	token := r.cut(scalarLen(r.rest))
	id, err := strconv.ParseInt(string(token), 10, 64)
	if err != nil || id < 0 || !isJSONNumber(token) {
		return fmt.Errorf("\"id\" is not an integer from 0 to %d: %s", int64(math.MaxInt64), excerpt(token))
	}
	r.id = id
	return nil
}

// cut consumes and returns the next n bytes.
func (r *jsonRow) cut(n int) []byte {
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// scalarLen returns how far b goes on without a delimiter.
func scalarLen(b []byte) int {
	for i, c := range b {
		switch c {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return i
		}
	}
	return len(b)
}

// stringLen returns the length of the string that b begins with, quotes
// included, or of b when it has no end.
func stringLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// valueLen returns the length of the value that b begins with, provided it is
// JSON: whether it is, is left to json.Valid.
func valueLen(b []byte) int {
	depth := 0
	for i := 0; i < len(b); {
		switch b[i] {
		case '"':
			i += stringLen(b[i:])
		case '[', '{':
			depth++
			i++
		case ']', '}':
			depth--
			i++
		default:
			if depth == 0 {
				return i + scalarLen(b[i:])
			}
			i++
		}
		if depth <= 0 {
			return i
		}
	}
	return len(b)
}

// isJSONNumber says whether b is a number as RFC 8259 writes them; strconv
// alone would also take hexadecimal, "Inf" and ".5".
func isJSONNumber(b []byte) bool {
	digits := func() bool {
		n := 0
		for n < len(b) && b[n] >= '0' && b[n] <= '9' {
			n++
		}
		b = b[n:]
		return n > 0
	}
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	if len(b) > 0 && b[0] == '0' {
		b = b[1:]
	} else if !digits() {
		return false
	}
	if len(b) > 0 && b[0] == '.' {
		if b = b[1:]; !digits() {
			return false
		}
	}
	if len(b) > 0 && b[0]|0x20 == 'e' {
		b = b[1:]
		if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		if !digits() {
			return false
		}
	}
	return len(b) == 0
}

// notJSONNumber says what stands where a number should.
func notJSONNumber(token []byte) string {
	v, err := strconv.ParseFloat(string(token), 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		return notFinite(v)
	}
	return fmt.Sprintf("%s is not a JSON number", excerpt(token))
}

// appendJSONRow appends a line; id −1 stands for a row without id.
func appendJSONRow(b []byte, id int64, vec []float32) []byte {
	if id >= 0 {
		b = append(b, `{"id":`...)
		b = strconv.AppendInt(b, id, 10)
		b = append(b, `,"vector":`...)
	}
	b = append(b, '[')
	b = appendDecimals(b, vec)
	b = append(b, ']')
	if id >= 0 {
		b = append(b, '}')
	}
	return append(b, '\n')
}
