package hdf5

import (
	"bytes"
	"errors"
	"strings"
)

// attributes returns those attributes of an object that are one string. All
// others are left out, and so are damaged ones: nothing depends on them.
// Attributes in dense storage are not looked for.
func (f *file) attributes(messages []message) (map[string]string, error) {
	found := map[string]string{}
	for _, m := range messages {
		if m.kind != msgAttribute || m.flags&flagShared != 0 {
			continue
		}
		name, value, err := f.attribute(m.data)
		var malformed *Error
		switch {
		case err == nil:
			found[name] = value
		case !errors.As(err, &malformed):
			return nil, err
		}
	}
	return found, nil
}

var errNotAString = &Error{"the attribute is not one string"}

func (f *file) attribute(b []byte) (name, value string, err error) {
	c := &cursor{b: b}
	version, flags := c.u8(), c.u8()
	nameSize, typeSize, spaceSize := uint64(c.u16()), uint64(c.u16()), uint64(c.u16())
	switch version {
	case 1: // each of the three is padded to 8 bytes
		flags = 0
	case 2:
	case 3:
		c.skip(1) // the name's character set
	default:
		return "", "", errNotAString
	}
	field := func(size uint64) []byte {
		b := c.take(size)
		if version == 1 {
			c.skip(-size & 7)
		}
		return b
	}
	name = strings.TrimRight(string(field(nameSize)), "\x00")
	datatype, space := field(typeSize), field(spaceSize)
	if c.short || flags != 0 { // flags: type or dataspace are shared
		return "", "", errNotAString
	}
	shape, null, err := parseDataspace(space)
	if err != nil || null {
		return "", "", errNotAString
	}
	for _, n := range shape {
		if n != 1 {
			return "", "", errNotAString
		}
	}
	t, err := beginDatatype(&cursor{b: datatype})
	if err != nil {
		return "", "", err
	}
	data := c.take(uint64(t.size))
	switch {
	case c.short:
		return "", "", errNotAString
	case t.class == classString:
		return name, trimPadding(data, t.bits&15), nil
	case t.class == classVariable && t.bits&15 == 1:
		v := &cursor{b: data}
		length, heap, index := uint64(v.u32()), v.u64(), v.u32()
		if v.short {
			return "", "", errNotAString
		}
		if length == 0 {
			return name, "", nil
		}
		data, err := f.globalHeap(heap, index)
		if err != nil {
			return "", "", err
		}
		return name, trimPadding(data[:min(length, uint64(len(data)))], 0), nil
	}
	return "", "", errNotAString
}

// trimPadding takes off what fills a string of fixed length: 0 and 1 are
// zeros, after a terminator or not, 2 blanks.
func trimPadding(b []byte, padding uint32) string {
	if padding == 2 {
		return strings.TrimRight(string(b), " ")
	}
	s, _, _ := bytes.Cut(b, []byte{0})
	return string(s)
}

// globalHeap returns an object of the global heap collection at an address.
func (f *file) globalHeap(address uint64, index uint32) ([]byte, error) {
	b, err := f.read(address, 16)
	if err != nil {
		return nil, err
	}
	if string(b[:4]) != "GCOL" || b[4] != 1 {
		return nil, errorf("no global heap at address %d", address)
	}
	c := &cursor{b: b, pos: 8}
	if b, err = f.read(address, c.u64()); err != nil {
		return nil, err
	}
	c = &cursor{b: b, pos: min(16, len(b))}
	for c.left() >= 16 {
		i := c.u16()
		c.skip(6) // references, reserved
		size := c.u64()
		data := c.take(size)
		switch {
		case c.short || i == 0: // 0 is the free space at the end
			return nil, errorf("no object %d in the global heap at address %d", index, address)
		case uint32(i) == index:
			return data, nil
		}
		c.skip(-size & 7)
	}
	return nil, errorf("no object %d in the global heap at address %d", index, address)
}
