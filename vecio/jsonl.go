package vecio

import (
	"cmp"
	"io"
)

// JSON lines: each an array of numbers, or an object with the array in one
// field and, on all lines or none, an integer or a string in the field id.
// Other fields of an object are skipped, blank lines too.
// https://jsonlines.org, RFC 8259

type jsonl struct {
	in     *input
	line   int64  // of the row read last, from 1
	spill  []byte // for readLine
	fields jsonFields
	who    *identity // nil where rows have neither ids nor keys

	// The first row is read to open the file, and waits here.
	first   []float32
	firstID int64
}

// vectorName is the field of the vector unless the options name it.
const vectorName = "vector"

// jsonFields says what the fields of the objects are.
type jsonFields struct {
	vector  string // "": not known yet
	id      string // "": one called id, in any case
	allKeys bool   // any value of id is a key
	skip    []string
}

func openJSONL(in *input, o *ReadOptions) (head, decoder, error) {
	if err := in.skipBOM(); err != nil {
		return head{}, nil, err
	}
	j := &jsonl{in: in, fields: jsonFields{vector: o.VectorField, id: o.idColumn(), allKeys: o.KeyColumn != "", skip: o.SkipColumns}}
	row, err := j.read(nil, MaxDim, 0)
	if err == io.EOF {
		return head{}, nil, in.errorf(-1, -1, "the file has no rows")
	}
	if err != nil {
		return head{}, nil, err
	}
	j.first, j.who, j.firstID = row.vec, row.who, row.id(0)
	return head{element: Float32, dim: len(row.vec), len: -1}, j, nil
}

func (j *jsonl) next(dst []float32, row int64) (int64, error) {
	if row == 0 {
		copy(dst, j.first)
		j.first = nil
		return j.firstID, nil
	}
	r, err := j.read(dst[:0:len(dst)], len(dst), row)
	switch {
	case err != nil:
		return 0, err
	case len(r.vec) != len(dst):
		return 0, j.in.lineErrorf(row, j.line, -1, "%d components, row 0 has %d", len(r.vec), len(dst))
	case r.hasID && j.who == nil:
		return 0, j.in.lineErrorf(row, j.line, -1, "an %q, row 0 has none", j.fields.idName())
	case !r.hasID && j.who != nil:
		return 0, j.in.lineErrorf(row, j.line, -1, "no %q, row 0 has one", j.fields.idName())
	}
	return r.id(row), nil
}

func (j *jsonl) identity() *identity { return j.who }

// idName is the name of the field of ids, for errors.
func (f *jsonFields) idName() string { return cmp.Or(f.id, "id") }

// isID says whether a field is that of the ids.
func (f *jsonFields) isID(name string) bool {
	if f.id != "" {
		return name == f.id
	}
	return isIDName(name)
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
		r := jsonRow{rest: line, vec: vec, limit: limit, fields: &j.fields, who: j.who, column: -1}
		if r.atEnd() {
			continue
		}
		if j.fields.vector == "" {
			if j.fields.vector, err = vectorField(r); err != nil {
				return r, j.in.lineErrorf(row, j.line, -1, "%v", err)
			}
		}
		if err := r.parse(); err != nil {
			return r, j.in.lineErrorf(row, j.line, r.column, "%v", err)
		}
		if row == 0 && !r.hasID && j.fields.id != "" {
			return r, j.in.lineErrorf(row, j.line, -1, "no %q", j.fields.id)
		}
		return r, nil
	}
}

// appendJSONRow appends a line. id is JSON, empty for a row without id.
func appendJSONRow(b, id []byte, vec []float32) []byte {
	if len(id) > 0 {
		b = append(b, `{"id":`...)
		b = append(b, id...)
		b = append(b, `,"vector":`...)
	}
	b = append(b, '[')
	b = appendDecimals(b, vec, ',')
	b = append(b, ']')
	if len(id) > 0 {
		b = append(b, '}')
	}
	return append(b, '\n')
}
