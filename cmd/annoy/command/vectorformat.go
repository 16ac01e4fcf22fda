package command

import (
	"path/filepath"
	"strings"

	"github.com/annoy-go/annoy/vecio"
)

// vectorFormat is a format of vector files: one of vecio's, or Parquet, which
// is read by a package of its own.
type vectorFormat vecio.Format

const (
	hdf5Format    = vectorFormat(vecio.HDF5)
	npzFormat     = vectorFormat(vecio.Npz)
	parquetFormat = vectorFormat("parquet")
)

func (f vectorFormat) String() string { return string(f) }

func vectorFormats() []vectorFormat {
	var all []vectorFormat
	for _, f := range vecio.Formats() {
		all = append(all, vectorFormat(f))
	}
	return append(all, parquetFormat)
}

func formatChoice() *choice[vectorFormat] {
	return &choice[vectorFormat]{kind: "format", values: vectorFormats()}
}

// formatByName is the format that the extension of path names.
func formatByName(path string) (f vectorFormat, ok bool) {
	if isParquet(path) {
		return parquetFormat, true
	}
	format, err := vecio.FormatOf(path)
	return vectorFormat(format), err == nil
}

// isVectorFile tells a vector file from an index, by the name alone.
func isVectorFile(path string) bool {
	_, ok := formatByName(path)
	return ok
}

// isParquet tells a Parquet file by its name.
func isParquet(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }

// isPacked tells a compressed file by its name.
func isPacked(path string) bool {
	ext := filepath.Ext(path)
	return strings.EqualFold(ext, ".gz") || strings.EqualFold(ext, ".zst")
}

// vectorExtensions is what the shell completes for a vector file.
func vectorExtensions() []string {
	ext := []string{"ndjson", "h5"}
	for _, f := range vectorFormats() {
		ext = append(ext, f.String())
	}
	return append(ext, "gz", "zst")
}

// writtenFormats are those that convert writes.
func writtenFormats() []string {
	var names []string
	for _, f := range vecio.Formats() {
		if (&vecio.WriteOptions{Format: f}).Validate() == nil {
			names = append(names, string(f))
		}
	}
	return names
}

// stdinPath stands for standard input where a file of vectors is read.
const stdinPath = "-"

// shown is what errors call the file at path.
func shown(path string) string {
	switch path {
	case stdinPath:
		return "standard input"
	case "":
		return `""`
	}
	return path
}
