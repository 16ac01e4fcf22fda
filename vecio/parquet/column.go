package parquet

import (
	"encoding/binary"
	"fmt"
	"io"

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

// findVectors returns the column of that name, or for "" the only one that is a
// list of floats.
func findVectors(file *parquet.File, name string) (vectorColumn, error) {
	var all []string
	var lists []vectorColumn
	for _, c := range file.Root().Columns() {
		v, ok := listOfFloats(c)
		switch {
		case c.Name() == name && ok:
			return v, nil
		case c.Name() == name:
			return v, fmt.Errorf("column %q is not a list of FLOAT or DOUBLE", name)
		case ok:
			lists = append(lists, v)
		}
		all = append(all, c.Name())
	}
	var names []string
	for _, v := range lists {
		names = append(names, v.name)
	}
	switch {
	case name != "":
		return vectorColumn{}, fmt.Errorf("no column %q: it has %s", name, enumerate(all))
	case len(lists) == 0:
		return vectorColumn{}, fmt.Errorf("no column is a list of FLOAT or DOUBLE: it has %s", enumerate(all))
	case len(lists) > 1:
		return vectorColumn{}, fmt.Errorf("several columns are lists of floats: name one of %s", enumerate(names))
	}
	return lists[0], nil
}

// findIDs returns the column of that name, which is to hold integers.
func findIDs(file *parquet.File, name string) (*parquet.Column, error) {
	c := file.Root().Column(name)
	if c == nil {
		return nil, fmt.Errorf("no id column %q", name)
	}
	if !c.Leaf() || c.MaxRepetitionLevel() != 0 || c.Type().Kind() != parquet.Int64 && c.Type().Kind() != parquet.Int32 {
		return nil, fmt.Errorf("id column %q is not of INT64 or INT32", name)
	}
	return c, nil
}

// enumerate lists names for an error.
func enumerate(names []string) string {
	const most = 10
	list := visible.Names(names[:min(len(names), most)])
	switch {
	case len(names) == 0:
		return "no columns"
	case len(names) > most:
		list += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return list
}
