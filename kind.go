package annoy

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is a kind of index.
type Kind uint8

const (
	// Canopy is this library's own index: a k-means tree whose leaves hold compressed vectors that are scanned for
	// candidates, and the vectors beside them, by which the candidates are measured. A .canopy file.
	Canopy Kind = iota
	// Forest is Annoy's index: random-projection trees over all items, in Annoy's own file format.
	Forest
)

var kindWords = []string{Canopy: "canopy", Forest: "forest"}

// String is the kind's lower-case name.
func (k Kind) String() string { return word(kindWords, k, "Kind") }

// MarshalText is String.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText takes "canopy" or "forest"; anything else is ErrOption.
func (k *Kind) UnmarshalText(b []byte) error { return setWord(k, kindWords, b, "kind") }

// Shape is how a canopy spends the bytes of its codes: in how many leaves a vector is coded, and how many of its
// dimensions 4 bits stand for. Two assignments at 8 dimensions take the bytes of one at 4.
type Shape uint8

const (
	// ShapeAuto lets the build choose: it counts, on a sample, the bytes that a query touches with each of the others.
	ShapeAuto Shape = iota
	// One4 is one leaf for each vector, 4 dimensions a nibble: for vectors without structure.
	One4
	// One8 is one leaf for each vector, 8 dimensions a nibble: for vectors in separate clusters.
	One8
	// Two8 is two leaves for each vector, 8 dimensions a nibble: for most real data.
	Two8
)

var shapeWords = []string{ShapeAuto: "auto", One4: "one4", One8: "one8", Two8: "two8"}

// String is "auto", "one4", "one8" or "two8".
func (s Shape) String() string { return word(shapeWords, s, "Shape") }

// MarshalText is String.
func (s Shape) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes what String gives; anything else is ErrOption.
func (s *Shape) UnmarshalText(b []byte) error { return setWord(s, shapeWords, b, "shape") }

// Rows is the type of the components of the vectors that a canopy keeps. Narrow rows make a smaller file and, as a search
// reads some hundred of them from all over memory, faster searches.
type Rows uint8

const (
	// RowsAuto is the narrowest of the others that holds every component exactly: nothing is lost.
	RowsAuto Rows = iota
	// RowsFloat32 holds every vector exactly.
	RowsFloat32
	// RowsFloat16 rounds to IEEE half precision: 11 bits. A component beyond its range, 65504, is ErrOption.
	RowsFloat16
	// RowsInt8 rounds to 256 equal steps.
	RowsInt8
	// RowsUint8 rounds to 256 equal steps from 0 on. A component below 0 is ErrOption.
	RowsUint8
)

var rowsWords = []string{RowsAuto: "auto", RowsFloat32: "float32", RowsFloat16: "float16", RowsInt8: "int8", RowsUint8: "uint8"}

// String is "auto", "float32", "float16", "int8" or "uint8".
func (r Rows) String() string { return word(rowsWords, r, "Rows") }

// MarshalText is String.
func (r Rows) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText takes what String gives; anything else is ErrOption.
func (r *Rows) UnmarshalText(b []byte) error { return setWord(r, rowsWords, b, "rows") }

// word is the name of a value, or the type's with its number.
func word[T ~uint8](words []string, v T, name string) string {
	if int(v) < len(words) {
		return words[v]
	}
	return fmt.Sprintf("%s(%d)", name, uint8(v))
}

// setWord sets a value by its name.
func setWord[T ~uint8](v *T, words []string, b []byte, name string) error {
	i := slices.Index(words, string(b))
	if i < 0 {
		last := len(words) - 1
		return optionError("%s %q, want %s or %s", name, b, strings.Join(words[:last], ", "), words[last])
	}
	*v = T(i)
	return nil
}
