// Package sidecar reads and writes the small JSON file beside an .ann file, which says
// what the .ann format has no room for: dimension, metric, dialect, how it was
// built, and a checksum of every byte. docs/format/ann.md describes it.
package sidecar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/internal/regular"
)

// Suffix is appended to the full name of the index file.
const Suffix = ".meta"

// Version of the JSON that is written. Readers ignore fields that they do not know
// and refuse other versions.
//
//	1  first version
const Version = 1

const (
	format   = "annoy-sidecar"
	maxBytes = 1 << 20 // a sidecar is some hundred bytes; more is not one
	tailSize = 64 << 10
)

// Meta is the content of a sidecar.
type Meta struct {
	Format     string `json:"format"`
	Version    int    `json:"version"`
	Metric     string `json:"metric"`
	Dim        int    `json:"dim"`
	DotDialect string `json:"dot_dialect,omitempty"`
	Items      int    `json:"items"`
	Trees      int    `json:"trees"`
	Seed       uint64 `json:"seed,omitempty"`
	Size       int64  `json:"size"`        // bytes of the index file
	TailCRC    uint32 `json:"tail_crc32c"` // CRC-32C of its last min(64 KiB, size) bytes: binds the sidecar to its file
	CRC        uint32 `json:"crc32c"`      // CRC-32C of all of it
	Checksum   uint32 `json:"checksum"`    // CRC-32C of this JSON, compact, keys sorted, without this field
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CRC is the CRC-32C of data that follows bytes whose CRC was crc; start with 0.
func CRC(crc uint32, data []byte) uint32 { return crc32.Update(crc, castagnoli, data) }

// Tail is the part of a file that TailCRC covers.
func Tail(data []byte) []byte { return data[max(0, len(data)-tailSize):] }

// TailOf reads the part of an open file that TailCRC covers.
func TailOf(f io.ReaderAt, size int64) ([]byte, error) {
	b := make([]byte, min(size, tailSize))
	_, err := f.ReadAt(b, size-int64(len(b)))
	if err == io.EOF {
		err = nil
	}
	return b, err
}

// ErrInTheWay is why there can be no sidecar of an index file that can itself be written: its name is that of something
// which is no sidecar, and which is not replaced, or too long, or the folder takes no further file.
var ErrInTheWay = errors.New("not written")

// Create writes the sidecar of the index file at path beside its place; Commit gives it its name. Creating it
// before the index file is replaced leaves only the renames to fail after that. Errors: ErrInTheWay, those of the file system.
func Create(path string, m Meta) (*atomicfile.File, error) {
	if err := replaceable(path + Suffix); err != nil {
		return nil, inTheWay(path, err)
	}
	m.Format, m.Version = format, Version
	sum, err := checksum(m)
	if err != nil {
		return nil, err
	}
	m.Checksum = sum
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	f, err := atomicfile.Create(path + Suffix)
	if atomicfile.Refused(err) {
		err = inTheWay(path, err)
	}
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(append(b, '\n')); err != nil {
		f.Abort()
		return nil, err
	}
	return f, nil
}

func inTheWay(path string, reason error) error {
	return fmt.Errorf("sidecar %s %w: %w", path+Suffix, ErrInTheWay, reason)
}

// replaceable says why what has the name must not be replaced, or the name not be taken.
func replaceable(name string) error {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	b, err := readSmall(name)
	if err == nil && !isSidecar(b) {
		err = errors.New("it is another file, which is kept")
	}
	return err
}

// isSidecar tells whether a file is one of this package's, of whatever version, be it damaged: its format comes first.
func isSidecar(b []byte) bool {
	var m struct {
		Format string `json:"format"`
	}
	if json.Unmarshal(b, &m) == nil {
		return m.Format == format
	}
	head := b[:min(len(b), 64)]
	return bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(strconv.Quote(format)))
}

// Path is the name of the sidecar of the index file at path: path.meta, or, where path is a symbolic link without a
// sidecar of its own, that of the file that the link leads to.
func Path(path string) string {
	name := path + Suffix
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return name
	}
	if target := linked(path); target != "" {
		return target + Suffix
	}
	return name
}

// linked is the file that path leads to where it is a symbolic link, else "".
func linked(path string) string {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return ""
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	return target
}

// Read returns the sidecar of the index file at path whose bytes are data. No sidecar is nil without a warning; one that is
// damaged, of another version, or of another file is nil with a warning that says so.
func Read(path string, data []byte) (m *Meta, warning string) {
	name := path + Suffix
	b, err := readSmall(name)
	if errors.Is(err, fs.ErrNotExist) {
		if target := linked(path); target != "" {
			name = target + Suffix
			b, err = readSmall(name)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ""
	}
	if err == nil {
		m, err = parse(b)
	}
	switch {
	case err != nil:
		return nil, Ignored(name, err)
	case m.Size != int64(len(data)):
		return nil, Ignored(name, fmt.Errorf("it belongs to a file of %d bytes, this one has %d", m.Size, len(data)))
	case m.TailCRC != CRC(0, Tail(data)):
		return nil, Ignored(name, errors.New("it belongs to another file (the checksum of the file's end differs)"))
	}
	return m, ""
}

// Claim is what the sidecar of the index file at path says, be it of another file; not ok where there is none that
// is undamaged.
func Claim(path string) (m *Meta, ok bool) {
	b, err := readSmall(Path(path))
	if err == nil {
		m, err = parse(b)
	}
	return m, err == nil
}

// Ignored is the warning that the sidecar of this name does not count.
func Ignored(name string, reason error) string {
	return fmt.Sprintf("sidecar %s ignored: %v", name, reason)
}

func readSmall(name string) ([]byte, error) {
	f, size, err := regular.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxBytes {
		return nil, fmt.Errorf("more than %d bytes", maxBytes)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, err
	}
	return b, nil
}

func parse(b []byte) (*Meta, error) {
	m, sum, plain := parsePlain(b)
	if !plain {
		var err error
		if m, sum, err = parseAny(b); err != nil {
			return nil, err
		}
	}
	if m.Format != format || m.Version != Version {
		return nil, fmt.Errorf("format %q version %d, want %q version %d", m.Format, m.Version, format, Version)
	}
	if sum != m.Checksum {
		return nil, fmt.Errorf("checksum %08x, its content has %08x", m.Checksum, sum)
	}
	return m, nil
}

// parseAny reads a sidecar and sums its fields up, whatever its layout, those of later versions among them.
func parseAny(b []byte) (m *Meta, sum uint32, err error) {
	m = new(Meta)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, 0, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return nil, 0, err
	}
	sum, err = checksum(fields)
	return m, sum, err
}

// checksum goes over the fields and not over the text, so that fields which a later version adds are covered and layout
// is not.
func checksum(v any) (uint32, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return 0, err
	}
	delete(fields, "checksum")
	if b, err = json.Marshal(fields); err != nil {
		return 0, err
	}
	return CRC(0, b), nil
}
