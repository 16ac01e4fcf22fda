// Package mmap maps files for reading, and turns the fault of a file that was cut short under its mapping into
// an error.
//
// The Map owns the bytes: Bytes, and every slice cut from it, is valid until Close, and reading one of them
// afterwards kills the process or reads another mapping. Whoever hands such slices out must therefore hold Close
// back until the last reader is done. The bytes are read-only; writing to them faults.
//
// A mapped file can change. One replaced by a rename (package atomicfile) does not: the mapping keeps the old
// file. One rewritten in place changes under the reader, who checks what he reads and otherwise gets what is
// there. One truncated faults, and only a function that defers Recover survives that:
//
//	func (ix *Index) search() (err error) {
//		prev := debug.SetPanicOnFault(true)
//		defer mmap.Recover(prev, ix.file.Bytes(), &err)
//		…
//	}
//
// On Windows, Plan 9, js and wasip1, and where a file system cannot map, the file is read into memory instead.
package mmap

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/debug"
	"unsafe"

	"github.com/annoy-go/annoy/internal/regular"
)

// Advice tells the system in which order pages will be read. It changes speed, never results, and systems that
// have no such hint ignore it.
type Advice int

const (
	Normal     Advice = iota // the system's own read-ahead
	Random                   // no read-ahead: each fault reads one page
	Sequential               // more read-ahead, early release behind
	WillNeed                 // start to read everything now, without waiting
)

// Options says how to map. The zero value maps lazily with the system's read-ahead.
type Options struct {
	Prefault bool   // read the whole file before Open returns, so that no search waits for the disk
	Advice   Advice // order of access
	Resident bool   // a copy in memory of this process, on huge pages where there are, instead of a mapping
	KeepOpen bool   // for File: to read from the file as well
}

// Validate reports an unknown Advice.
func (o Options) Validate() error {
	if o.Advice < Normal || o.Advice > WillNeed {
		return fmt.Errorf("annoy: unknown mmap advice %d", o.Advice)
	}
	return nil
}

// A Map is a file's bytes. It is safe for concurrent reading; Close is for one caller.
type Map struct {
	data   []byte
	mapped bool     // data is a mapping of the file
	pages  bool     // data is memory of the system's, to be unmapped
	lent   bool     // data is another's
	file   *os.File // of KeepOpen
}

// Open maps the regular file at path, whole. The bytes start at an address divisible by 8 at least. An empty file has
// empty Bytes. With Prefault, or where the file is read for want of a mapping, a file that shrinks meanwhile is an
// error that matches ErrFault; with Prefault also one that the disk cannot read.
func Open(path string, o Options) (*Map, error) {
	f, size, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("annoy: cannot open: %w", err)
	}
	m, err := openSized(f, size, o)
	if err == nil && o.KeepOpen {
		m.file = f
		return m, nil
	}
	return m, errors.Join(err, f.Close())
}

// OpenFile is Open for a file that is open already. The Map does not need f any longer, and does not keep it.
func OpenFile(f *os.File, o Options) (*Map, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("annoy: cannot open: %w", err)
	}
	return openSized(f, info.Size(), o)
}

func openSized(f *os.File, size int64, o Options) (*Map, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if size > math.MaxInt {
		return nil, fmt.Errorf("annoy: cannot open %s: %d bytes do not fit the address space", f.Name(), size)
	}
	if size == 0 {
		return &Map{}, nil
	}
	read := mapFile
	if o.Resident {
		read = readResident
	}
	m, err := read(f, int(size), o)
	if err != nil {
		return nil, fmt.Errorf("annoy: cannot open %s: %w", f.Name(), err)
	}
	return m, nil
}

// Borrow makes a Map of bytes that are another's: Close leaves them as they are. mapped tells whether they are a file's mapping, which can
// fault.
func Borrow(data []byte, mapped bool) *Map { return &Map{data: data, mapped: mapped, lent: true} }

// readFile is OpenFile for want of a mapping. Wherever f's position is, it reads from the start. A file that has less than
// its size, as one that shrinks meanwhile, is a fault where it ends.
func readFile(f *os.File, size int) (*Map, error) {
	words := make([]uint64, (size+7)/8) // for the alignment
	data := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), size)
	if err := fill(data, f); err != nil {
		return nil, err
	}
	return &Map{data: data}, nil
}

// fill reads the whole file.
func fill(data []byte, f *os.File) error {
	n, err := io.ReadFull(io.NewSectionReader(f, 0, int64(len(data))), data)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return &FaultError{Offset: int64(n)}
	}
	return err
}

// Bytes returns the file's bytes, nil after Close. They are read-only.
func (m *Map) Bytes() []byte { return m.data }

// Mapped reports whether the bytes are a mapping, which shares memory with other processes and can fault, or a
// copy in memory.
func (m *Map) Mapped() bool { return m.mapped }

// File is the file where KeepOpen asked for it, else nil. It is open until Close.
func (m *Map) File() *os.File { return m.file }

// Close releases the bytes. Another Close does nothing.
func (m *Map) Close() error {
	data, pages, file := m.data, (m.mapped || m.pages) && !m.lent, m.file
	*m = Map{}
	var err error
	if pages {
		err = unmap(data)
	}
	if file != nil {
		err = errors.Join(err, file.Close())
	}
	return err
}

// ErrFault matches every error about a mapped page that could not be read: the file was cut short under its
// mapping, or the disk failed.
var ErrFault = errors.New("annoy: a page of the file cannot be read: cut short, or the disk failed")

// A FaultError is such a page fault.
type FaultError struct {
	Offset int64 // of the byte in the file, or of the start of its page where the system tells no more
}

func (e *FaultError) Error() string { return fmt.Sprintf("%v (offset %d)", ErrFault, e.Offset) }

// Unwrap returns ErrFault.
func (e *FaultError) Unwrap() error { return ErrFault }

// Recover, deferred, ends a section that reads data, a mapping or a part of one: it gives SetPanicOnFault back its
// previous value and makes of a fault inside data a *FaultError in *err, with the offset from data's start. Every
// other panic goes on unchanged, as the same value. The section must not read data from other goroutines: both the
// setting and the recovery are the goroutine's own.
//
// Without a fault it allocates nothing and costs about 10 ns together with the SetPanicOnFault before it.
func Recover(prev bool, data []byte, err *error) {
	debug.SetPanicOnFault(prev)
	if r := recover(); r != nil {
		*err = FaultIn(r, data)
	}
}

// FaultIn is what Recover makes of a recovered value, for a deferred function that has more to do: the fault
// inside data as a *FaultError. It panics with r again when that is no such fault.
func FaultIn(r any, data []byte) error {
	if fault, ok := r.(interface {
		error
		RuntimeError()
		Addr() uintptr
	}); ok {
		start := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
		if at := fault.Addr(); at >= start && at-start < uintptr(len(data)) {
			return &FaultError{Offset: int64(at - start)}
		}
	}
	panic(r)
}
