package annoy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/internal/mmap"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// diskItems is the itemStore of a builder with OnDisk: items are written to the temporary
// file that becomes the index. Nothing is ever mapped for writing; while trees are built the items are
// mapped for reading, and the system may drop their pages from memory at any time. The index that a build
// made keeps the items: the next Add or build copies them to a new temporary file.
type diskItems struct {
	layout annfile.Layout
	path   string
	warn   func(string)
	file   *atomicfile.File // nil when the last build took it: the items are then in kept
	kept   *os.File         // the index of the last build, whatever lies at path now; nil while there is a file
	n      int
	buf    []byte // the items from first on, in a row, not yet written
	first  int
}

const diskBuffer = 1 << 20

func newDiskItems(l annfile.Layout, path string, warn func(string)) (*diskItems, error) {
	if err := checkName(path, Forest); err != nil {
		return nil, err
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &diskItems{layout: l, path: path, warn: warn, file: f}, nil
}

func (s *diskItems) len() int64 { return int64(s.n) }

func (s *diskItems) put(id int64, node []byte) error {
	if err := checkForestID(id); err != nil {
		return err
	}
	if gap := (id - int64(s.n)) * int64(s.layout.Size); gap > holesWorthWarning && s.warn != nil {
		s.warn(fmt.Sprintf("id %d leaves %d ids before it without an item; a forest stores them all, %d bytes", id, id-int64(s.n), gap))
	}
	if err := s.reopen(context.Background()); err != nil {
		return err
	}
	if int(id) != s.first+len(s.buf)/len(node) || len(s.buf) >= diskBuffer {
		if err := s.flush(); err != nil {
			return err
		}
		s.first = int(id)
	}
	s.buf = append(s.buf, node...)
	s.n = max(s.n, int(id)+1)
	return nil
}

// flush writes the buffer. What was not written stays in it: when the disk has room again, the next call writes it.
func (s *diskItems) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	if _, err := s.file.WriteAt(s.buf, int64(s.first)*int64(s.layout.Size)); err != nil {
		return fmt.Errorf("annoy: cannot write the items from id %d on: %w", s.first, err)
	}
	s.buf = s.buf[:0]
	return nil
}

func (s *diskItems) get(id int64, node []byte) error {
	if id < 0 || id >= int64(s.n) {
		return noItem(id, s.n)
	}
	if err := s.read(id, node); err != nil {
		return err
	}
	if s.layout.Descendants(unsafe.Pointer(&node[0])) != 1 {
		return noItem(id, s.n)
	}
	return nil
}

func (s *diskItems) read(id int64, node []byte) error {
	at := id * int64(s.layout.Size)
	if s.file == nil {
		if _, err := s.kept.ReadAt(node, at); err != nil {
			return inFile(err, s.path) // the file itself still goes by its temporary name
		}
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	_, err := s.file.ReadAt(node, at)
	return err
}

func (s *diskItems) abort() {
	if s.file != nil {
		s.file.Abort()
	}
	s.release()
}

// release gives up the index of the last build.
func (s *diskItems) release() {
	if s.kept != nil {
		_ = s.kept.Close() // only read
		s.kept = nil
	}
}

// copyBlock is how much is copied between two looks at the context.
const copyBlock = 64 << 20

// reopen starts a new temporary file with the items of the index that the last build made of the old one.
func (s *diskItems) reopen(ctx context.Context) error {
	if s.file != nil {
		return nil
	}
	f, err := atomicfile.Create(s.path)
	if err != nil {
		return err
	}
	if err := s.copyKept(ctx, f.File); err != nil {
		f.Abort()
		return fmt.Errorf("annoy: cannot copy the items of %s: %w", s.path, err)
	}
	s.file = f
	s.release()
	return nil
}

// copyKept writes the items to f. The files are passed as they are: systems that can copy within the kernel do.
func (s *diskItems) copyKept(ctx context.Context, f *os.File) error {
	if _, err := s.kept.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for rest := s.size(); rest > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.CopyN(f, s.kept, min(rest, copyBlock))
		if err != nil {
			return err
		}
		rest -= n
	}
	return nil
}

func (s *diskItems) size() int64 { return int64(s.n) * int64(s.layout.Size) }

func (s *diskItems) buildForest(ctx context.Context, job *treeJob) (_ *Index, err error) {
	if err := s.reopen(ctx); err != nil {
		return nil, err
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	defer func() {
		if err == nil || s.file == nil {
			return
		}
		// What was appended goes: items added later may leave holes there.
		if e := s.file.Truncate(s.size()); e != nil {
			err = errors.Join(err, e)
		}
	}()
	maxNorm, err := s.extend(ctx, job)
	if err != nil {
		return nil, err
	}
	meta, err := s.appendTrees(ctx, job, maxNorm)
	if err != nil {
		return nil, err
	}
	if err := s.commit(&meta); err != nil {
		return nil, err
	}
	ix, err := openBuilt(s.kept, &meta)
	if err != nil {
		return nil, inFile(err, s.path)
	}
	return ix, nil
}

func (s *diskItems) buildCanopy(context.Context, *canopyJob) (*Index, error) {
	return nil, optionError("Kind canopy with OnDisk %s, which is the name of a forest: use .canopy", s.path)
}

// commit gives the file and its sidecar their names.
func (s *diskItems) commit(meta *sidecar.Meta) error {
	return s.published(commitDescribed(s.file, meta, s.warn))
}

// published keeps the items within reach whatever a commit brought: in file, or else in kept.
func (s *diskItems) published(kept *os.File, err error) error {
	if kept != nil {
		s.file, s.kept = nil, kept
	}
	return err
}

// appendTrees builds the trees behind the items and describes the file that results, less the checksum of its tail.
func (s *diskItems) appendTrees(ctx context.Context, job *treeJob, maxNorm float32) (meta sidecar.Meta, err error) {
	m, err := mmap.OpenFile(s.file.File, mmap.Options{})
	if err != nil {
		return meta, err
	}
	defer m.Close()
	var crc uint32
	err = guarded(m.Bytes(), func() (err error) {
		crc, err = continueCRC(ctx, 0, m.Bytes(), func(int) {})
		return err
	})
	if err != nil {
		return meta, err
	}
	size := s.size()
	trees, err := job.run(ctx, m.Bytes(), maxNorm, func(nodes []byte) error {
		crc = sidecar.CRC(crc, nodes)
		_, err := s.file.WriteAt(nodes, size)
		size += int64(len(nodes))
		return err
	})
	meta = job.describe(s.n, trees, size)
	meta.CRC = crc
	return meta, err
}

// extend gives dot items their extra component, in two passes over the file, and returns the largest norm.
func (s *diskItems) extend(ctx context.Context, job *treeJob) (float32, error) {
	if job.metric != Dot {
		return 0, nil
	}
	var largest float32
	err := s.eachBlock(ctx, func(nodes []byte) bool {
		largest = maxNormSquared(&s.layout, nodes, largest)
		return false
	})
	if err != nil {
		return 0, err
	}
	return sqrt32(largest), s.eachBlock(ctx, func(nodes []byte) bool {
		setFactors(&s.layout, nodes, largest)
		return true
	})
}

// eachBlock reads the items a block at a time, and writes a block back where do tells that it changed it.
func (s *diskItems) eachBlock(ctx context.Context, do func(nodes []byte) bool) error {
	size := int64(s.layout.Size)
	buf := alignedBytes(int(min(blockItems, max(1, diskBuffer/size)) * size))
	for at := int64(0); at < s.size(); at += int64(len(buf)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buf[:min(int64(len(buf)), s.size()-at)]
		if _, err := s.file.ReadAt(part, at); err != nil {
			return err
		}
		if do(part) {
			if _, err := s.file.WriteAt(part, at); err != nil {
				return err
			}
		}
	}
	return nil
}
