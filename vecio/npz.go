package vecio

import (
	"archive/zip"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/annoy-go/annoy/internal/visible"
)

// npz: a zip archive of npy files, which numpy.savez stores and
// numpy.savez_compressed deflates.
// https://numpy.org/doc/stable/reference/generated/numpy.savez.html

const npyExtension = ".npy"

// openNpz opens the array of that name, or for "" the only one.
func openNpz(src io.ReaderAt, size int64, name, array string) (*Reader, error) {
	fail := func(format string, args ...any) (*Reader, error) {
		return nil, &FormatError{File: name, Row: -1, Column: -1, Msg: fmt.Sprintf(format, args...)}
	}
	if size == 0 {
		return fail("the file is empty")
	}
	at := &trackedAt{ReaderAt: src}
	var start [6]byte
	_, _ = at.ReadAt(start[:min(size, int64(len(start)))], 0) // at keeps its error
	archive, err := zip.NewReader(at, size)
	switch packed := newInput(nil, 0, name).packedError(start[:]); {
	case at.err != nil:
		return nil, readError(name, at.err)
	case err != nil && packed != nil:
		return nil, packed
	case err != nil:
		return fail("not a zip archive, which an npz file is: %v", err)
	}
	var names []string
	var arrays []*zip.File
	for _, f := range archive.File {
		if n, ok := strings.CutSuffix(f.Name, npyExtension); ok {
			names, arrays = append(names, n), append(arrays, f)
		}
	}
	chosen := 0
	switch {
	case len(arrays) == 0:
		return fail("it has no arrays")
	case array == "" && len(arrays) > 1:
		return fail("it has several arrays: name one of %s", visible.Names(names))
	case array != "":
		if chosen = slices.Index(names, strings.TrimSuffix(array, npyExtension)); chosen < 0 {
			return fail("no array %q: it has %s", array, visible.Names(names))
		}
	}
	if slices.Contains(names[chosen+1:], names[chosen]) {
		return fail("it has several arrays named %s", visible.Name(names[chosen]))
	}
	return openMember(at, size, arrays[chosen], name+"#"+visible.Name(names[chosen]))
}

// openMember opens a member of an archive of size bytes.
func openMember(src *trackedAt, size int64, f *zip.File, name string) (*Reader, error) {
	// The archive's word for the size of a member counts only where the bytes
	// are there: a compressed one has what it decompresses to.
	length := int64(-1)
	if f.Method == zip.Store && f.UncompressedSize64 == f.CompressedSize64 && f.CompressedSize64 <= uint64(size) {
		if start, err := f.DataOffset(); err == nil && start <= size-int64(f.CompressedSize64) {
			length = int64(f.CompressedSize64)
		}
	}
	member, err := f.Open()
	if err != nil {
		return nil, located(readError(name, src.fault("zip", 0, err)), name, -1)
	}
	in := newInput(&unpacking{src: &src.tracked, text: member, packing: "zip"}, length, name)
	h, rows, err := openNpy(in)
	if err != nil {
		return nil, located(err, name, -1)
	}
	return newRows(h, rows, Npz, in)
}

// trackedAt is tracked for reading anywhere.
type trackedAt struct {
	io.ReaderAt
	tracked
}

func (t *trackedAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 { // a damaged archive's fault, not the file system's
		return 0, fmt.Errorf("an offset of %d bytes", off)
	}
	n, err := t.ReaderAt.ReadAt(p, off)
	if err != nil && err != io.EOF && t.err == nil {
		t.err = err
	}
	return n, err
}
