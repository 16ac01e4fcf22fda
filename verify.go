package annoy

import (
	"context"
	"fmt"

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
	steps := reporter{to: tell}
	err = ix.im.VerifyWith(ctx, func(done, total int64) {
		steps.tell(Progress{Stage: "verify", Done: done, Total: total})
	})
	if err != nil {
		return err
	}
	steps.end()
	if ix.meta == nil {
		return nil
	}
	crc, err := ix.checksum(ctx, &reporter{to: tell})
	if err != nil {
		return err
	}
	if crc != ix.meta.CRC {
		return &CorruptError{Offset: -1, Reason: fmt.Sprintf("CRC-32C of the file is %08x, its sidecar has %08x", crc, ix.meta.CRC)}
	}
	return nil
}

// checksum is the CRC-32C of all bytes.
func (ix *Index) checksum(ctx context.Context, r *reporter) (crc uint32, err error) {
	items, trees := ix.im.Bytes()
	p := Progress{Stage: "checksum", Total: int64(len(items)) + int64(len(trees))}
	for _, part := range [][]byte{items, trees} {
		crc, err = continueCRC(ctx, crc, part, func(n int) {
			p.Done += int64(n)
			r.tell(p)
		})
		if err != nil {
			return 0, err
		}
	}
	r.end()
	return crc, nil
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
