package sidecar

import (
	"bytes"
	"slices"
	"strconv"
)

// parsePlain reads a sidecar that is laid out as Create does it: a field a line, known names, plain values. Opening a small index would
// otherwise be JSON for the most part. ok is false for any other text, be it right or wrong: parseAny tells.
func parsePlain(b []byte) (m *Meta, sum uint32, ok bool) {
	b, ok = bytes.CutPrefix(b, []byte("{\n"))
	if !ok {
		return nil, 0, false
	}
	b, ok = bytes.CutSuffix(b, []byte("\n}\n"))
	if !ok {
		return nil, 0, false
	}
	m = new(Meta)
	var fields [16]plainField
	n := 0
	for more := true; more; n++ {
		var line []byte
		line, b, more = bytes.Cut(b, []byte(",\n"))
		f, ok := plainLine(line)
		if !ok || n == len(fields) || !m.set(f) || slices.ContainsFunc(fields[:n], f.sameName) {
			return nil, 0, false
		}
		fields[n] = f
	}
	return m, plainChecksum(fields[:n]), true
}

// plainField is a field as it stands in the text.
type plainField struct{ name, value []byte }

func (f plainField) sameName(g plainField) bool { return bytes.Equal(f.name, g.name) }

// plainLine takes a line apart: a name of letters, digits and lines, and a value that is a natural number or such a word.
func plainLine(line []byte) (f plainField, ok bool) {
	line, ok = bytes.CutPrefix(line, []byte(`  "`))
	if !ok {
		return f, false
	}
	f.name, f.value, ok = bytes.Cut(line, []byte(`": `))
	if !ok || !isWord(f.name) {
		return f, false
	}
	if v := f.value; len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
		return f, isWord(v[1 : len(v)-1])
	}
	return f, isNumber(f.value)
}

func isWord(b []byte) bool {
	for _, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// isNumber tells whether b is a natural number as JSON has it.
func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) == 1 || len(b) > 1 && b[0] != '0'
}

// set gives a field its value, if m has it and the value fits.
func (m *Meta) set(f plainField) (ok bool) {
	var text *string
	switch string(f.name) {
	case "format":
		text = &m.Format
	case "metric":
		text = &m.Metric
	case "dot_dialect":
		text = &m.DotDialect
	}
	if quoted := f.value[0] == '"'; quoted || text != nil {
		if quoted && text != nil {
			*text = string(f.value[1 : len(f.value)-1])
		}
		return quoted && text != nil
	}
	bits := 64
	switch string(f.name) {
	case "tail_crc32c", "crc32c", "checksum":
		bits = 32
	case "size":
		bits = 63
	case "version", "dim", "items", "trees":
		bits = strconv.IntSize - 1
	}
	v, err := strconv.ParseUint(string(f.value), 10, bits)
	switch string(f.name) {
	case "version":
		m.Version = int(v)
	case "dim":
		m.Dim = int(v)
	case "items":
		m.Items = int(v)
	case "trees":
		m.Trees = int(v)
	case "seed":
		m.Seed = v
	case "size":
		m.Size = int64(v)
	case "tail_crc32c":
		m.TailCRC = uint32(v)
	case "crc32c":
		m.CRC = uint32(v)
	case "checksum":
		m.Checksum = uint32(v)
	default:
		return false
	}
	return err == nil
}

// plainChecksum is checksum of the fields, which it sorts.
func plainChecksum(fields []plainField) uint32 {
	slices.SortFunc(fields, func(a, b plainField) int { return bytes.Compare(a.name, b.name) })
	b := make([]byte, 0, 512)
	for _, f := range fields {
		if string(f.name) == "checksum" {
			continue
		}
		b = append(b, `,"`...)
		b = append(b, f.name...)
		b = append(b, `":`...)
		b = append(b, f.value...)
	}
	if len(b) == 0 {
		b = append(b, ',')
	}
	b[0] = '{'
	return CRC(0, append(b, '}'))
}
