package parquet

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// Most that a byte of these can stand for: an element of two bytes for 64 in
// snappy, and a byte of length for 255 in lz4.
const (
	snappyRatio = 64
	lz4Ratio    = 256
	// zstdWindow is what a zstd frame may keep; levels up to 22 want 128 MiB.
	zstdWindow = 128 << 20
)

// decompressor decompresses pages without allocating more than they hold.
type decompressor struct {
	codec format.CompressionCodec
	zstd  *zstd.Decoder
}

// reset chooses the codec.
func (d *decompressor) reset(c format.CompressionCodec) error {
	switch c {
	case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd, format.Lz4Raw:
		d.codec = c
		return nil
	}
	return fmt.Errorf("compression %v is not read: want SNAPPY, GZIP, BROTLI, ZSTD or LZ4_RAW", c)
}

// decode appends src decompressed to dst, which is empty; it must give exactly
// size bytes. The result never shares memory with src.
func (d *decompressor) decode(dst, src []byte, size int) ([]byte, error) {
	switch {
	case d.codec == format.Uncompressed:
		if len(src) != size {
			return nil, fmt.Errorf("an uncompressed page of %d bytes whose header says %d", len(src), size)
		}
		return append(dst, src...), nil
	case size == 0:
		return dst, nil // nothing, however it is written
	}
	var r io.Reader
	var err error
	switch d.codec {
	case format.Snappy:
		if n, err := snappy.DecodedLen(src); err != nil || n != size || size > snappyRatio*len(src) {
			return nil, damaged(d.codec, err)
		}
		dst, err = snappy.Decode(slices.Grow(dst, size)[:size], src)
		return checkSize(d.codec, dst, size, err)
	case format.Lz4Raw:
		if size > lz4Ratio*len(src) {
			return nil, damaged(d.codec, nil)
		}
		dst = slices.Grow(dst, size)[:size]
		n, err := lz4.UncompressBlock(src, dst)
		return checkSize(d.codec, dst[:max(n, 0)], size, err)
	case format.Gzip:
		r, err = gzip.NewReader(bytes.NewReader(src))
	case format.Brotli:
		r = brotli.NewReader(bytes.NewReader(src))
	case format.Zstd:
		if d.zstd == nil {
			d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(zstdWindow))
		}
		if err == nil {
			err = d.zstd.Reset(bytes.NewReader(src))
		}
		r = d.zstd
	}
	if err != nil {
		return nil, damaged(d.codec, err)
	}
	// The buffer grows with what comes, not with what is announced; one byte
	// more shows a page that is too long.
	b := bytes.NewBuffer(dst)
	_, err = b.ReadFrom(io.LimitReader(r, int64(size)+1))
	return checkSize(d.codec, b.Bytes(), size, err)
}

func checkSize(c format.CompressionCodec, b []byte, size int, err error) ([]byte, error) {
	if err == nil && len(b) != size {
		err = fmt.Errorf("its header says %d bytes, %d came", size, len(b))
	}
	if err != nil {
		return nil, damaged(c, err)
	}
	return b, nil
}

func damaged(c format.CompressionCodec, err error) error {
	if err == nil {
		err = errors.New("its size is not what the header says")
	}
	return fmt.Errorf("decompressing a page (%v): %w", c, err)
}
