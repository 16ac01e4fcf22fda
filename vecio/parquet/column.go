package parquet

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/annoy-go/annoy/internal/visible"
	"github.com/annoy-go/annoy/vecio"
)

// openFile opens the file without its indexes and Bloom filters, which are not
// for reading all rows.
func openFile(src io.ReaderAt, size int64) (*parquet.File, error) {
	const magic = "PAR1"
	// The library allocates a footer before it looks whether there is room for it.
	var tail [8]byte
	if size < int64(len(magic)+len(tail)) {
		return nil, fmt.Errorf("%d bytes are no parquet file", size)
	}
	if n, err := src.ReadAt(tail[:], size-int64(len(tail))); n < len(tail) {
		return nil, fmt.Errorf("reading its end: %w", err)
	}
	footer := int64(binary.LittleEndian.Uint32(tail[:]))
	if end := string(tail[4:]); (end == magic || end == "PARE") && footer > size-int64(len(magic)+len(tail)) {
		return nil, fmt.Errorf("a footer of %d bytes in a file of %d: it was cut short or is damaged", footer, size)
	}
	return parquet.OpenFile(src, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true),
		parquet.FileReadMode(parquet.ReadModeSync))
}

// vectorColumn is a column that is a list of floats.
type vectorColumn struct {
	name    string // of the top-level column
	leaf    *parquet.Column
	element vecio.Element
	present int // definition level from which a list has an element, be it null
}

// listOfFloats tells whether a top-level column is a list of floats: a group
// with a repeated one within, as the LIST annotation has it, or just a
// repeated field, as older writers have it.
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists
func listOfFloats(top *parquet.Column) (v vectorColumn, ok bool) {
	v.name = top.Name()
	level := 0
	for c := top; ; c = c.Columns()[0] {
		if !c.Required() {
			level++
		}
		if c.Repeated() {
			v.present = level
		}
		if c.Leaf() {
			v.leaf = c
			break
		}
		if len(c.Columns()) != 1 {
			return v, false
		}
	}
	switch v.leaf.Type().Kind() {
	case parquet.Float:
		v.element = vecio.Float32
	case parquet.Double:
		v.element = vecio.Float64
	default:
		return v, false
	}
	return v, v.leaf.MaxRepetitionLevel() == 1
}

// checkColumns returns an error when a column that is not to be read is none.
func checkColumns(file *parquet.File, o *Options) error {
	for _, name := range o.SkipColumns {
		if file.Root().Column(name) == nil {
			return noColumn(file, name)
		}
	}
	return nil
}

func noColumn(file *parquet.File, name string) error {
	var all []string
	for _, c := range file.Root().Columns() {
		all = append(all, c.Name())
	}
	return fmt.Errorf("no column %q: it has %s", name, visible.Names(all))
}

// findVectors returns the column of the vectors: that of the options, or else
// the only one that is a list of floats.
func findVectors(file *parquet.File, o *Options) (vectorColumn, error) {
	if o.Column != "" {
		c := file.Root().Column(o.Column)
		if c == nil {
			return vectorColumn{}, noColumn(file, o.Column)
		}
		v, ok := listOfFloats(c)
		if !ok {
			return v, fmt.Errorf("column %q is not a list of FLOAT or DOUBLE", o.Column)
		}
		return v, nil
	}
	var all, names []string
	var lists []vectorColumn
	for _, c := range file.Root().Columns() {
		all = append(all, c.Name())
		if v, ok := listOfFloats(c); ok && !slices.Contains(o.SkipColumns, v.name) {
			lists, names = append(lists, v), append(names, v.name)
		}
	}
	switch {
	case len(lists) == 0:
		return vectorColumn{}, fmt.Errorf("no column is a list of FLOAT or DOUBLE: it has %s", visible.Names(all))
	case len(lists) > 1:
		return vectorColumn{}, fmt.Errorf("several columns are lists of floats: name one of %s", visible.Names(names))
	}
	return lists[0], nil
}

// findIDs returns the column of ids or keys: that of the options, or else one
// called id, or nil.
func findIDs(file *parquet.File, o *Options) (*parquet.Column, error) {
	name := cmp.Or(o.KeyColumn, o.IDColumn)
	if name == "" {
		var called []string
		for _, c := range file.Root().Columns() {
			if strings.EqualFold(c.Name(), "id") && !slices.Contains(o.SkipColumns, c.Name()) {
				called = append(called, c.Name())
			}
		}
		switch len(called) {
		case 0:
			return nil, nil
		case 1:
			name = called[0]
		default:
			return nil, fmt.Errorf("columns %s are all called id: name that of the ids, or skip the others", visible.Names(called))
		}
	}
	c := file.Root().Column(name)
	if c == nil {
		return nil, noColumn(file, name)
	}
	if !isIdentity(c) {
		return nil, fmt.Errorf("id column %q is not of INT64, INT32 or strings: name another, or skip it", name)
	}
	return c, nil
}

// isIdentity says whether a column holds one integer or string a row.
func isIdentity(c *parquet.Column) bool {
	if !c.Leaf() || c.MaxRepetitionLevel() != 0 {
		return false
	}
	logical := ""
	if t := c.Type().LogicalType(); t != nil {
		logical = t.String()
	}
	switch c.Type().Kind() {
	case parquet.Int32, parquet.Int64:
		return logical == "" || strings.HasPrefix(logical, "INT")
	case parquet.ByteArray:
		return logical == "" || logical == "STRING" || logical == "ENUM"
	}
	return false
}
