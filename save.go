package annoy

import (
	"errors"
	"fmt"
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
// index, perhaps without a sidecar that belongs to it. Open ignores one that does not.
//
// Warnings tells afterwards of two cases. Where path.meta is no sidecar, or cannot be written, the index is saved without one:
// nothing but a sidecar is replaced. Where the folder does not let the file be replaced, but the file can be written, it is
// overwritten in place: the new bytes are copied from a temporary file in os.TempDir. An index that has the old file open
// may then answer wrongly, and a crash during the copy leaves a file that is neither.
//
// Errors: those of the file system, ErrClosed, ErrCorrupt (the source was cut short), ErrOption (no name, or that of another
// kind).
func (ix *Index) Save(path string) (err error) {
	if err := checkName(path, ix.Kind()); err != nil {
		return err
	}
	prev, err := ix.begin()
	if err != nil {
		return err
	}
	defer ix.end(prev, &err)
	var warnings []string
	defer func() { ix.warnings.Store(&warnings) }()
	return ix.backend.save(path, collect(&warnings))
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
	var warnings []string
	defer func() { ix.warnings.Store(&warnings) }()
	return saveImage(path, im, ix.metric, f.seed, collect(&warnings))
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

func saveImage(path string, im *annfile.Image, m Metric, seed uint64, warn func(string)) error {
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
	saved, err := commitDescribed(f, &meta, warn)
	if saved != nil {
		_ = saved.Close() // only to be read
	}
	return err
}

// commitDescribed gives an index file its name, and beside it a sidecar of meta, whose checksum of the tail is filled in.
// Where there can be no sidecar, the index is committed alone and warn is told. See commitPair for the result.
func commitDescribed(index *atomicfile.File, meta *sidecar.Meta, warn func(string)) (*os.File, error) {
	tail, err := sidecar.TailOf(index, meta.Size)
	if err != nil {
		return nil, err
	}
	meta.TailCRC = sidecar.CRC(0, tail)
	side, err := sidecar.Create(index.Path(), *meta)
	if errors.Is(err, sidecar.ErrInTheWay) {
		tell(warn, err.Error())
	} else if err != nil {
		return nil, err
	} else {
		defer side.Abort()
	}
	f, err := commitPair(index, side)
	tellInPlace(warn, index)
	return f, err
}

// commitPair gives an index file and its sidecar, unless that is nil, their names, one right after the other: what takes
// long or is likely to fail, bringing the bytes to the disk, comes before both. It returns the index file open for reading;
// where it returns none, the file has not got its name and is as before. The sidecar's Commit syncs the directory for both.
func commitPair(index, side *atomicfile.File) (*os.File, error) {
	if side != nil {
		if err := side.Settle(); err != nil {
			return nil, err
		}
	}
	f, err := index.Publish()
	if err != nil {
		return nil, err
	}
	if side == nil {
		return f, index.SyncDir()
	}
	return f, side.Commit()
}

// tell passes a warning on, where there is somebody to tell.
func tell(warn func(string), text string) {
	if warn != nil {
		warn(text)
	}
}

// tellInPlace warns where a committed file was overwritten.
func tellInPlace(warn func(string), f *atomicfile.File) {
	if f.InPlace() {
		tell(warn, fmt.Sprintf("%s was overwritten in place, because its folder does not let it be replaced: "+
			"an index that has the old file open may now answer wrongly", f.Path()))
	}
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
