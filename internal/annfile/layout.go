// Package annfile is the only package that knows Annoy's bytes: how a node is
// laid out for each metric and dialect, where the roots of a file are, and what
// must hold before a byte of it is trusted.
//
// An image is an array of equal-sized nodes, little-endian, without header or
// footer: first the items (node number = id), then the nodes of the trees,
// children before parents, then a copy of every root. docs/format/ann.md draws it.
//
// An [Image] borrows the bytes that it is made of; whoever made them (a mapping, a
// builder's buffer) keeps them alive and unchanged for as long as it is used.
package annfile

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/format"
)

// Metric is one of Annoy's five. Cosine is a view of Angular and has no layout of its own.
type Metric uint8

// The metrics of the format.
const (
	Angular Metric = iota + 1
	Euclidean
	Manhattan
	Dot
	Hamming
)

// Dialect tells the two layouts of dot files apart. Other metrics have one layout, Released.
type Dialect uint8

// Released is what Annoy 1.0 to 1.17.3 write; Main is the 24-byte dot header of Annoy's unreleased main branch.
const (
	Released Dialect = iota
	Main
)

// MaxDim bounds the dimension, so that no node size can overflow: 2^24 components.
const MaxDim = 1 << 24

// Layout says where the fields of a node are.
//
// Version table (a released layout never changes):
//
//	metric                 children  extra                          vector  leaf holds
//	angular                4         norm² at 4 (items only)        12      f+2
//	euclidean, manhattan   8         plane offset at 4              16      f+2
//	hamming                4         –                              16      2w+3
//	dot, released          4         factor at 12                   16      f+3
//	dot, main              4         factor 12, norm 16, built 20   24      f+5
type Layout struct {
	Metric  Metric
	Dialect Dialect
	Dim     int     // components of a vector
	Words   int     // hamming: uint64 words of a vector; otherwise 0
	Size    uintptr // bytes of a node
	Kids    uintptr // offset of children[2], and of a leaf's ids
	Vec     uintptr // offset of the vector
	LeafCap int     // K: how many ids fit a leaf
}

const (
	normAt       = 4  // angular items: the squared norm
	planeAt      = 4  // euclidean and manhattan splits: the plane's offset
	factorAt     = 12 // dot: the extra component
	mainNormAt   = 16 // dot, main: squared norm of the extended vector
	mainBuiltAt  = 20 // dot, main: 1 in every item of a built index
	offsetKids   = 8
	defaultKids  = 4
	angularVec   = 12
	wideVec      = 16
	mainVec      = 24
	hammingWords = 64
)

// NewLayout returns the layout for vectors of dim components, 1 ≤ dim ≤ MaxDim; ErrBigEndian on machines that cannot
// read it in place.
func NewLayout(m Metric, dim int, d Dialect) (Layout, error) {
	l := Layout{Metric: m, Dialect: d, Dim: dim, Kids: defaultKids, Vec: wideVec}
	if !format.LittleEndian {
		return l, ErrBigEndian
	}
	if dim < 1 || dim > MaxDim {
		return l, fmt.Errorf("annoy: dimension %d, want 1 to %d", dim, MaxDim)
	}
	vecBytes := uintptr(dim) * 4
	switch m {
	case Angular:
		l.Vec = angularVec
	case Euclidean, Manhattan:
		l.Kids = offsetKids
	case Dot:
		if d == Main {
			l.Vec = mainVec
		}
	case Hamming:
		l.Words = (dim + hammingWords - 1) / hammingWords
		vecBytes = uintptr(l.Words) * 8
	default:
		return l, fmt.Errorf("annoy: no layout for metric %d", m)
	}
	if d == Main && m != Dot {
		return l, fmt.Errorf("annoy: the main-branch dialect exists for dot only")
	}
	l.Size = l.Vec + vecBytes
	l.LeafCap = int(l.Size-l.Kids) / 4
	return l, nil
}

// The accessors below take the address of a node inside an image; nothing is checked. The bytes may be a mapping of
// a file that another process rewrites in place, so two reads may differ: who uses a number as an index or a
// length reads it once, and checks and uses what was read.

// Descendants is n_descendants: 0 a hole, 1 an item, otherwise the items below a node (n_items for a root).
func (l *Layout) Descendants(p unsafe.Pointer) int32 { return *(*int32)(p) }

// SetDescendants sets n_descendants.
func (l *Layout) SetDescendants(p unsafe.Pointer, n int32) { *(*int32)(p) = n }

// Children are the two node numbers below a split: [0] the negative side, [1] the positive. Copy them to use them.
func (l *Layout) Children(p unsafe.Pointer) *[2]int32 { return (*[2]int32)(unsafe.Add(p, l.Kids)) }

// Leaf is the first n ids of a leaf, n ≤ LeafCap.
func (l *Layout) Leaf(p unsafe.Pointer, n int) []int32 {
	return unsafe.Slice((*int32)(unsafe.Add(p, l.Kids)), n)
}

// Floats is the vector of an item or the normal of a split.
func (l *Layout) Floats(p unsafe.Pointer) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(p, l.Vec)), l.Dim)
}

// Bits is the vector of a hamming item.
func (l *Layout) Bits(p unsafe.Pointer) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Add(p, l.Vec)), l.Words)
}

// Position is the bit that a hamming split tests.
func (l *Layout) Position(p unsafe.Pointer) uint64 { return *(*uint64)(unsafe.Add(p, l.Vec)) }

// SetPosition sets the bit that a hamming split tests, 0 ≤ pos < 64·Words.
func (l *Layout) SetPosition(p unsafe.Pointer, pos uint64) {
	*(*uint64)(unsafe.Add(p, l.Vec)) = pos
}

// NormSquared is an angular item's stored squared norm; 0 in files of old versions.
func (l *Layout) NormSquared(p unsafe.Pointer) float32 { return *(*float32)(unsafe.Add(p, normAt)) }

// SetNormSquared stores an angular item's squared norm.
func (l *Layout) SetNormSquared(p unsafe.Pointer, v float32) {
	*(*float32)(unsafe.Add(p, normAt)) = v
}

// Offset is the plane offset a of a euclidean or manhattan split.
func (l *Layout) Offset(p unsafe.Pointer) float32 { return *(*float32)(unsafe.Add(p, planeAt)) }

// SetOffset sets the plane offset of a euclidean or manhattan split.
func (l *Layout) SetOffset(p unsafe.Pointer, v float32) { *(*float32)(unsafe.Add(p, planeAt)) = v }

// Factor is dot_factor: an item's extra component, a split's own.
func (l *Layout) Factor(p unsafe.Pointer) float32 { return *(*float32)(unsafe.Add(p, factorAt)) }

// SetFactor sets dot_factor.
func (l *Layout) SetFactor(p unsafe.Pointer, v float32) { *(*float32)(unsafe.Add(p, factorAt)) = v }

// SetBuilt fills what only the main dialect's items have: the squared norm of the
// extended vector, and the mark that makes Annoy rank by the plain dot product.
func (l *Layout) SetBuilt(p unsafe.Pointer, normSquared float32) {
	*(*float32)(unsafe.Add(p, mainNormAt)) = normSquared
	*(*uint32)(unsafe.Add(p, mainBuiltAt)) = 1
}

// PositionBit tells the bit that split position pos tests: in word pos/64, counted from the top.
func PositionBit(words []uint64, pos uint64) bool {
	return words[pos/hammingWords]>>(hammingWords-1-pos%hammingWords)&1 == 1
}

// PackBits thresholds v into words: bit i is v[i] > 0.5, in word i/64 at i mod 64. words holds ceil(len(v)/64).
func PackBits(words []uint64, v []float32) {
	clear(words)
	for i, x := range v {
		if x > 0.5 {
			words[i/hammingWords] |= 1 << (i % hammingWords)
		}
	}
}

// UnpackBits appends dim zeros and ones.
func UnpackBits(dst []float32, words []uint64, dim int) []float32 {
	for i := range dim {
		dst = append(dst, float32(words[i/hammingWords]>>(i%hammingWords)&1))
	}
	return dst
}

// CheckFinite returns the index of the first NaN or Inf of v, or -1.
func CheckFinite(v []float32) int {
	for i, x := range v {
		if math.Float32bits(x)&0x7f800000 == 0x7f800000 {
			return i
		}
	}
	return -1
}
