// Package zstd reads text that is compressed with zstd for package vecio. It
// stands apart for the library that it links, github.com/klauspost/compress.
//
//	r, err := vecio.Open("docs.jsonl.zst", &vecio.ReadOptions{Zstd: zstd.Unpack})
package zstd

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is how far back a compressed file may refer: what zstd itself takes
// without being told, and enough for all of its levels.
const maxWindow = 128 << 20

// Unpack returns the contents of src, which is compressed with zstd: one frame
// after another, with their checksums. It is for vecio.ReadOptions. It holds as
// much as the file refers back to, 8 MiB for levels up to 19 and never more than
// some 128 MiB. No goroutine is started, and nothing has to be closed.
func Unpack(src io.Reader) (io.Reader, error) {
	d, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("annoy: %w", err)
	}
	return d, nil
}
