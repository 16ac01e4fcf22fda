package canopy

import (
	"fmt"
	"io"
	"unsafe"

	"github.com/annoy-go/annoy/internal/mmap"
)

// Output is where a file is written: memory, or a temporary file.
type Output interface {
	io.WriterAt
	// Resize sets the length, once, before anything is written. Bytes that are never written are 0.
	Resize(n int64) error
	// View is the bytes themselves where they are in memory, to be filled in place; nil elsewhere.
	View(offset, n int64) []byte
}

// Memory is an Output of bytes at a multiple of 64.
type Memory struct{ b []byte }

// ErrMemory is returned where the system has no memory for so many bytes.
type ErrMemory int64

func (e ErrMemory) Error() string {
	return fmt.Sprintf("annoy: not enough memory: the index takes %d bytes", int64(e))
}

// Resize allocates the bytes. The error is an ErrMemory.
func (m *Memory) Resize(n int64) error {
	if !mmap.CanReserve(n + alignment) {
		return ErrMemory(n)
	}
	m.b = aligned(int(n))
	mmap.AdviseHuge(m.b)
	return nil
}

// WriteAt copies p to offset.
func (m *Memory) WriteAt(p []byte, offset int64) (int, error) {
	if offset < 0 || offset > int64(len(m.b)) || len(p) > len(m.b)-int(offset) {
		return 0, io.ErrShortWrite
	}
	return copy(m.b[offset:], p), nil
}

// View is n bytes from offset on.
func (m *Memory) View(offset, n int64) []byte { return m.b[offset:][:n:n] }

// Bytes is all that was written, at a multiple of 64.
func (m *Memory) Bytes() []byte { return m.b }

// aligned is n zero bytes at a multiple of 64.
func aligned(n int) []byte {
	b := make([]byte, n+alignment-1)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (alignment - 1))
	return b[skip:][:n:n]
}

// Disk is an Output to a file that nobody else knows yet.
type Disk struct {
	File interface {
		io.WriterAt
		Truncate(size int64) error
	}
}

// Resize sets the length of the file, which is empty.
func (d Disk) Resize(n int64) error { return d.File.Truncate(n) }

// WriteAt writes to the file.
func (d Disk) WriteAt(p []byte, offset int64) (int, error) { return d.File.WriteAt(p, offset) }

// View is nil: a file is never mapped for writing.
func (d Disk) View(int64, int64) []byte { return nil }
