package annoy

import (
	"io"
	"os"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/internal/mmap"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// Save writes the index to path: a canopy to a name that ends in .canopy, a forest to any other, as Annoy 1.17.3 loads it,
// with the sidecar path.meta. What is written is on the disk before the file at path is replaced in one step, and then the
// sidecar in another; processes that have the old file mapped keep it. A symbolic link is itself replaced. On an error path
// is as it was, unless the last step failed, which gives the sidecar its name and syncs the directory: path is then the new
// index, perhaps without a sidecar that belongs to it. Open ignores one that does not. Errors: those of the file system, ErrClosed, ErrCorrupt (the source was cut short),
// ErrOption (no name, or that of another kind).
func (ix *Index) Save(path string) (err error) {
	if err := checkName(path, ix.Kind()); err != nil {
		return err
	}
	prev, err := ix.begin()
	if err != nil {
		return err
	}
	defer ix.end(prev, &err)
	return ix.backend.save(path)
}

// SaveDialect is Save of a dot index in the other layout or its own: the same
// trees, except that leaves are split or merged where the other layout's hold fewer or more ids. ErrOption for other metrics.
func (ix *Index) SaveDialect(path string, d DotDialect) (err error) {
	f, ok := ix.backend.(*forestIndex)
	if !ok || ix.metric != Dot || d > DotMain {
		return optionError("dialect %v of a %s index, which is a %v", d, ix.metric, ix.Kind())
	}
	if err := checkName(path, Forest); err != nil {
		return err
	}
	prev, err := ix.begin()
	if err != nil {
		return err
	}
	defer ix.end(prev, &err)
	im := f.im
	if d.stored() != im.Dialect {
		if need := im.ConvertedSize(); !mmap.CanReserve(need) {
			return fail(ErrMemory, "a copy in the other dialect takes %d bytes", need)
		}
		if im, err = annfile.Convert(im, d.stored()); err != nil {
			return err
		}
	}
	return saveImage(path, im, ix.metric, f.seed)
}

// WriteTo writes the bytes of the file. Errors: w's, ErrClosed, ErrCorrupt.
func (ix *Index) WriteTo(w io.Writer) (n int64, err error) {
	prev, err := ix.begin()
	if err != nil {
		return 0, err
	}
	defer ix.end(prev, &err)
	return ix.backend.writeTo(w)
}

func saveImage(path string, im *annfile.Image, m Metric, seed uint64) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	items, trees := im.Bytes()
	meta := describe(im, m, seed)
	for _, part := range [][]byte{items, trees} {
		if _, err := writeCopies(f, part, &meta.CRC); err != nil {
			return err
		}
	}
	tail, err := sidecar.TailOf(f, meta.Size)
	if err != nil {
		return err
	}
	meta.TailCRC = sidecar.CRC(0, tail)
	side, err := sidecar.Create(path, meta)
	if err != nil {
		return err
	}
	defer side.Abort()
	saved, err := commitPair(f, side)
	if saved != nil {
		_ = saved.Close() // only to be read
	}
	return err
}

// commitPair gives an index file and its sidecar their names, one right after the other: what takes long or is likely
// to fail, bringing the bytes to the disk, comes before both. It returns the index file open for reading; where it
// returns none, the file has not got its name and is as before. The sidecar's Commit syncs the directory for both.
func commitPair(index, side *atomicfile.File) (*os.File, error) {
	if err := side.Settle(); err != nil {
		return nil, err
	}
	f, err := index.Publish()
	if err != nil {
		return nil, err
	}
	return f, side.Commit()
}

// writeBlock keeps one write, and the page faults of a mapped source within it, small.
const writeBlock = 4 << 20

// writeCopies writes data, a copied block at a time, and continues the CRC of the file with it unless crc is nil. A
// fault of mapped memory is then met by the copy, where the guard sees it, and not by a write, which the
// kernel reports as a bad address, or by whatever goroutine w hands the bytes to.
func writeCopies(w io.Writer, data []byte, crc *uint32) (n int64, err error) {
	buf := make([]byte, min(len(data), writeBlock))
	for len(data) > 0 {
		block := buf[:copy(buf, data)]
		if crc != nil {
			*crc = sidecar.CRC(*crc, block)
		}
		k, err := w.Write(block)
		n += int64(k)
		if err == nil && k < len(block) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return n, err
		}
		data = data[len(block):]
	}
	return n, nil
}

// describe is the sidecar of an image, less the checksums.
func describe(im *annfile.Image, m Metric, seed uint64) sidecar.Meta {
	job := treeJob{metric: m, layout: im.Layout, opts: BuildOptions{Seed: seed}}
	return job.describe(im.NItems, im.Trees, int64(im.NNodes)*int64(im.Size))
}

// describe is the sidecar of what the job builds, less the checksums.
func (job *treeJob) describe(items, trees int, size int64) sidecar.Meta {
	meta := sidecar.Meta{
		Metric: job.metric.String(), Dim: job.layout.Dim, Items: items, Trees: trees, Seed: job.opts.Seed, Size: size,
	}
	if job.metric == Dot {
		meta.DotDialect = dialectOf(&job.layout).String()
	}
	return meta
}

func dialectOf(l *annfile.Layout) DotDialect {
	if l.Dialect == annfile.Main {
		return DotMain
	}
	return DotReleased
}
