package canopy

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/annoy-go/annoy/internal/format"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Assembly is all that a file is made of. The same assembly gives the same bytes for any number of workers and whatever
// Memory is.
type Assembly struct {
	Vectors   Vectors
	Space     space
	Shape     Shape
	Partition *Partition
	Codebook  *Codebook
	Element   kernel.Element // of the rows
	RowScale  float32        // what 1 in a row stands for; 0: 1, as it must be where the element type is exact
	About     About
	Coded     *Index // of the same vectors, tree and codewords: its codes and rows are taken over; nil: there is none

	Keys        func(i int) string // the key of vector i, "" for none, all others different; nil: no keys
	Metadata    []byte             // nil: none
	Calibration int                // bytes reserved for SetCalibration
	Moments     bool               // there is room for the leaves' moments

	Memory   int64                    // bytes of rows and codes to be held at a time where the output is a file; 0: all
	Workers  int                      // ≥ 1
	Guard    func(func() error) error // runs what reads vectors, in every goroutine; nil: nothing to guard against
	Progress func(done, total int64)  // vectors coded; nil, or called from one goroutine at a time
}

// Built is a whole file, to which a calibration may be added.
type Built struct {
	w       *writer
	reserve int
}

// Size is the bytes of the file.
func (b *Built) Size() int64 { return int64(b.w.head.size) }

// SetCalibration stores at most as many bytes as were reserved, in place of those before.
func (b *Built) SetCalibration(data []byte) error {
	if len(data) > b.reserve {
		return fmt.Errorf("annoy: a calibration of %d bytes, %d were reserved", len(data), b.reserve)
	}
	if b.reserve == 0 {
		return nil
	}
	whole := make([]byte, b.reserve)
	copy(whole, data)
	if err := b.set(kindCalibration, whole); err != nil {
		return err
	}
	e := b.w.entry(kindCalibration)
	e.bytes, e.crc = uint64(len(data)), crc32.Checksum(data, castagnoli)
	return b.w.finish()
}

// set stores a section that is as long as was laid out.
func (b *Built) set(k kind, data []byte) error {
	e := b.w.entry(k)
	_, err := b.w.out.WriteAt(data, int64(e.offset))
	e.crc = crc32.Checksum(data, castagnoli)
	return err
}

// Write assembles the file. The vectors are read once for each window of consecutive leaves whose rows and codes take
// up to Memory, in ascending order. Errors are those of the output, Guard's and ctx's, and of an id or key that is there
// twice.
func (a *Assembly) Write(ctx context.Context, out Output) (*Built, error) {
	if !format.LittleEndian {
		return nil, format.ErrBigEndian
	}
	l, err := layOut(a.Partition)
	if err != nil {
		return nil, err
	}
	ids := surveyIDs(a.Vectors)
	names := surveyKeys(a.Keys, l.row)
	w, err := newWriter(out, a.header(l, ids), a.parts(l, ids, names))
	if err != nil {
		return nil, err
	}
	if err := a.writeRouting(w, l); err != nil {
		return nil, err
	}
	writeCodes := a.writeWindows
	if a.Coded != nil {
		writeCodes = a.takeOver
	}
	if err := writeCodes(ctx, w, l); err != nil {
		return nil, err
	}
	for _, do := range []func() error{
		ctx.Err,
		func() error { return ids.write(w, a.Vectors, l.row) },
		func() error { return names.write(w) },
		func() error { return a.writeMetadata(w) },
		w.finish,
	} {
		if err := do(); err != nil {
			return nil, err
		}
	}
	w.scratch = [kinds][]byte{}
	return &Built{w, a.Calibration}, nil
}

// header is what is known before the first code.
func (a *Assembly) header(l *layout, ids *idSurvey) header {
	h := header{
		metric: uint8(a.Space.metric), shape: uint8(a.Shape), element: uint8(a.Element), idBytes: uint8(ids.bytes),
		dim: uint32(a.Space.dim), coded: uint32(a.Space.coded()), m: uint32(a.Codebook.M),
		stride: uint32(a.Space.dim * a.Element.Size()), rowScale: a.rowScale(),
		tops: uint32(a.Partition.NTops()), leaves: uint32(len(l.leaves)), numbers: l.numbers[len(l.numbers)-1],
		rows: uint64(len(l.row)), blocks: l.blocks, slots: l.slots,
		scale: scaleOf(a.Partition),
		seed:  a.About.Seed, leaf: uint32(a.About.Leaf),
		shapeWhy: uint8(a.About.ShapeWhy), rowsWhy: uint8(a.About.RowsWhy), cost: a.About.ShapeCost,
	}
	h.limit = a.Space.limit
	if a.Space.axes != nil {
		h.fold = uint8(a.Space.axes.fold)
	}
	return h
}

func (a *Assembly) rowScale() float32 {
	if a.RowScale == 0 {
		return 1
	}
	return a.RowScale
}

// parts is the order of the sections: what every search reads first, the rows last.
func (a *Assembly) parts(l *layout, ids *idSurvey, names *keySurvey) []extent {
	h := a.header(l, ids)
	sizes := h.sizes()
	var parts []extent
	add := func(k kind, bytes uint64) { parts = append(parts, extent{kind: k, bytes: bytes}) }
	if a.Space.axes != nil {
		for k := kindCenter; k <= kindAxisScale; k++ {
			add(k, sizes[k])
		}
	}
	for k := kindMean; k <= kindLeaves; k++ {
		add(k, sizes[k])
	}
	if a.Calibration > 0 {
		parts = append(parts, extent{kind: kindCalibration, reserved: uint64(a.Calibration)})
	}
	if a.Moments {
		add(kindMoments, momentBytes*uint64(h.numbers))
	}
	add(kindBlocks, sizes[kindBlocks])
	if a.Shape.Assignments() > 1 {
		add(kindSlotRows, sizes[kindSlotRows])
	}
	add(kindRowIDs, sizes[kindRowIDs])
	if ids.direct > 0 {
		add(kindDirect, 4*ids.direct)
	} else {
		add(kindOrder, 4*h.rows)
	}
	if names != nil {
		add(kindKeyOffsets, (h.rows+1)*uint64(offsetBytes(names.bytes)))
		add(kindKeyBytes, names.bytes)
		add(kindKeyOrder, 4*uint64(len(names.order)))
	}
	if a.Metadata != nil {
		add(kindMetadata, uint64(len(a.Metadata)))
	}
	add(kindRows, sizes[kindRows])
	return parts
}

// takeOver copies what writeWindows would make again.
func (a *Assembly) takeOver(ctx context.Context, w *writer, l *layout) error {
	for _, k := range []kind{kindBlocks, kindSlotRows, kindRows, kindRowIDs} {
		if w.place[k] == 0 {
			continue
		}
		if err := errors.Join(ctx.Err(), writeAll(w, k, a.Coded.section(k))); err != nil {
			return err
		}
	}
	w.head.cerr = a.Coded.CErr
	if a.Progress != nil {
		a.Progress(int64(l.slots), int64(l.slots))
	}
	return nil
}

func (a *Assembly) writeMetadata(w *writer) error {
	if a.Metadata == nil {
		return nil
	}
	return writeAll(w, kindMetadata, a.Metadata)
}

// writeRouting writes all but codes and rows: the codebook, the centroids and the directory.
func (a *Assembly) writeRouting(w *writer, l *layout) error {
	p := a.Partition
	tops := newCentroids(p, a.Space, w.head.scale, p.NTops())
	for t := range p.NTops() {
		tops.set(t, p.Top(t))
	}
	leaves := newCentroids(p, a.Space, w.head.scale, int(w.head.numbers))
	directory := make([]Leaf, w.head.numbers)
	for t, number := range l.numbers[:p.NTops()] {
		for i := p.First[t]; i < p.First[t+1]; i++ {
			leaves.set(int(number), p.Leaf(int(i)))
			directory[number] = l.leaves[i]
			number++
		}
	}
	if axes := a.Space.axes; axes != nil {
		groups, bias, scale := axes.stored8()
		err := errors.Join(writeAll(w, kindCenter, axes.center), writeAll(w, kindAxes, groups),
			writeAll(w, kindAxisBias, bias), writeAll(w, kindAxisScale, scale))
		if err != nil {
			return err
		}
	}
	return errors.Join(
		writeAll(w, kindMean, p.Mean),
		writeAll(w, kindCodebook, a.Codebook.Words),
		writeAll(w, kindTopGroups, tops.groups),
		writeAll(w, kindTopNorms, tops.norms),
		writeAll(w, kindTopBias, tops.bias),
		writeAll(w, kindTopFirst, l.numbers),
		writeAll(w, kindLeafGroups, leaves.groups),
		writeAll(w, kindLeafNorms, leaves.norms),
		writeAll(w, kindLeafBias, leaves.bias),
		writeAll(w, kindLeaves, directory),
	)
}
