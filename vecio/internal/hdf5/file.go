// Package hdf5 finds the datasets in the root group of an HDF5 file whose
// elements lie in one piece, and where: the part of the format that h5py
// writes unless it is asked for more. Nothing is ever written.
//
// Source: HDF5 File Format Specification Version 3.0,
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
//
//	superblock   versions 0, 2, 3, with 8-byte offsets and lengths, at 0 or behind a user block
//	group        symbol table (B-tree version 1, local heap), or link messages in the header
//	header       versions 1 and 2, checksums verified
//	dataset      contiguous or compact; little-endian IEEE floats, and integers of full width
//	attribute    of the root group: one string, of fixed or variable length
//
// All else is refused by name: for the file when the group itself cannot be
// listed, for the one dataset otherwise.
//
// # Hostile files
//
// Every address and length is checked against the file before it is used.
// Metadata is read through a budget of bytes ([maxMetadata], and a few times
// the file's own size), which bounds memory, and time as well, since no walk
// goes on without reading: a loop of addresses ends when it is spent.
package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Error says what is malformed in a file, or what it holds that is not read.
// Open's other errors are those of the source.
type Error struct{ text string }

func (e *Error) Error() string { return e.text }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// File is what the root group holds.
type File struct {
	Datasets   []Dataset         // in the order of the group, which is by name in files of symbol tables
	Attributes map[string]string // those that are one string
}

const (
	signature = "\x89HDF\r\n\x1a\n"
	// undefined is the address of what was never allocated.
	undefined = ^uint64(0)
	// maxMetadata is how many bytes are read at most to open a file: thousands
	// of datasets, while that of ann-benchmarks has four.
	maxMetadata = 16 << 20
	// readCost is added to the bytes of each read when it is counted, so that
	// reads of no bytes end too.
	readCost = 16
)

// file is the metadata under the parsers.
type file struct {
	src    io.ReaderAt
	size   int64 // of the file
	base   int64 // what addresses count from
	budget int64 // bytes of metadata that may still be read
	// checksums says whether wrong ones are refused. Only a fuzz test wants them
	// accepted, to reach what lies behind.
	checksums bool
}

// Open reads the root group of the file of that many bytes. src is not used
// after it returns.
func Open(src io.ReaderAt, size int64) (*File, error) { return open(src, size, true) }

func open(src io.ReaderAt, size int64, checksums bool) (*File, error) {
	f := &file{src: src, size: size, budget: min(maxMetadata, 4*size+4096), checksums: checksums}
	root, err := f.superblock()
	if err != nil {
		return nil, err
	}
	messages, err := f.header(root)
	if err != nil {
		return nil, fmt.Errorf("root group: %w", err)
	}
	links, err := f.links(messages)
	if err != nil {
		return nil, fmt.Errorf("root group: %w", err)
	}
	out := &File{}
	for _, l := range links {
		m, err := f.header(l.address)
		if err != nil {
			return nil, fmt.Errorf("object %q: %w", l.name, err)
		}
		if !isDataset(m) {
			continue
		}
		d, err := f.dataset(m)
		if err != nil {
			return nil, fmt.Errorf("dataset %q: %w", l.name, err)
		}
		d.Name = l.name
		out.Datasets = append(out.Datasets, d)
	}
	out.Attributes, err = f.attributes(messages)
	return out, err
}

// read returns n bytes from an address on.
func (f *file) read(address, n uint64) ([]byte, error) {
	room := uint64(f.size - f.base)
	if address > room || n > room-address {
		return nil, errorf("%d bytes at address %d lie outside the file of %d bytes", n, address, f.size)
	}
	if int64(n) > f.budget-readCost {
		return nil, errorf("more than %d bytes of metadata: the root group has too many objects, or goes in circles", min(maxMetadata, 4*f.size+4096))
	}
	f.budget -= int64(n) + readCost
	b := make([]byte, n)
	if got, err := f.src.ReadAt(b, f.base+int64(address)); got < len(b) {
		if errors.Is(err, io.EOF) {
			return nil, errorf("the file ends at byte %d, it had %d", f.base+int64(address)+int64(got), f.size)
		}
		return nil, err
	}
	return b, nil
}

// superblock finds the superblock and returns the address of the root group's
// header.
func (f *file) superblock() (root uint64, err error) {
	// It begins at 0, or behind a user block of 512, 1024, 2048, … bytes.
	for start := int64(0); ; start = max(512, 2*start) {
		if start > f.size-int64(len(signature)) {
			return 0, errorf("the file does not begin as an HDF5 file does")
		}
		b, err := f.read(uint64(start), uint64(len(signature)))
		if err != nil {
			return 0, err
		}
		if bytes.Equal(b, []byte(signature)) {
			f.base = start
			break
		}
	}
	b, err := f.read(0, uint64(min(f.size-f.base, 96)))
	if err != nil {
		return 0, err
	}
	c := &cursor{b: b[len(signature):]}
	var end uint64
	version := c.u8()
	switch version {
	case 0:
		c.skip(4) // versions of the free space, root group entry and shared header message; reserved
		if err := offsetSizes(c.u8(), c.u8()); err != nil {
			return 0, err
		}
		c.skip(1 + 2 + 2 + 4) // reserved, K of leaves and of nodes, flags
		c.skip(8 + 8)         // base address, free space
		end = c.u64()
		c.skip(8 + 8) // driver information, offset of the root's name
		root = c.u64()
	case 2, 3:
		if err := offsetSizes(c.u8(), c.u8()); err != nil {
			return 0, err
		}
		if flags := c.u8(); version == 3 && flags&1 != 0 {
			return 0, errorf("the file was not closed by the program that wrote it, or is still being written")
		}
		c.skip(8 + 8) // base address, extension
		end = c.u64()
		root = c.u64()
		if err := f.verify(b, 44, c.u32(), "superblock"); err != nil {
			return 0, err
		}
	default:
		return 0, errorf("superblock version %d is not read: want 0, 2 or 3", version)
	}
	if c.short {
		return 0, errorf("the file ends within its superblock")
	}
	// This one address is that of the file, user block included.
	if end > uint64(f.size) {
		return 0, errorf("the file was cut short: its superblock says %d bytes, %d are there", end, f.size)
	}
	return root, nil
}

func offsetSizes(offsets, lengths uint8) error {
	if offsets != 8 || lengths != 8 {
		return errorf("offsets of %d bytes and lengths of %d are not read: want 8", offsets, lengths)
	}
	return nil
}

// verify compares the checksum of b[:n] with the one stored.
func (f *file) verify(b []byte, n int, stored uint32, what string) error {
	if f.checksums && n <= len(b) && lookup3(b[:n]) != stored {
		return errorf("the checksum of its %s is wrong: the file is damaged", what)
	}
	return nil
}

// cursor reads fields one after the other. Past the end it gives zeros and is
// short from then on.
type cursor struct {
	b     []byte
	pos   int
	short bool
}

// take returns the next n bytes, nil where they are not all there.
func (c *cursor) take(n uint64) []byte {
	if c.short || n > uint64(len(c.b)-c.pos) {
		c.short = true
		return nil
	}
	b := c.b[c.pos : c.pos+int(n)]
	c.pos += int(n)
	return b
}

func (c *cursor) skip(n uint64) { c.take(n) }

// uint reads a little-endian integer of 1, 2, 4 or 8 bytes.
func (c *cursor) uint(n uint64) uint64 {
	var b [8]byte
	copy(b[:], c.take(n))
	return binary.LittleEndian.Uint64(b[:])
}

func (c *cursor) u8() uint8   { return uint8(c.uint(1)) }
func (c *cursor) u16() uint16 { return uint16(c.uint(2)) }
func (c *cursor) u32() uint32 { return uint32(c.uint(4)) }
func (c *cursor) u64() uint64 { return c.uint(8) }

func (c *cursor) left() int { return len(c.b) - c.pos }
