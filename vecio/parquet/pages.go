package parquet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The pages are decoded here and not by the library, which allocates what a
// damaged run of levels or a damaged lz4 block claims, up to more memory than
// there is. Here a page costs what it has in bytes. It also saves a value of 24
// bytes for each component.
// https://parquet.apache.org/docs/file-format/data-pages/

const (
	// maxPage bounds a page, compressed and not; writers make pages of about
	// 1 MiB.
	maxPage = 1 << 30
	// pageBuffer is read ahead of a page, whose header must lie within.
	pageBuffer = 64 << 10
	// plainDictionary is the name that RLE_DICTIONARY, and in a dictionary PLAIN,
	// had at first; writers still use it.
	plainDictionary format.Encoding = 2
)

// value is one value of a leaf column.
type value struct {
	repetition, definition int
	null                   bool
	bits                   uint64 // as stored; 0 for a null
}

// values streams the values of a leaf column over all row groups.
type values struct {
	leaf    *parquet.Column
	kind    format.Type // of the leaf: Float, Double, Int32, Int64 or ByteArray
	size    int         // bytes of a value, 0 for ByteArray
	present int         // definition level from which a list has an element, be it null

	src      io.ReaderAt
	fileSize int64
	chunks   []format.ColumnChunk // still to be read
	codec    decompressor
	raw      *bufio.Reader
	rest     int64    // bytes of the chunk that are still to be read
	left     int64    // values of the chunk that no page has given yet
	dict     []byte   // PLAIN
	starts   []uint32 // of the values in dict, for ByteArray
	page     []byte   // as stored
	plain    []byte   // decompressed

	n           int // values of the page still to be read
	repetitions hybrid
	definitions hybrid
	decode      func() (uint64, error)

	text    []byte // the value of a ByteArray
	current value
	loaded  bool
}

func newValues(file *parquet.File, src io.ReaderAt, leaf *parquet.Column) *values {
	v := &values{leaf: leaf, src: src, fileSize: file.Size(), raw: bufio.NewReaderSize(nil, pageBuffer)}
	v.kind, v.size = format.Type(leaf.Type().Kind()), 8
	switch v.kind {
	case format.Float, format.Int32:
		v.size = 4
	case format.ByteArray:
		v.size = 0
	}
	groups := file.Metadata().RowGroups
	for i := range groups {
		v.chunks = append(v.chunks, groups[i].Columns[leaf.Index()])
	}
	return v
}

// peek returns the next value without consuming it, io.EOF after the last. It
// is valid until the next call.
func (v *values) peek() (*value, error) {
	if v.loaded {
		return &v.current, nil
	}
	for v.n == 0 {
		err := v.nextPage()
		if err != nil {
			return nil, err
		}
	}
	v.n--
	r, err := v.repetitions.next()
	if err != nil {
		return nil, fmt.Errorf("repetition levels: %w", err)
	}
	d, err := v.definitions.next()
	if err != nil {
		return nil, fmt.Errorf("definition levels: %w", err)
	}
	maxLevel := v.leaf.MaxDefinitionLevel()
	if int(d) > maxLevel || int(r) > v.leaf.MaxRepetitionLevel() {
		return nil, fmt.Errorf("levels %d and %d are beyond %d and %d", r, d, v.leaf.MaxRepetitionLevel(), maxLevel)
	}
	v.current = value{repetition: int(r), definition: int(d), null: int(d) < maxLevel}
	if !v.current.null {
		if v.current.bits, err = v.decode(); err != nil {
			return nil, err
		}
	}
	v.loaded = true
	return &v.current, nil
}

func (v *values) advance() { v.loaded = false }

// nextPage goes on to the next page with values, of this chunk or the next.
func (v *values) nextPage() error {
	for v.left == 0 {
		if len(v.chunks) == 0 {
			return io.EOF
		}
		c := &v.chunks[0]
		v.chunks = v.chunks[1:]
		if err := v.beginChunk(c); err != nil {
			return err
		}
	}
	var header format.PageHeader
	if err := v.readHeader(&header); err != nil {
		return err
	}
	size := header.CompressedPageSize
	if size < 0 || int64(size) > v.rest || size > maxPage || header.UncompressedPageSize < 0 || header.UncompressedPageSize > maxPage {
		return fmt.Errorf("a page of %d bytes, %d when decompressed, where its column has %d", size, header.UncompressedPageSize, v.rest)
	}
	v.page = slices.Grow(v.page[:0], int(size))[:size]
	if _, err := io.ReadFull(v.raw, v.page); err != nil {
		return fmt.Errorf("reading a page: %w", noEOF(err))
	}
	v.rest -= int64(size)
	if crc := uint32(header.CRC); crc != 0 && crc != crc32.ChecksumIEEE(v.page) {
		return errors.New("the checksum of a page is wrong")
	}
	switch header.Type {
	case format.DictionaryPage:
		return v.dictionary(&header)
	case format.DataPage:
		return v.dataPage1(&header.DataPageHeader.V, int(header.UncompressedPageSize))
	case format.DataPageV2:
		return v.dataPage2(&header.DataPageHeaderV2.V, int(header.UncompressedPageSize))
	}
	return nil // other pages can be skipped
}

func (v *values) beginChunk(c *format.ColumnChunk) error {
	m := &c.MetaData
	start := m.DataPageOffset
	if m.DictionaryPageOffset > 0 && m.DictionaryPageOffset < start {
		start = m.DictionaryPageOffset
	}
	switch {
	case c.FilePath != "":
		return fmt.Errorf("its values are in another file, %q: not read", c.FilePath)
	case m.Type != v.kind:
		return fmt.Errorf("a row group has values of %v where the schema says %v", m.Type, v.kind)
	case start < 0 || m.TotalCompressedSize < 0 || start > v.fileSize || m.TotalCompressedSize > v.fileSize-start || m.NumValues < 0:
		return fmt.Errorf("a row group says %d values in %d bytes from %d on, in a file of %d", m.NumValues, m.TotalCompressedSize, start, v.fileSize)
	}
	if err := v.codec.reset(m.Codec); err != nil {
		return err
	}
	v.raw.Reset(io.NewSectionReader(v.src, start, m.TotalCompressedSize))
	v.rest, v.left, v.dict, v.starts = m.TotalCompressedSize, m.NumValues, nil, nil
	return nil
}

func (v *values) readHeader(h *format.PageHeader) error {
	b, err := v.raw.Peek(pageBuffer)
	if err != nil && err != io.EOF {
		return err
	}
	if len(b) == 0 {
		return fmt.Errorf("the pages of a row group end %d values too early", v.left)
	}
	r := new(thrift.CompactProtocol).NewReaderFromBytes(b)
	if err := thrift.NewDecoder(r).Decode(h); err != nil {
		return fmt.Errorf("the header of a page: %w", err)
	}
	n := len(b)
	if counter, ok := r.(interface{ BytesRead() int }); ok {
		n = counter.BytesRead()
	}
	if _, err = v.raw.Discard(n); err != nil {
		return err
	}
	v.rest -= int64(n)
	return nil
}

// dictionary keeps the values that indexes of the next pages stand for.
func (v *values) dictionary(h *format.PageHeader) error {
	d := &h.DictionaryPageHeader.V
	if d.Encoding != format.Plain && d.Encoding != plainDictionary {
		return fmt.Errorf("a dictionary in encoding %v is not read", d.Encoding)
	}
	plain, err := v.codec.decode(nil, v.page, int(h.UncompressedPageSize))
	if err != nil {
		return err
	}
	if v.kind == format.ByteArray {
		return v.textDictionary(plain, d.NumValues)
	}
	if d.NumValues < 0 || int64(d.NumValues)*int64(v.size) > int64(len(plain)) {
		return fmt.Errorf("a dictionary of %d values in %d bytes", d.NumValues, len(plain))
	}
	v.dict = plain[:int(d.NumValues)*v.size]
	return nil
}

// dataPage1 begins a page whose levels and values are compressed as one.
func (v *values) dataPage1(h *format.DataPageHeader, size int) (err error) {
	if v.plain, err = v.codec.decode(v.plain[:0], v.page, size); err != nil {
		return err
	}
	rest := v.plain
	levels := func(most int, e format.Encoding) (h hybrid, err error) {
		if most == 0 {
			return hybrid{}, nil
		}
		if e != format.RLE {
			return h, fmt.Errorf("levels in encoding %v are not read", e)
		}
		if len(rest) < 4 || uint64(binary.LittleEndian.Uint32(rest)) > uint64(len(rest)-4) {
			return h, errors.New("a page ends within its levels")
		}
		n := int(binary.LittleEndian.Uint32(rest))
		h = hybrid{b: rest[4 : 4+n], width: uint(bits.Len(uint(most)))}
		rest = rest[4+n:]
		return h, nil
	}
	if v.repetitions, err = levels(v.leaf.MaxRepetitionLevel(), h.RepetitionLevelEncoding); err != nil {
		return err
	}
	if v.definitions, err = levels(v.leaf.MaxDefinitionLevel(), h.DefinitionLevelEncoding); err != nil {
		return err
	}
	return v.beginValues(h.NumValues, h.Encoding, rest)
}

// dataPage2 begins a page whose levels stand uncompressed before its values.
func (v *values) dataPage2(h *format.DataPageHeaderV2, size int) (err error) {
	r, d := int(h.RepetitionLevelsByteLength), int(h.DefinitionLevelsByteLength)
	if r < 0 || d < 0 || r > len(v.page) || d > len(v.page)-r || r+d > size {
		return fmt.Errorf("levels of %d and %d bytes in a page of %d", r, d, len(v.page))
	}
	v.repetitions = hybrid{b: v.page[:r], width: uint(bits.Len(uint(v.leaf.MaxRepetitionLevel())))}
	v.definitions = hybrid{b: v.page[r : r+d], width: uint(bits.Len(uint(v.leaf.MaxDefinitionLevel())))}
	rest := v.page[r+d:]
	if !h.IsCompressed.Valid || h.IsCompressed.V {
		if v.plain, err = v.codec.decode(v.plain[:0], rest, size-r-d); err != nil {
			return err
		}
		rest = v.plain
	}
	return v.beginValues(h.NumValues, h.Encoding, rest)
}

// beginValues begins n values, nulls included, of which b holds those that are
// not null.
func (v *values) beginValues(n int32, e format.Encoding, b []byte) error {
	if n < 0 || int64(n) > v.left {
		return fmt.Errorf("a page of %d values where its row group has %d left", n, v.left)
	}
	if v.kind == format.ByteArray {
		if err := v.beginText(e, b); err != nil {
			return err
		}
		v.n = int(n)
		v.left -= int64(n)
		return nil
	}
	switch e {
	case format.Plain:
		v.decode = func() (uint64, error) {
			if len(b) < v.size {
				return 0, errors.New("a page ends before its last value")
			}
			x := v.load(b)
			b = b[v.size:]
			return x, nil
		}
	case plainDictionary, format.RLEDictionary:
		index, err := v.indexes(b, len(v.dict)/v.size)
		if err != nil {
			return err
		}
		v.decode = func() (uint64, error) {
			i, err := index()
			if err != nil {
				return 0, err
			}
			return v.load(v.dict[int(i)*v.size:]), nil
		}
	case format.ByteStreamSplit:
		stride, i := len(b)/v.size, 0
		v.decode = func() (uint64, error) {
			if i >= stride {
				return 0, errors.New("a page ends before its last value")
			}
			var x uint64
			for k := range v.size {
				x |= uint64(b[k*stride+i]) << (8 * k)
			}
			i++
			return x, nil
		}
	default:
		return fmt.Errorf("encoding %v is not read: want PLAIN, RLE_DICTIONARY or BYTE_STREAM_SPLIT", e)
	}
	v.n = int(n)
	v.left -= int64(n)
	return nil
}

func (v *values) load(b []byte) uint64 {
	if v.size == 4 {
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// float is the value of a FLOAT or DOUBLE column.
func (v *values) float(x *value) float64 {
	if v.kind == format.Float {
		return float64(math.Float32frombits(uint32(x.bits)))
	}
	return math.Float64frombits(x.bits)
}

// int is the value of an INT32 or INT64 column.
func (v *values) int(x *value) int64 {
	if v.kind == format.Int32 {
		return int64(int32(x.bits))
	}
	return int64(x.bits)
}

// noEOF makes the end of a file an error where more is due.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
