package vecio

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/annoy-go/annoy/internal/visible"
)

// Header says whether the first record of a CSV or TSV file is a line of names.
type Header uint8

// The values of Header.
const (
	HeaderAuto Header = iota // by what stands there
	HeaderYes
	HeaderNo
)

func (h Header) String() string {
	names := [...]string{"auto", "yes", "no"}
	if int(h) >= len(names) {
		return fmt.Sprintf("Header(%d)", h)
	}
	return names[h]
}

// csvColumns says what the columns of a CSV or TSV file are.
type csvColumns struct {
	names      []string // the first record, nil where that is a row
	fields     int      // of every record
	id         int      // the column of ids or keys, −1 for none
	components []int    // the columns of the vectors, in order
}

// newCSVColumns tells the columns by the first record of a file. why says why
// that cannot be done, "" when it can.
func newCSVColumns(first []string, o *ReadOptions) (c csvColumns, why string) {
	c = csvColumns{fields: len(first), id: -1}
	wanted := o.idColumn()
	leftOut := make([]bool, len(first))
	for i := range first {
		leftOut[i] = isPlace(wanted, i) || slices.ContainsFunc(o.SkipColumns, func(s string) bool { return isPlace(s, i) })
	}
	if o.Header == HeaderYes || o.Header == HeaderAuto && areNames(first, leftOut, o) {
		c.names = slices.Clone(first) // the record is used again for the next
		for i, name := range c.names {
			c.names[i] = strings.TrimSpace(name)
		}
	}
	for _, name := range o.SkipColumns {
		at, why := c.find(name)
		if why != "" {
			return c, why
		}
		leftOut[at] = true
	}
	switch {
	case wanted != "":
		if c.id, why = c.find(wanted); why != "" {
			return c, why
		}
		leftOut[c.id] = true
		// One that is called id is no component either.
		for i, name := range c.names {
			leftOut[i] = leftOut[i] || isIDName(name)
		}
	default:
		for i, name := range c.names {
			if leftOut[i] || !isIDName(name) {
				continue
			}
			if c.id >= 0 {
				return c, fmt.Sprintf("columns %d and %d are both called id: name the column of the ids, or skip one", c.id, i)
			}
			c.id, leftOut[i] = i, true
		}
	}
	for i, out := range leftOut {
		if out {
			continue
		}
		if c.names != nil && c.names[i] == "" {
			return c, fmt.Sprintf("column #%d: neither a number nor the name of a column; if it numbers the rows, which is nothing of the vectors, skip it, as #%d", i, i)
		}
		c.components = append(c.components, i)
	}
	if len(c.components) == 0 {
		return c, "no column is left for components"
	}
	return c, ""
}

// place is what a column is called by its number, from 0: one without a name, or
// of a file without a line of names.
func place(i int) string { return "#" + strconv.Itoa(i) }

func isPlace(name string, i int) bool { return name == place(i) }

// areNames says whether the first record of a file is a line of names. It is
// when none of its fields is a number or begins like one, those apart that are
// left out anyway: to take a row with a bad component for names would lose it.
// Names can be numbers too where one of the columns is called by its name, or
// id, or where they are those that pandas gives: a blank, then 0, 1, 2, ….
func areNames(first []string, leftOut []bool, o *ReadOptions) bool {
	numbers, counted := false, len(first) > 1 && strings.TrimSpace(first[0]) == ""
	for i, field := range first {
		field = strings.TrimSpace(field)
		counted = counted && (i == 0 || field == strconv.Itoa(i-1))
		if leftOut[i] {
			continue
		}
		if isIDName(field) || field != "" && (field == o.idColumn() || slices.Contains(o.SkipColumns, field)) {
			return true
		}
		numbers = numbers || likeNumber(field)
	}
	return !numbers || counted
}

// counts says whether the fields are 0, 1, 2, …, at least three.
func counts(fields []string) bool {
	for i, field := range fields {
		if strings.TrimSpace(field) != strconv.Itoa(i) {
			return false
		}
	}
	return len(fields) > 2
}

// isInteger says whether a field is written as an integer.
func isInteger(field string) bool {
	_, err := strconv.ParseInt(strings.TrimSpace(field), 10, 64)
	return err == nil
}

// likeNumber says whether a field is a number, or begins like one.
func likeNumber(field string) bool {
	if field == "" {
		return false
	}
	if strings.ContainsRune("0123456789+-.", rune(field[0])) {
		return true
	}
	_, err := strconv.ParseFloat(field, 32) // "nan" and "inf" are numbers
	return err == nil
}

// find returns the column of that name, or of that number from 0 for "#3".
func (c *csvColumns) find(name string) (at int, why string) {
	if text, ok := strings.CutPrefix(name, "#"); ok && !slices.Contains(c.names, name) {
		at, err := strconv.Atoi(text)
		if err != nil || at < 0 || at >= c.fields {
			return 0, fmt.Sprintf("no column %s: it has %d, from #0 on", visible.Name(name), c.fields)
		}
		return at, ""
	}
	at = slices.Index(c.names, name)
	switch {
	case c.names == nil:
		return 0, fmt.Sprintf("no column %q: the file has no line of names; its columns are #0 to #%d", name, c.fields-1)
	case at < 0:
		return 0, fmt.Sprintf("no column %q: it has %s", name, visible.Names(c.names))
	case slices.Contains(c.names[at+1:], name):
		return 0, fmt.Sprintf("several columns are called %q: give the number of one, as #%d", name, at)
	}
	return at, ""
}

// called names a column at the end of an error, where its number among the
// components does not tell it.
func (c *csvColumns) called(at int) string {
	switch {
	case len(c.components) == c.fields:
		return ""
	case c.names == nil || c.names[at] == "":
		return fmt.Sprintf(" (column %s of the file)", place(at))
	}
	return fmt.Sprintf(" (column %q)", c.names[at])
}

// wrongNumber says what is wrong with a record of n fields.
func (c *csvColumns) wrongNumber(n int) string {
	switch {
	case c.names != nil:
		return fmt.Sprintf("%d fields, the line of names has %d", n, c.fields)
	case len(c.components) == c.fields:
		return fmt.Sprintf("%d components, row 0 has %d", n, c.fields)
	}
	return fmt.Sprintf("%d fields, row 0 has %d", n, c.fields)
}
