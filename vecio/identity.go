package vecio

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// isIDName says whether a column or field is that of the ids by its name.
func isIDName(name string) bool { return strings.EqualFold(strings.TrimSpace(name), "id") }

// identity is what a text file calls its rows: ids, or keys. The first row
// decides which, and all others have to agree, so that a file is taken or
// refused whatever the order of its rows.
type identity struct {
	allKeys bool // any value is a key
	decided bool // by the first row, or by allKeys
	keyed   bool // the values are keys
	id      int64
	key     string
}

func newIdentity(allKeys bool) *identity {
	return &identity{allKeys: allKeys, decided: allKeys, keyed: allKeys}
}

// text takes a value that has no type. An integer is an id, and text that is no
// number is a key. Numbers that no id is written as, such as 1.5, -1 and 007,
// are refused: ids made of them would not be theirs. why is "" for a value that
// is taken.
func (d *identity) text(s string) (why string) {
	trimmed := strings.TrimSpace(s)
	id, err := strconv.ParseInt(trimmed, 10, 64)
	switch {
	case trimmed == "":
		return "its id is empty"
	case d.allKeys:
		d.key = s
		return ""
	case err == nil && id >= 0 && strconv.FormatInt(id, 10) == trimmed:
		return d.number(id)
	case strings.ContainsRune("0123456789+-.", rune(trimmed[0])) && isNumber(trimmed):
		return notAnID(trimmed)
	}
	return d.string(s)
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil || strings.HasSuffix(err.Error(), strconv.ErrRange.Error())
}

func notAnID(s string) string {
	return fmt.Sprintf("its id %s is not an integer from 0 to %d, plainly written; a key column takes any text",
		excerpt([]byte(s)), int64(math.MaxInt64))
}

// number takes an id.
func (d *identity) number(id int64) (why string) {
	if d.decided && d.keyed {
		return fmt.Sprintf("its id is the integer %d, those before are text; a key column takes both", id)
	}
	d.decided, d.id = true, id
	return ""
}

// string takes a key.
func (d *identity) string(s string) (why string) {
	switch {
	case s == "":
		return "its id is empty"
	case d.decided && !d.keyed:
		return fmt.Sprintf("its id is %s, those before are integers; a key column takes both", excerpt([]byte(s)))
	}
	d.decided, d.keyed, d.key = true, true, s
	return ""
}
