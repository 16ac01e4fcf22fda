package vecio

import (
	"errors"
	"fmt"
	"github.com/annoy-go/annoy/internal/visible"
	"github.com/annoy-go/annoy/vecio/internal/hdf5"
	"io"
	"math"
	"os"
)

// defaultDataset is the base of an ann-benchmarks file.
const defaultDataset = "train"

// HDF5File is an open HDF5 file, of which the datasets in the root group are
// read. The files of ann-benchmarks (https://ann-benchmarks.com) hold the
// datasets train (the base), test (the queries), neighbors (for each query the
// rows of its nearest, nearest first) and distances, and the attribute
// "distance", the name of their metric. It is safe for concurrent use.
type HDF5File struct {
	name     string
	src      io.ReaderAt
	file     *os.File // nil when the bytes come from elsewhere
	root     *hdf5.File
	datasets []DatasetInfo // as root.Datasets
}

// DatasetInfo is what is known of a dataset without reading it.
type DatasetInfo struct {
	Name    string
	Shape   []int   // the lengths of its dimensions, empty for a scalar
	Element Element // 0 when it is none of this package's
	Err     error   // why it cannot be read, a *FormatError; nil when it can
}

// OpenHDF5 opens an HDF5 file and lists its root group. Superblocks of versions
// 0, 2 and 3 are read, and groups with a symbol table or compact links: what
// h5py writes, by default and with libver='latest'. A file that is malformed,
// or whose root group is stored in another way, is a *FormatError; a dataset
// that cannot be read, for example a compressed one, is an error only
// when it is asked for. Close the file after use.
func OpenHDF5(path string) (*HDF5File, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	if size < 0 {
		f.Close()
		return nil, fmt.Errorf("annoy: %s: an hdf5 file is not read in order: want a file, not a stream", path)
	}
	h, err := newHDF5(f, size, path)
	if err != nil {
		f.Close()
		return nil, err
	}
	h.file = f
	return h, nil
}

func newHDF5(src io.ReaderAt, size int64, name string) (*HDF5File, error) {
	h := &HDF5File{name: name, src: src}
	in := newInput(io.NewSectionReader(src, 0, size), size, name)
	start, err := in.peek(6)
	if err != nil {
		return nil, err
	}
	if len(start) == 0 {
		return nil, in.errorf(-1, -1, "the file is empty")
	}
	if err := in.packedError(start); err != nil {
		return nil, err
	}
	var malformed *hdf5.Error
	switch h.root, err = hdf5.Open(src, size); {
	case errors.As(err, &malformed):
		return nil, in.errorf(-1, -1, "%v", err)
	case err != nil:
		return nil, in.ioError(err)
	}
	for _, d := range h.root.Datasets {
		h.datasets = append(h.datasets, h.describe(d))
	}
	return h, nil
}

// describe gives a dataset in this package's words.
func (h *HDF5File) describe(d hdf5.Dataset) DatasetInfo {
	info := DatasetInfo{Name: d.Name, Shape: make([]int, len(d.Shape))}
	refuse := func(format string, args ...any) {
		if info.Err == nil {
			info.Err = h.errorf(d.Name, format, args...)
		}
	}
	if d.Err != nil {
		refuse("%v", d.Err)
	}
	for i, n := range d.Shape {
		if n > math.MaxInt { // where another dimension is 0
			refuse("shape %v is more than this machine can count", d.Shape)
		}
		info.Shape[i] = int(n)
	}
	info.Element = hdf5Elements[d.Type]
	if info.Element == 0 {
		refuse("its elements are %v: want float32, float64, float16, uint8, int8, int32 or int64", d.Type)
	}
	return info
}

var hdf5Elements = map[hdf5.Type]Element{
	{Kind: hdf5.Float, Size: 4}: Float32,
	{Kind: hdf5.Float, Size: 8}: Float64,
	{Kind: hdf5.Float, Size: 2}: Float16,
	{Kind: hdf5.Uint, Size: 1}:  Uint8,
	{Kind: hdf5.Int, Size: 1}:   Int8,
	{Kind: hdf5.Int, Size: 4}:   Int32,
	{Kind: hdf5.Int, Size: 8}:   Int64,
}

// Datasets lists the datasets of the root group, those that cannot be read
// among them. Groups, and links to other places, are left out.
func (h *HDF5File) Datasets() []DatasetInfo {
	list := make([]DatasetInfo, len(h.datasets))
	copy(list, h.datasets)
	return list
}

// Attribute returns an attribute of the file itself that is one string, such
// as "distance". ok is false, and the value "", when there is none of that name,
// or it is something else, or lies where this package does not look.
func (h *HDF5File) Attribute(name string) (value string, ok bool) {
	value, ok = h.root.Attributes[name]
	return value, ok
}

// Reader returns a reader of the rows of a dataset of two dimensions, of any
// element type, from the first row. Errors name the file and the dataset, as in
// "x.hdf5#train". Any number of Readers can be in use at a time, as long as the
// HDF5File is open; closing one does not close the file.
func (h *HDF5File) Reader(dataset string) (*Reader, error) {
	info, offset, err := h.dataset(dataset)
	if err != nil {
		return nil, err
	}
	if len(info.Shape) != 2 {
		return nil, h.errorf(dataset, "a dataset of %d dimensions, shape %v: want 2, rows and components",
			len(info.Shape), info.Shape)
	}
	head, rows, err := newBlock(h.input(info, offset), info.Element, uint64(info.Shape[0]), uint64(info.Shape[1]), 0)
	if err != nil {
		return nil, err
	}
	return &Reader{head: head, format: HDF5, name: h.place(dataset), rows: rows}, nil
}

// Ints reads the whole of a dataset of integers, of one or two dimensions, such
// as the neighbors of ann-benchmarks. values holds its rows one after the
// other: shape[0]·shape[1] of them in two dimensions. A value beyond 32 bits
// is a *FormatError.
func (h *HDF5File) Ints(dataset string) (values []int32, shape []int, err error) {
	info, offset, err := h.dataset(dataset)
	if err != nil {
		return nil, nil, err
	}
	size, decode, why := intDecoder(info.Element)
	if size == 0 {
		return nil, nil, h.errorf(dataset, "its elements are %v: want integers", info.Element)
	}
	values, err = readDataset(h, info, offset, decode, why)
	return values, info.Shape, err
}

// Floats reads the whole of a dataset of one or two dimensions, such as the
// distances of ann-benchmarks, as Ints does. Values are converted as a
// [Reader] converts components: all are finite.
func (h *HDF5File) Floats(dataset string) (values []float32, shape []int, err error) {
	info, offset, err := h.dataset(dataset)
	if err != nil {
		return nil, nil, err
	}
	c := &codecs[info.Element]
	values, err = readDataset(h, info, offset, c.decode, c.whyNotDecode)
	return values, info.Shape, err
}

// Close closes the file. Its Readers, Ints and Floats then fail with an error
// that matches os.ErrClosed. Further calls do nothing.
func (h *HDF5File) Close() error {
	if h.file == nil {
		return nil
	}
	if err := h.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("annoy: %w", err)
	}
	return nil
}

// place names a dataset in errors.
func (h *HDF5File) place(dataset string) string { return h.name + "#" + visible.Name(dataset) }

func (h *HDF5File) errorf(dataset, format string, args ...any) error {
	return &FormatError{File: h.place(dataset), Row: -1, Column: -1, Msg: fmt.Sprintf(format, args...)}
}

// dataset returns a dataset that can be read, and where its elements begin.
func (h *HDF5File) dataset(name string) (DatasetInfo, int64, error) {
	var names []string
	for i, d := range h.datasets {
		if d.Name == name {
			return d, h.root.Datasets[i].Offset, d.Err
		}
		names = append(names, d.Name)
	}
	return DatasetInfo{}, 0, &FormatError{File: h.name, Row: -1, Column: -1,
		Msg: fmt.Sprintf("no dataset %q in its root group, which has %s", name, visible.Names(names))}
}

// input is the bytes of a dataset.
func (h *HDF5File) input(d DatasetInfo, offset int64) *input {
	size := int64(codecs[d.Element].size)
	for _, n := range d.Shape {
		size *= int64(n) // cannot overflow: the elements lie in the file
	}
	return newInput(io.NewSectionReader(h.src, offset, size), size, h.place(d.Name))
}

// readDataset decodes all elements of a dataset of one or two dimensions.
// decode and why are as in a codec.
func readDataset[T any](
	h *HDF5File, d DatasetInfo, offset int64, decode func(dst []T, src []byte) int, why func(src []byte) string,
) ([]T, error) {
	if rank := len(d.Shape); rank != 1 && rank != 2 {
		return nil, h.errorf(d.Name, "a dataset of %d dimensions, shape %v: want 1 or 2", rank, d.Shape)
	}
	in := h.input(d, offset)
	size := codecs[d.Element].size
	if in.size/int64(size) > math.MaxInt {
		return nil, h.errorf(d.Name, "shape %v is more than this machine can count", d.Shape)
	}
	values := make([]T, in.size/int64(size))
	for rest := values; len(rest) > 0; {
		n := min(len(rest), in.Size()/size)
		b, err := in.peek(n * size)
		if err != nil {
			return nil, err
		}
		done := len(values) - len(rest)
		if len(b) < n*size {
			return nil, h.errorf(d.Name, "the file ends within the dataset: %d of its %d elements are there",
				done+len(b)/size, len(values))
		}
		if bad := decode(rest[:n], b); bad >= 0 {
			row, column := done+bad, -1
			if len(d.Shape) == 2 {
				row, column = row/d.Shape[1], row%d.Shape[1]
			}
			return nil, in.errorf(int64(row), column, "%s", why(b[bad*size:]))
		}
		in.skip(n * size)
		rest = rest[n:]
	}
	return values, nil
}
