package canopy

import "fmt"

// Shape is how many leaves a vector is coded in, and how many of its dimensions a nibble of the code stands for. The
// values are those of the file.
type Shape uint8

// The shapes: one assignment with 4 dimensions a nibble, one with 8, two with 8. ShapeAuto lets the build choose.
const (
	ShapeAuto Shape = iota
	One4
	One8
	Two8
)

// String is the shape's lower-case name.
func (s Shape) String() string {
	switch s {
	case ShapeAuto:
		return "auto"
	case One4:
		return "one4"
	case One8:
		return "one8"
	case Two8:
		return "two8"
	}
	return fmt.Sprintf("Shape(%d)", uint8(s))
}

// Assignments is how many leaves a vector may be in.
func (s Shape) Assignments() int {
	if s == Two8 {
		return 2
	}
	return 1
}

// Dims is how many dimensions a nibble stands for.
func (s Shape) Dims() int {
	if s == One4 {
		return 4
	}
	return 8
}

// LeafTarget is how many vectors of its own a leaf should have.
func (s Shape) LeafTarget() int {
	if s == Two8 {
		return 128
	}
	return 256
}

// subspaces is M, the nibbles of a code of dim coded components that stand for fold dimensions each: a multiple of 4, since
// four nibbles of a slot lie together in a block.
func (s Shape) subspaces(dim, fold int) int {
	d := s.Dims() / fold
	return (dim + 4*d - 1) / (4 * d) * 4
}
