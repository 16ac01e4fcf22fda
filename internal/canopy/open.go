package canopy

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"unsafe"

	"github.com/annoy-go/annoy/internal/calibrate"
	"github.com/annoy-go/annoy/internal/format"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Open makes an index of the bytes of a file, which start at a multiple of 8. It reads the header only, so that its
// cost does not depend on the size. Errors: format.ErrCorrupt, most as a *format.CorruptError; format.ErrVersion for a file
// of a later version, or with a section that only a later version understands; format.ErrBigEndian.
func Open(data []byte) (*Index, error) {
	if !format.LittleEndian {
		return nil, format.ErrBigEndian
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(data)))%8 != 0 {
		return nil, errors.New("annoy: the bytes of a canopy must start at a multiple of 8")
	}
	h, table, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	ix := &Index{
		Metric: Metric(h.metric), Dim: int(h.dim), Coded: int(h.coded), N: int(h.rows), Shape: Shape(h.shape),
		Element: kernel.Element(h.element), RowStride: int(h.stride),
		M: int(h.m), Dims: Shape(h.shape).Dims() / h.folds(), CErr: h.cerr, RowScale: h.rowScale, MaxNorm2: h.limit,
		Scale: h.scale, NTops: int(h.tops), NLeaves: int(h.leaves),
		About: About{
			Seed: h.seed, Leaf: int(h.leaf), ShapeWhy: Reason(h.shapeWhy), RowsWhy: Reason(h.rowsWhy), ShapeCost: h.cost,
		},
		data: data, head: h, table: table, blocks: uint32(h.blocks),
	}
	if h.leaves > 0 {
		ix.MeanSlots = float64(h.slots) / float64(h.leaves)
	}
	return ix, ix.view()
}

// readHeader proves the header whole and its fields and sections possible.
func readHeader(data []byte) (header, []entry, error) {
	var h header
	fail := func(offset int64, reason string, args ...any) (header, []entry, error) {
		return h, nil, corruptAt(offset, reason, args...)
	}
	if len(data) < headerBytes {
		return fail(int64(len(data)), "%d bytes, the header alone has %d", len(data), headerBytes)
	}
	if string(data[:len(Magic)]) != Magic {
		return fail(0, "it does not begin as a canopy does")
	}
	h.walk(&cursor{b: data})
	if h.version != Version {
		return h, nil, fmt.Errorf("%w: version %d, this library reads up to %d", format.ErrVersion, h.version, Version)
	}
	if h.sections > maxSections || h.bytes != headerBytes+entryBytes*h.sections {
		return fail(12, "%d sections in a header of %d bytes", h.sections, h.bytes)
	}
	if h.size != uint64(len(data)) || uint64(h.bytes) > h.size {
		return fail(min(int64(len(data)), clampInt64(h.size)), "%d bytes of %d (cut short?)", len(data), h.size)
	}
	if crc := headerCRC(data[:h.bytes]); crc != h.crc {
		return fail(crcAt, "the header's checksum is %08x, its bytes have %08x", h.crc, crc)
	}
	if err := h.check(); err != nil {
		return h, nil, err
	}
	table, end := make([]entry, h.sections), uint64(h.bytes)
	for i := range table {
		e, at := &table[i], int64(headerBytes+i*entryBytes)
		e.walk(&cursor{b: data, at: int(at)})
		if e.offset%alignment != 0 || e.offset < end || e.offset > h.size || e.bytes > h.size-e.offset {
			return fail(at, "%v: %d bytes at %d, free are those from %d to %d", e.kind, e.bytes, e.offset, end, h.size)
		}
		end = e.offset + e.bytes
	}
	return h, table, nil
}

func clampInt64(v uint64) int64 { return int64(min(v, math.MaxInt64)) }

// view cuts the sections out of the bytes, once each has the length that the header's counts ask for.
func (ix *Index) view() error {
	found := [kinds]*entry{}
	for i := range ix.table {
		switch e := &ix.table[i]; {
		case e.kind == 0 || e.kind >= kinds:
			if e.required() {
				return fmt.Errorf("%w: it needs %v", format.ErrVersion, e.kind)
			}
		case found[e.kind] != nil:
			return corruptAt(ix.entryAt(e), "%v: a second time", e.kind)
		default:
			found[e.kind] = e
		}
	}
	sizes := ix.head.sizes()
	for k := range kinds {
		e, want := found[k], sizes[k]
		if _, must := sizes[k]; !must {
			if e != nil && (k == kindSlotRows || k >= kindCenter && k <= kindAxisScale) {
				return corruptAt(ix.entryAt(e), "%v: of another shape, or without axes", k)
			}
			continue
		}
		if e == nil {
			return corruptAt(headerBytes, "%v: missing", k)
		}
		if e.bytes != want {
			return corruptAt(ix.entryAt(e), "%v: %d bytes, want %d", k, e.bytes, want)
		}
	}
	bytes := func(k kind) []byte {
		if found[k] == nil {
			return nil
		}
		return ix.data[found[k].offset:][:found[k].bytes:found[k].bytes]
	}
	ix.Mean = cast[float32](bytes(kindMean))
	ix.Codebook = cast[float32](bytes(kindCodebook))
	if ix.head.fold > 0 {
		ix.Center, ix.Axes = cast[float32](bytes(kindCenter)), cast[int8](bytes(kindAxes))
		ix.AxisBias, ix.AxisScale = cast[int32](bytes(kindAxisBias)), cast[float32](bytes(kindAxisScale))
	}
	ix.TopGroups = cast[int8](bytes(kindTopGroups))
	ix.TopNorm = cast[float32](bytes(kindTopNorms))
	ix.TopBias = cast[int32](bytes(kindTopBias))
	ix.TopFirst = cast[uint32](bytes(kindTopFirst))
	ix.LeafGroups = cast[int8](bytes(kindLeafGroups))
	ix.LeafNorm = cast[float32](bytes(kindLeafNorms))
	ix.LeafBias = cast[int32](bytes(kindLeafBias))
	ix.Leaves = cast[Leaf](bytes(kindLeaves))
	if e := found[kindMoments]; e != nil {
		if e.bytes != momentBytes*uint64(len(ix.Leaves)) {
			return corruptAt(ix.entryAt(e), "%v: %d bytes, want %d", e.kind, e.bytes, momentBytes*len(ix.Leaves))
		}
		ix.Moments = cast[Moments](bytes(kindMoments))
	}
	ix.Blocks = bytes(kindBlocks)
	ix.Rows = bytes(kindRows)
	if ix.Shape.Assignments() > 1 {
		ix.SlotRow = cast[uint32](bytes(kindSlotRows))
	}
	if err := ix.viewIDs(found[kindDirect], found[kindOrder], bytes); err != nil {
		return err
	}
	ix.calibration, ix.metadata = found[kindCalibration], bytes(kindMetadata)
	return ix.viewKeys(found[kindKeyOffsets], found[kindKeyOrder], bytes)
}

// viewIDs cuts out the tables of ids: of the two ways from id to row one is there.
func (ix *Index) viewIDs(direct, order *entry, bytes func(kind) []byte) error {
	if ix.head.idBytes == 4 {
		ix.ids.narrow = cast[uint32](bytes(kindRowIDs))
	} else {
		ix.ids.wide = cast[int64](bytes(kindRowIDs))
	}
	switch {
	case (direct == nil) == (order == nil):
		return corruptAt(headerBytes, "%v, %v: one of them is needed", kindDirect, kindOrder)
	case direct != nil && direct.bytes%4 != 0:
		return corruptAt(ix.entryAt(direct), "%v: %d bytes, want a multiple of 4", kindDirect, direct.bytes)
	case direct != nil:
		ix.ids.direct = cast[uint32](bytes(kindDirect))
	case order.bytes != 4*ix.head.rows:
		return corruptAt(ix.entryAt(order), "%v: %d bytes, want %d", kindOrder, order.bytes, 4*ix.head.rows)
	default:
		ix.ids.order = cast[uint32](bytes(kindOrder))
	}
	return nil
}

// section is the bytes of a section, nil where there is none.
func (ix *Index) section(k kind) []byte {
	for _, e := range ix.table {
		if e.kind == k {
			return ix.data[e.offset:][:e.bytes:e.bytes]
		}
	}
	return nil
}

// entryAt is where in the file an entry of the table is.
func (ix *Index) entryAt(e *entry) int64 {
	for i := range ix.table {
		if e == &ix.table[i] {
			return int64(headerBytes + i*entryBytes)
		}
	}
	return headerBytes
}

// cast views bytes as elements. The result is never nil: an index without rows has its tables.
func cast[T any](b []byte) []T {
	if len(b) == 0 {
		return []T{}
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(*new(T))))
}

const (
	leafBytes   = 16
	momentBytes = 12
)

// Sections lists the sections in the order of the file.
func (ix *Index) Sections() []Section {
	all := make([]Section, len(ix.table))
	for i, e := range ix.table {
		all[i] = Section{e.kind.String(), int64(e.offset), int64(e.bytes)}
	}
	return all
}

// Calibration is a copy of what was stored by Built.SetCalibration, nil where nothing was. Its checksum is compared: a wrong
// calibration would answer with another recall than it promises.
func (ix *Index) Calibration() ([]byte, error) {
	e := ix.calibration
	if e == nil || e.bytes == 0 {
		return nil, nil
	}
	if e.bytes > uint64(calibrate.MaxBytes) {
		return nil, corruptAt(ix.entryAt(e), "%v: %d bytes, it has %d at most", e.kind, e.bytes, calibrate.MaxBytes)
	}
	b := slices.Clone(ix.data[e.offset:][:e.bytes]) // under a mapping, what was checked may change
	if crc := crc32.Checksum(b, castagnoli); crc != e.crc {
		return nil, corruptAt(int64(e.offset), "%v: checksum %08x, its bytes have %08x", e.kind, e.crc, crc)
	}
	return b, nil
}

// Metadata is the caller's own bytes, nil where there are none.
func (ix *Index) Metadata() []byte { return ix.metadata }

func finite32(x float32) bool { return finite(float64(x)) }

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
