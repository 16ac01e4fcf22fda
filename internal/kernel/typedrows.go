package kernel

// Element is the type of a stored component.
type Element uint8

// The element types.
const (
	Float32 Element = iota
	Float16
	Int8
	Uint8
)

// Size is the bytes of one component.
func (e Element) Size() int {
	switch e {
	case Float32:
		return 4
	case Float16:
		return 2
	}
	return 1
}
