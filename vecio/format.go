package vecio

import (
	"fmt"
	"path/filepath"
	"strings"
)

// MaxDim is the largest number of components of a vector that is read or
// written. It keeps a hostile header from asking for memory.
const MaxDim = 1 << 20

// MaxLine is the largest length in bytes of a line (for CSV: of a record) of a
// text file: 32 bytes for each of MaxDim components.
const MaxLine = 32 << 20

// Format names a kind of vector file.
type Format string

// The formats, by the names that ParseFormat takes.
const (
	Npy   Format = "npy"
	Fvecs Format = "fvecs"
	Bvecs Format = "bvecs"
	Ivecs Format = "ivecs"
	Fbin  Format = "fbin"
	U8bin Format = "u8bin"
	JSONL Format = "jsonl"
	CSV   Format = "csv"
	TSV   Format = "tsv"
	Npz   Format = "npz"  // read only
	HDF5  Format = "hdf5" // read only
)

// Formats returns all formats, in the order of the package comment.
func Formats() []Format {
	return []Format{Npy, Fvecs, Bvecs, Ivecs, Fbin, U8bin, JSONL, CSV, TSV, Npz, HDF5}
}

// formatNames lists the formats for an error message.
func formatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// ParseFormat returns the format of that name, in any case; "ndjson" is
// another name of JSONL, "h5" of HDF5. Any other name is an error that lists the names.
func ParseFormat(name string) (Format, error) {
	f := Format(strings.ToLower(name))
	switch f {
	case "ndjson":
		return JSONL, nil
	case "h5":
		return HDF5, nil
	}
	for _, known := range Formats() {
		if f == known {
			return f, nil
		}
	}
	return "", fmt.Errorf("annoy: unknown vector format %q: want one of %s", name, formatNames())
}

// FormatOf returns the format that the extension of path names, in any case. A
// text format may be followed by .gz or .zst, as in x.csv.gz. A path without
// extension, or with one that is no format's, is an error.
func FormatOf(path string) (Format, error) {
	name, packing := unpackedName(path)
	ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), ".")
	switch ext {
	case "gz", "bz2", "xz", "zst", "zip":
		return "", fmt.Errorf("annoy: %s: decompress it first: only .gz and .zst are read, of text files", path)
	case "":
		return "", fmt.Errorf("annoy: %s: no extension to tell the vector format by: name it, one of %s", path, formatNames())
	}
	f, err := ParseFormat(ext)
	if err != nil {
		return "", fmt.Errorf("annoy: %s: the extension is not a vector format's: name the format, one of %s", path, formatNames())
	}
	if packing != "" && !f.isText() {
		return "", fmt.Errorf("annoy: %s: decompress it first: of compressed files only text is read, %s, %s or %s", path, JSONL, CSV, TSV)
	}
	return f, nil
}

// unpackedName is the name of what a compressed file holds, and how it is
// compressed: gzip or zstd, "" for a name that does not say so.
func unpackedName(path string) (name, packing string) {
	ext := filepath.Ext(path)
	name = strings.TrimSuffix(path, ext)
	switch strings.ToLower(ext) {
	case ".gz":
		return name, gzipName
	case ".zst":
		return name, zstdName
	}
	return path, ""
}

// isText says whether files of the format are lines of text.
func (f Format) isText() bool { return f == JSONL || f == CSV || f == TSV }

// elements returns the element types that files of a format are written with,
// its default first; none for a format that is only read.
func (f Format) elements() []Element {
	switch f {
	case Npy:
		return []Element{Float32, Float64, Float16, Uint8, Int8, Int32}
	case Bvecs, U8bin:
		return []Element{Uint8}
	case Ivecs:
		return []Element{Int32}
	case HDF5, Npz:
		return nil
	default:
		return []Element{Float32}
	}
}

// resolveFormat returns format checked, or that of the path when format is "".
func resolveFormat(format Format, path string) (Format, error) {
	if format == "" {
		return FormatOf(path)
	}
	return ParseFormat(string(format))
}
