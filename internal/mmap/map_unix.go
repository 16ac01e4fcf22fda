//go:build unix

package mmap

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int, o Options) (*Map, error) {
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if errors.Is(err, unix.ENODEV) {
		return readFile(f, size) // a file system without mappings
	}
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	m := &Map{data: data, mapped: true}
	// Advice that the system does not know is no reason to fail.
	switch o.Advice {
	case Random:
		_ = unix.Madvise(data, unix.MADV_RANDOM)
	case Sequential:
		_ = unix.Madvise(data, unix.MADV_SEQUENTIAL)
	case WillNeed:
		_ = unix.Madvise(data, unix.MADV_WILLNEED)
	}
	if o.Prefault {
		if err := prefault(data); err != nil {
			return nil, errors.Join(err, m.Close())
		}
	}
	return m, nil
}

// readResident reads the file into memory of the system's, which is not the garbage collector's and begins at a page.
func readResident(f *os.File, size int, _ Options) (*Map, error) {
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	m := &Map{data: data, pages: true}
	AdviseHuge(data)
	if err := fill(data, f); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if err := unix.Mprotect(data, unix.PROT_READ); err != nil {
		return nil, errors.Join(os.NewSyscallError("mprotect", err), m.Close())
	}
	return m, nil
}

// ReadAhead asks the system to read a part of a mapping in the background.
func ReadAhead(part []byte) { advise(part, unix.MADV_WILLNEED) }

// Scatter says that the pages of a mapping will be read in no order: a fault then reads one page, and not those around it too.
func Scatter(data []byte) { advise(data, unix.MADV_RANDOM) }

// advise gives a hint about the pages that hold a part of a mapping.
func advise(part []byte, advice int) {
	if len(part) == 0 {
		return
	}
	start := unsafe.Pointer(unsafe.SliceData(part))
	before := int(uintptr(start) % uintptr(os.Getpagesize())) // of the same mapping, which starts at a page
	_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Add(start, -before)), before+len(part)), advice)
}

func unmap(data []byte) error { return os.NewSyscallError("munmap", unix.Munmap(data)) }

// touch reads a byte of every page.
func touch(data []byte) (err error) {
	prev := debug.SetPanicOnFault(true)
	defer Recover(prev, data, &err)
	var sum byte
	for i := 0; i < len(data); i += os.Getpagesize() {
		sum += data[i]
	}
	runtime.KeepAlive(sum) // the compiler must not drop the reads
	return nil
}
