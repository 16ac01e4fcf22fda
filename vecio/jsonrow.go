package vecio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/annoy-go/annoy/internal/visible"
)

// jsonRow parses one line.
type jsonRow struct {
	rest   []byte    // what is not parsed yet
	vec    []float32 // components are appended
	limit  int       // of len(vec)
	fields *jsonFields
	who    *identity // made by the first id
	hasID  bool
	column int // component that an error is about, or −1
}

// id is the row's: its own, or its number.
func (r *jsonRow) id(row int64) int64 {
	if r.who == nil || r.who.keyed {
		return row
	}
	return r.who.id
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

// eachField calls do with the name of each field of an object, when its value
// comes next. do consumes the value.
func (r *jsonRow) eachField(do func(name string) error) error {
	r.take('{')
	for first := true; !r.take('}'); first = false {
		if !first && !r.take(',') {
			return fmt.Errorf("want a comma or the object's end: %s", excerpt(r.rest))
		}
		if r.next() != '"' {
			return fmt.Errorf("want a field's name: %s", excerpt(r.rest))
		}
		var name string
		quoted := r.cut(stringLen(r.rest))
		if err := json.Unmarshal(quoted, &name); err != nil {
			return fmt.Errorf("a field's name is not JSON: %s", excerpt(quoted))
		}
		if !r.take(':') {
			return fmt.Errorf("want a colon after field %.40q", name)
		}
		if err := do(name); err != nil {
			return err
		}
	}
	return nil
}

func (r *jsonRow) object() error {
	hasVector := false
	err := r.eachField(func(name string) error {
		switch {
		case slices.Contains(r.fields.skip, name):
		case name == r.fields.vector && hasVector, r.fields.isID(name) && r.hasID:
			return fmt.Errorf("field %.40q twice", name)
		case name == r.fields.vector:
			hasVector = true
			return r.array()
		case r.fields.isID(name):
			r.hasID = true
			return r.identify()
		}
		r.next()
		if value := r.cut(valueLen(r.rest)); !json.Valid(value) {
			return fmt.Errorf("the value of field %.40q is not JSON: %s", name, excerpt(value))
		}
		return nil
	})
	if err == nil && !hasVector {
		err = fmt.Errorf("the object has no %q", r.fields.vector)
	}
	return err
}

// vectorField returns the name of the field of the vector by the first row:
// vector, or the only one that is an array of numbers. r is a copy, whose errors
// are left to the parse of the row itself.
func vectorField(r jsonRow) (string, error) {
	if r.next() != '{' {
		return vectorName, nil
	}
	var all, arrays []string
	err := r.eachField(func(name string) error {
		r.next()
		value := r.cut(valueLen(r.rest))
		if slices.Contains(r.fields.skip, name) || r.fields.isID(name) {
			return nil
		}
		all = append(all, name)
		switch {
		case isNumbers(value):
			arrays = append(arrays, name)
		case !json.Valid(value):
			return errors.New("not JSON")
		}
		return nil
	})
	switch {
	case err != nil || slices.Contains(all, vectorName):
		return vectorName, nil
	case len(arrays) > 1:
		return "", fmt.Errorf("the object has no %q, and several arrays of numbers: name one of %s", vectorName, visible.Names(arrays))
	case len(arrays) == 0 && len(all) == 0:
		return "", fmt.Errorf("the object has no %q", vectorName)
	case len(arrays) == 0:
		return "", fmt.Errorf("the object has no %q, nor another array of numbers: it has %s", vectorName, visible.Names(all))
	}
	return arrays[0], nil
}

// isNumbers says whether a value is an array that begins with a number, or with
// one of those that JSON does not have.
func isNumbers(value []byte) bool {
	if len(value) == 0 || value[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(value[1:], " \t\r\n")
	return len(rest) > 0 && bytes.IndexByte([]byte("0123456789-+.NI"), rest[0]) >= 0
}

func (r *jsonRow) array() error {
	if !r.take('[') {
		return fmt.Errorf("%q is not an array: %s", r.fields.vector, excerpt(r.rest))
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

// identify reads the row's id or key.
func (r *jsonRow) identify() error {
	if r.who == nil {
		r.who = newIdentity(r.fields.allKeys)
	}
	var why string
	if r.next() == '"' {
		s, err := decodeString(r.cut(stringLen(r.rest)))
		if err != nil {
			return err
		}
		if why = r.who.string(s); why != "" {
			return errors.New(why)
		}
		return nil
	}
	token := r.cut(scalarLen(r.rest))
	id, err := strconv.ParseInt(string(token), 10, 64)
	switch {
	case !isJSONNumber(token):
		return fmt.Errorf("its id is neither an integer nor a string: %s", excerpt(token))
	case r.who.allKeys:
		r.who.key = string(token)
	case err != nil || id < 0 || token[0] == '-':
		return errors.New(notAnID(string(token)))
	default:
		why = r.who.number(id)
	}
	if why != "" {
		return errors.New(why)
	}
	return nil
}

// decodeString decodes a JSON string. Where encoding/json would put a
// replacement for bytes that are not UTF-8 and for half a surrogate pair, which
// would make one key of two, it is an error.
func decodeString(quoted []byte) (string, error) {
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", fmt.Errorf("its id is not JSON: %s", excerpt(quoted))
	}
	meant := bytes.Count(quoted, []byte("\ufffd"))
	for i := 0; i+6 <= len(quoted); i++ {
		if quoted[i] != '\\' {
			continue
		}
		if bytes.EqualFold(quoted[i:i+6], []byte(`\ufffd`)) {
			meant++
		}
		i++ // what the backslash escapes
	}
	if strings.Count(s, "\ufffd") != meant {
		return "", fmt.Errorf("its id is not Unicode: %s", excerpt(quoted))
	}
	return s, nil
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
