package canopy

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/annoy-go/annoy/internal/kernel"
)

// The fixed part of the header. The section table follows it, and the sections follow that.
const (
	// Magic is how a canopy file begins. As in PNG, a byte that is not text and a line end show a file that was
	// transferred as text; no .ann file begins so, whose first number is a count of items.
	Magic = "\x89CANOPY\n"
	// Version of the files that are written. Every released version stays readable.
	//
	//	1  first version
	Version = 1

	headerBytes = 256
	entryBytes  = 32
	crcAt       = 28   // of the header's own checksum, which counts as zero within it
	maxSections = 1024 // so that a header is small whatever it says
	alignment   = 64   // of every section
)

// MaxDim bounds the dimension, so that no size can overflow: 2^24 components.
const MaxDim = 1 << 24

// maxBlocks is where slot numbers end.
const maxBlocks = 1 << 32 / kernel.BlockSlots

// Reason says why the build took a shape or an element type.
type Reason uint8

// The reasons.
const (
	Asked       Reason = iota // by the caller
	FewestBytes               // trial builds counted the fewest bytes touched by a query
	TooFew                    // too few vectors for a trial to tell anything
	Exact                     // the narrowest element type that holds every component exactly
	Rounded                   // asked for by the caller, and some components were rounded
)

// About is what the header says of the build, for people: no search needs it.
type About struct {
	Seed      uint64
	Leaf      int        // vectors that a leaf was meant to have
	ShapeWhy  Reason     //
	RowsWhy   Reason     //
	ShapeCost [3]float64 // bytes that a query touched in the trial builds of One4, One8, Two8; 0 where there was none
}

// header is the fixed part, in Go's types.
type header struct {
	version  uint32
	bytes    uint32 // of the fixed part and the table
	size     uint64 // of the file
	sections uint32
	crc      uint32

	metric, shape, element, idBytes uint8
	dim, coded, m, stride           uint32
	rows, blocks, slots             uint64
	tops, leaves, numbers           uint32 // leaf numbers: leaves and their padding
	scale, cerr, rowScale           float32
	limit                           float64 // Dot: the largest squared norm of a vector; otherwise 0

	seed              uint64
	leaf              uint32
	shapeWhy, rowsWhy uint8
	fold              uint8 // dimensions for each axis: 2 or 4; 0 where there are no axes
	cost              [3]float64
}

// walk goes over the fields in the order of the file, which is written here and on the page of the format only.
func (h *header) walk(c *cursor) {
	c.at = len(Magic)
	c.u32(&h.version)
	c.u32(&h.bytes)
	c.u64(&h.size)
	c.u32(&h.sections)
	c.u32(&h.crc)
	c.u8(&h.metric)
	c.u8(&h.shape)
	c.u8(&h.element)
	c.u8(&h.idBytes)
	c.u32(&h.dim)
	c.u32(&h.coded)
	c.u32(&h.m)
	c.u32(&h.stride)
	c.u32(&h.tops)
	c.u32(&h.leaves)
	c.u32(&h.numbers)
	c.u64(&h.rows)
	c.u64(&h.blocks)
	c.u64(&h.slots)
	c.f32(&h.scale)
	c.f32(&h.cerr)
	c.f32(&h.rowScale)
	c.u32(&h.leaf)
	c.f64(&h.limit)
	c.u64(&h.seed)
	c.u8(&h.shapeWhy)
	c.u8(&h.rowsWhy)
	c.u8(&h.fold)
	c.at += 5
	for i := range h.cost {
		c.f64(&h.cost[i])
	}
}

// encode is the header's bytes, with the table of sections and its checksum.
func (h *header) encode(table []entry) []byte {
	b := make([]byte, headerBytes+len(table)*entryBytes)
	copy(b, Magic)
	h.version, h.bytes, h.sections, h.crc = Version, uint32(len(b)), uint32(len(table)), 0
	h.walk(&cursor{b: b, write: true})
	for i := range table {
		table[i].walk(&cursor{b: b, at: headerBytes + i*entryBytes, write: true})
	}
	seal(b)
	return b
}

// HeaderAs is the header, with the table of sections, of the same index by another metric: Angular and Cosine have the same
// partition, codes and raw distances.
func (ix *Index) HeaderAs(m Metric) []byte {
	b := bytes.Clone(ix.data[:ix.head.bytes])
	if m != ix.Metric {
		h := ix.head
		h.metric = uint8(m)
		h.walk(&cursor{b: b, write: true})
		seal(b)
	}
	return b
}

// seal sets the checksum of a whole header.
func seal(b []byte) { binary.LittleEndian.PutUint32(b[crcAt:], headerCRC(b)) }

func headerCRC(b []byte) uint32 {
	crc := crc32.Update(0, castagnoli, b[:crcAt])
	crc = crc32.Update(crc, castagnoli, make([]byte, 4))
	return crc32.Update(crc, castagnoli, b[crcAt+4:])
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// cursor reads or writes one field after the other.
type cursor struct {
	b     []byte
	at    int
	write bool
}

func (c *cursor) u8(v *uint8) {
	if c.write {
		c.b[c.at] = *v
	} else {
		*v = c.b[c.at]
	}
	c.at++
}

func (c *cursor) u32(v *uint32) {
	if c.write {
		binary.LittleEndian.PutUint32(c.b[c.at:], *v)
	} else {
		*v = binary.LittleEndian.Uint32(c.b[c.at:])
	}
	c.at += 4
}

func (c *cursor) u64(v *uint64) {
	if c.write {
		binary.LittleEndian.PutUint64(c.b[c.at:], *v)
	} else {
		*v = binary.LittleEndian.Uint64(c.b[c.at:])
	}
	c.at += 8
}

func (c *cursor) f32(v *float32) {
	bits := math.Float32bits(*v)
	c.u32(&bits)
	*v = math.Float32frombits(bits)
}

func (c *cursor) f64(v *float64) {
	bits := math.Float64bits(*v)
	c.u64(&bits)
	*v = math.Float64frombits(bits)
}
