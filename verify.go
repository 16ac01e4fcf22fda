package annoy

import (
	"context"

	"github.com/annoy-go/annoy/internal/sidecar"
)

// VerifyOptions configure VerifyWith.
type VerifyOptions struct {
	// Progress, when set, is told how far the check is, from the goroutine that called, at most some hundred times. It must not
	// close the index.
	Progress func(Progress)
}

// Verify proves the whole index: every item, every tree, and, where there is a
// sidecar, the checksum of all bytes. It reads the whole file. Errors: ErrCorrupt with the
// offset of the first fault, ErrClosed, or the context's.
func (ix *Index) Verify(ctx context.Context) error { return ix.VerifyWith(ctx, nil) }

// VerifyWith is Verify with options; nil options are the defaults.
func (ix *Index) VerifyWith(ctx context.Context, o *VerifyOptions) (err error) {
	prev, err := ix.begin()
	if err != nil {
		return err
	}
	defer ix.end(prev, &err)
	var tell func(Progress)
	if o != nil {
		tell = o.Progress
	}
	return ix.backend.verify(ctx, tell)
}

// crcBlock is how much a checksum goes over between two looks at the context.
const crcBlock = 1 << 20

// continueCRC is sidecar.CRC for much data: it looks at ctx and tells of every block done.
func continueCRC(ctx context.Context, crc uint32, data []byte, done func(n int)) (uint32, error) {
	for len(data) > 0 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n := min(len(data), crcBlock)
		crc, data = sidecar.CRC(crc, data[:n]), data[n:]
		done(n)
	}
	return crc, ctx.Err()
}
