package hdf5

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Dataset is a dataset of the root group.
type Dataset struct {
	Name  string
	Type  Type     // zero where the elements are none of those that are read
	Shape []uint64 // empty for a scalar
	// Offset is the place of the first element in the file, from 0; the others
	// follow in C order, and all lie within the file.
	Offset int64
	// Err says why the dataset cannot be read, nil where it can. An *Error.
	Err error
}

// Kind is what an element is.
type Kind uint8

// The kinds of elements.
const (
	Float Kind = iota + 1 // IEEE 754, of 2, 4 or 8 bytes
	Int                   // two's complement, of 1, 2, 4 or 8 bytes
	Uint                  // of 1, 2, 4 or 8 bytes
)

// Type is that of an element: little-endian, every bit in use.
type Type struct {
	Kind Kind
	Size int // bytes
}

// String gives NumPy's name, as in float32.
func (t Type) String() string {
	return fmt.Sprintf("%s%d", [...]string{"?", "float", "int", "uint"}[t.Kind], 8*t.Size)
}

// isDataset tells a dataset's header from a group's or a committed datatype's.
func isDataset(messages []message) bool { return find(messages, msgLayout) != nil }

// dataset reads what the header says. The error is for what contradicts itself
// or the file; what is sound but not read is in the Dataset's Err.
func (f *file) dataset(messages []message) (d Dataset, err error) {
	space, datatype := find(messages, msgDataspace), find(messages, msgDatatype)
	if space == nil || datatype == nil {
		return d, errorf("its header has no dataspace or no datatype")
	}
	elements := uint64(1)
	switch shape, null, err := parseDataspace(space.data); {
	case err != nil:
		return d, err
	case space.flags&flagShared != 0:
		d.Err = errorf("its dataspace is shared with other objects: not read")
		return d, nil
	case null:
		d.Err = errorf("it has a null dataspace, no elements at all")
		return d, nil
	default:
		d.Shape = shape
	}
	for _, n := range d.Shape {
		var over uint64
		if over, elements = bits.Mul64(elements, n); over != 0 {
			return d, errorf("shape %v is more than a file can hold", d.Shape)
		}
	}
	if datatype.flags&flagShared != 0 {
		d.Err = errorf("its type is a committed (named) datatype: not read")
		return d, nil
	}
	t, what, err := parseDatatype(datatype.data)
	if err != nil {
		return d, err
	}
	if what != "" {
		d.Err = errorf("its elements are %s: not read", what)
		return d, nil
	}
	d.Type = t
	over, size := bits.Mul64(elements, uint64(t.Size))
	if over != 0 || size > math.MaxInt64 {
		return d, errorf("shape %v is more than a file can hold", d.Shape)
	}
	if find(messages, msgExternal) != nil {
		d.Err = errorf("its elements are in external files: not read")
		return d, nil
	}
	address, why, err := parseLayout(find(messages, msgLayout), size)
	switch {
	case err != nil:
		return d, err
	case why == "chunked":
		d.Err = errorf("its elements are in chunks%s: only contiguous datasets are read; "+
			"write it without chunks, compression and maxshape", filterNames(find(messages, msgFilters)))
		return d, nil
	case why != "":
		d.Err = errorf("%s: not read", why)
		return d, nil
	case size == 0:
		return d, nil
	case address == undefined:
		d.Err = errorf("it was created and never written")
		return d, nil
	}
	if room := uint64(f.size - f.base); address > room || size > room-address {
		return d, errorf("%d bytes of elements at address %d lie outside the file of %d bytes", size, address, f.size)
	}
	d.Offset = f.base + int64(address)
	return d, nil
}

// parseDataspace returns the lengths of the dimensions, empty for a scalar.
func parseDataspace(b []byte) (shape []uint64, null bool, err error) {
	c := &cursor{b: b}
	version, rank, _ := c.u8(), c.u8(), c.u8()
	switch version {
	case 1:
		c.skip(5)
	case 2:
		null = c.u8() == 2
	default:
		return nil, false, errorf("dataspace version %d is not read: want 1 or 2", version)
	}
	if rank > 32 {
		return nil, false, errorf("%d dimensions, HDF5 has at most 32", rank)
	}
	for range rank {
		shape = append(shape, c.u64())
	}
	if c.short {
		return nil, false, errorf("a dataspace of %d dimensions ends within its %d bytes", rank, len(b))
	}
	return shape, null, nil
}

// The classes of datatypes, by number.
var classes = [...]string{
	"integers", "floats", "times", "strings", "bit fields", "opaque", "compound (a structured dtype)", "references",
	"enumerations (NumPy's bool is one)", "of variable length", "arrays", "complex numbers",
}

const (
	classInteger  = 0
	classFloat    = 1
	classString   = 3
	classVariable = 9
)

// datatype is the part that all classes have.
type datatype struct {
	class uint8
	bits  uint32
	size  uint32
}

func beginDatatype(c *cursor) (t datatype, err error) {
	head := c.u32()
	t = datatype{class: uint8(head & 15), bits: head >> 8, size: c.u32()}
	if version := head >> 4 & 15; !c.short && (version < 1 || version > 5) {
		return t, errorf("datatype version %d is not read: want 1 to 5", version)
	}
	if c.short {
		return t, errorf("a datatype message of %d bytes", len(c.b))
	}
	return t, nil
}

// parseDatatype returns the type, or what it is when that is none of those
// that are read.
func parseDatatype(b []byte) (t Type, what string, err error) {
	c := &cursor{b: b}
	d, err := beginDatatype(c)
	if err != nil {
		return t, "", err
	}
	if d.class != classInteger && d.class != classFloat {
		if int(d.class) < len(classes) {
			return t, classes[d.class], nil
		}
		return t, fmt.Sprintf("of datatype class %d", d.class), nil
	}
	offset, precision := c.u16(), c.u16()
	whole := offset == 0 && uint32(precision) == 8*d.size
	if d.class == classInteger {
		t = Type{Uint, int(d.size)}
		if d.bits&(1<<3) != 0 {
			t.Kind = Int
		}
		whole = whole && (d.size == 1 || d.size == 2 || d.size == 4 || d.size == 8)
	} else {
		t = Type{Float, int(d.size)}
		exponent, exponentBits, mantissa, mantissaBits := c.u8(), c.u8(), c.u8(), c.u8()
		got := [...]uint32{d.bits >> 8 & 255, uint32(exponent), uint32(exponentBits), uint32(mantissa), uint32(mantissaBits), c.u32()}
		want, known := ieee[d.size]
		// Bits 4 and 5: the leading bit of the mantissa is not stored.
		whole = whole && known && got == want && d.bits>>4&3 == 2
	}
	switch {
	case c.short:
		return t, "", errorf("a datatype message of %d bytes", len(b))
	case !whole:
		return Type{}, fmt.Sprintf("%s of %d bytes in an unusual layout", classes[d.class], d.size), nil
	case d.bits&1 != 0 && d.size > 1:
		return Type{}, fmt.Sprintf("big-endian %v", t), nil
	}
	return t, "", nil
}

// ieee is, for each size, where the sign is, where the exponent and its bits,
// where the mantissa and its bits, and the bias.
var ieee = map[uint32][6]uint32{
	2: {15, 10, 5, 0, 10, 15},
	4: {31, 23, 8, 0, 23, 127},
	8: {63, 52, 11, 0, 52, 1023},
}

// parseLayout returns the address of the elements, which take size bytes. why
// is "" when they lie in one piece.
func parseLayout(m *message, size uint64) (address uint64, why string, err error) {
	c := &cursor{b: m.data}
	version, class := c.u8(), c.u8()
	if version < 3 || version > 5 {
		return 0, fmt.Sprintf("its data layout message has version %d, of another time", version), nil
	}
	var stored uint64
	switch class {
	case 0:
		stored = uint64(c.u16())
		address = m.address + uint64(c.pos)
		c.skip(stored)
	case 1:
		address, stored = c.u64(), c.u64()
	case 2:
		return 0, "chunked", nil
	case 3:
		return 0, "it is a virtual dataset", nil
	default:
		return 0, "", errorf("data layout class %d is not known", class)
	}
	switch {
	case c.short:
		return 0, "", errorf("a data layout message of %d bytes", len(m.data))
	case stored != size:
		return 0, "", errorf("its layout says %d bytes of elements, its shape and type %d", stored, size)
	}
	return address, "", nil
}

// filters are those that HDF5 has a number for, and h5py's own.
var filters = map[uint16]string{
	1: "gzip", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf",
}

// filterNames names the filters of a pipeline message, for an error.
func filterNames(m *message) string {
	if m == nil {
		return ""
	}
	c := &cursor{b: m.data}
	version, n := c.u8(), c.u8()
	if version == 1 {
		c.skip(6)
	}
	var names []string
	for range n {
		id, nameSize := c.u16(), uint64(0)
		if version == 1 || id >= 256 {
			nameSize = uint64(c.u16())
		}
		c.skip(2) // flags
		values := uint64(c.u16())
		c.skip(nameSize)
		if version == 1 {
			values += values & 1 // padded
		}
		c.skip(4 * values)
		if c.short {
			return ", filtered"
		}
		name, known := filters[id]
		if !known {
			name = fmt.Sprintf("filter %d", id)
		}
		names = append(names, name)
	}
	return fmt.Sprintf(" (%s)", strings.Join(names, ", "))
}
