package vecio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// npy: a magic, a version, the length of a Python dictionary literal, that
// literal padded with spaces, then the array.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

const (
	npyMagic = "\x93NUMPY"
	// npyMaxHeader bounds the literal. NumPy itself writes some 120 bytes, and
	// refuses to read more than 10,000.
	npyMaxHeader = 64 << 10
	// npyHeaderSize is that of the headers written here: NumPy's alignment, and
	// room for any number of rows.
	npyHeaderSize = 128
)

// npyTypes are the dtypes that are read; all but int64 are written.
var npyTypes = []struct {
	descr   string
	element Element
}{
	{"<f4", Float32}, {"<f8", Float64}, {"<f2", Float16}, {"|u1", Uint8}, {"|i1", Int8},
	{"<i4", Int32}, {"<i8", Int64},
}

func openNpy(in *input) (head, decoder, error) {
	fail := func(format string, args ...any) (head, decoder, error) {
		return head{}, nil, in.errorf(-1, -1, "header: "+format, args...)
	}
	b, err := in.peek(12)
	if err != nil {
		return head{}, nil, err
	}
	if !bytes.HasPrefix(b, []byte(npyMagic)) {
		return fail("the file does not begin as an npy file does")
	}
	if len(b) < 12 {
		return fail("the file ends within it")
	}
	var length, start int
	switch major := b[6]; major {
	case 1:
		length, start = int(binary.LittleEndian.Uint16(b[8:])), 10
	case 2, 3:
		n := binary.LittleEndian.Uint32(b[8:])
		if n > npyMaxHeader {
			return fail("%d bytes long, the limit is %d", n, npyMaxHeader)
		}
		length, start = int(n), 12
	default:
		return fail("npy version %d.%d is not known: want 1, 2 or 3", major, b[7])
	}
	if in.size >= 0 && int64(start+length) > in.size {
		return fail("%d bytes long, the file has %d", length, in.size)
	}
	in.skip(start)
	text := make([]byte, length)
	if _, err := io.ReadFull(in, text); err == io.EOF || err == io.ErrUnexpectedEOF {
		return fail("the file ends within it")
	} else if err != nil {
		return head{}, nil, in.ioError(err)
	}
	a, err := parseNpyHeader(string(text))
	if err != nil {
		return fail("%v", err)
	}
	e, err := npyElement(a.descr)
	if err != nil {
		return fail("%v", err)
	}
	if len(a.shape) != 2 {
		return fail("an array of %d dimensions, shape %v: want 2, rows and components", len(a.shape), a.shape)
	}
	if a.fortran {
		return fail("the array is in Fortran order: save it after numpy.ascontiguousarray")
	}
	return newBlock(in, e, a.shape[0], a.shape[1], int64(start+length))
}

// npyElement returns the element type of a dtype.
func npyElement(descr string) (Element, error) {
	if kind := strings.TrimLeft(descr, "<>|="); kind == "u1" || kind == "i1" {
		descr = "|" + kind // a single byte has no order
	}
	for _, t := range npyTypes {
		if descr == t.descr {
			return t.element, nil
		}
	}
	const want = "want float32, float64, float16, uint8, int8, int32 or int64"
	switch {
	case strings.HasPrefix(descr, ">"):
		return 0, fmt.Errorf("dtype %q is big-endian: save it as little-endian, as a.astype(%q)", descr, "<"+descr[1:])
	case strings.Contains(descr, "O"):
		return 0, fmt.Errorf("dtype %q holds Python objects: %s", descr, want)
	}
	return 0, fmt.Errorf("dtype %q is not read: %s", descr, want)
}

// npyArray is what a header says of its array.
type npyArray struct {
	descr   string
	fortran bool
	shape   []uint64
}

// parseNpyHeader reads the literal of a header: exactly the keys descr,
// fortran_order and shape, in any order, as Python may print them.
func parseNpyHeader(text string) (npyArray, error) {
	var a npyArray
	seen := map[string]bool{}
	p := &pyLiteral{text}
	if !p.take("{") {
		return a, errors.New("not a dictionary")
	}
	for !p.take("}") {
		key, err := p.str()
		if err != nil {
			return a, err
		}
		if seen[key] {
			return a, fmt.Errorf("key %q twice", key)
		}
		seen[key] = true
		if !p.take(":") {
			return a, fmt.Errorf("no colon after key %q", key)
		}
		switch key {
		case "descr":
			if p.at('[') {
				return a, errors.New("a structured dtype is not read")
			}
			a.descr, err = p.str()
		case "fortran_order":
			a.fortran, err = p.boolean()
		case "shape":
			a.shape, err = p.tuple()
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return a, err
		}
		if !p.take(",") && !p.at('}') {
			return a, fmt.Errorf("no comma after the value of %q", key)
		}
	}
	if p.skipSpace(); p.rest != "" {
		return a, errors.New("text after the dictionary")
	}
	if len(seen) != 3 {
		return a, errors.New("descr, fortran_order or shape is missing")
	}
	return a, nil
}

// pyLiteral scans a Python literal.
type pyLiteral struct{ rest string }

func (p *pyLiteral) skipSpace() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *pyLiteral) at(c byte) bool {
	p.skipSpace()
	return p.rest != "" && p.rest[0] == c
}

// take consumes word if it comes next.
func (p *pyLiteral) take(word string) bool {
	p.skipSpace()
	rest, ok := strings.CutPrefix(p.rest, word)
	p.rest = rest
	return ok
}

func (p *pyLiteral) str() (string, error) {
	for _, quote := range []string{"'", `"`} {
		if p.take(quote) {
			s, rest, ok := strings.Cut(p.rest, quote)
			if !ok {
				return "", errors.New("a string has no end")
			}
			p.rest = rest
			return s, nil
		}
	}
	return "", errors.New("no string where one is wanted")
}

func (p *pyLiteral) boolean() (bool, error) {
	switch {
	case p.take("True"):
		return true, nil
	case p.take("False"):
		return false, nil
	}
	return false, errors.New("fortran_order is neither True nor False")
}

// tuple scans integers of 0 or more; Python 2 puts an L after them. A tuple
// of more than 32 is an error, as it is in NumPy's own arrays.
func (p *pyLiteral) tuple() ([]uint64, error) {
	if !p.take("(") {
		return nil, errors.New("the shape is not a tuple")
	}
	var shape []uint64
	for !p.take(")") {
		p.skipSpace()
		end := 0
		for end < len(p.rest) && p.rest[end] >= '0' && p.rest[end] <= '9' {
			end++
		}
		n, err := strconv.ParseUint(p.rest[:end], 10, 64)
		if err != nil || len(shape) == 32 {
			return nil, errors.New("the shape is not a tuple of lengths")
		}
		shape = append(shape, n)
		p.rest = strings.TrimPrefix(p.rest[end:], "L")
		if !p.take(",") && !p.at(')') {
			return nil, errors.New("the shape is not a tuple of lengths")
		}
	}
	return shape, nil
}

// appendNpyHeader appends a header of version 1 and npyHeaderSize bytes.
func appendNpyHeader(b []byte, e Element, rows int64, dim int) []byte {
	start := len(b)
	var descr string
	for _, t := range npyTypes {
		if t.element == e {
			descr = t.descr
		}
	}
	b = append(b, npyMagic+"\x01\x00"...)
	b = binary.LittleEndian.AppendUint16(b, npyHeaderSize-10)
	b = fmt.Appendf(b, "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }", descr, rows, dim)
	for len(b)-start < npyHeaderSize-1 {
		b = append(b, ' ')
	}
	return append(b, '\n')
}
