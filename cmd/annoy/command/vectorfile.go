package command

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
	"github.com/annoy-go/annoy/vecio/parquet"
	"github.com/annoy-go/annoy/vecio/zstd"
)

// vectorFile is an open file of vectors, with the ids of another file when
// one was given. It is an annoy.KeySource.
type vectorFile struct {
	annoy.Source
	rows   int    // read
	path   string // as errors show it
	ids    string // "": the source's own
	reader vectorReader
}

// vectorReader is what the readers of all formats have.
type vectorReader interface {
	annoy.Source
	Element() vecio.Element
	Close() error
}

// vectorFlags say how to read a file of vectors: its format where the name
// does not tell, and what of a file that holds more than one table or more than
// vectors. The zero value is the default.
type vectorFlags struct {
	format  *choice[vectorFormat] // nil: the verb has no --format
	dataset string                // of HDF5 and npz
	tableFlags
}

func (f *vectorFlags) register(cmd *cobra.Command, what string, ids bool) {
	f.format = formatChoice()
	f.format.register(cmd, "format", "format of "+what+", where the name does not tell")
	cmd.Flags().StringVar(&f.dataset, "dataset", "", "dataset of an hdf5 file, by default train; array of an npz file, by default the only one")
	f.tableFlags.register(cmd, ids)
}

// given names the flags that the command line has, "" for none.
func (f *vectorFlags) given() string {
	names := f.tableFlags.given()
	if f.dataset != "" {
		names = append(names, "--dataset")
	}
	if f.format != nil && f.format.set {
		names = append(names, "--format")
	}
	slices.Sort(names)
	return strings.Join(names, " and ")
}

// formatOf is the format of the file at path: the one of --format, or else
// that of the name.
func (f *vectorFlags) formatOf(path string) (vectorFormat, error) {
	if f.format != nil && f.format.set {
		return f.format.value, nil
	}
	if format, ok := formatByName(path); ok {
		return format, nil
	}
	advice := ""
	if f.format != nil {
		advice = ", or give --format"
	}
	if path == stdinPath {
		return "", usagef("%s has no name to tell its format by: name the file%s", shown(path), advice)
	}
	return "", usagef("%s is not a vector file by its name: want the extension .%s%s (of compressed files text is read, as .csv.gz)",
		shown(path), strings.Join(vectorExtensions(), ", ."), advice)
}

// validate finds flags that are not for that file.
func (f *vectorFlags) validate(path, ids string) error {
	format, err := f.formatOf(path)
	switch {
	case err != nil:
		return err
	case f.dataset != "" && format != hdf5Format && format != npzFormat:
		return usagef("--dataset is for an hdf5 or npz file, and %s is none", shown(path))
	case path == stdinPath && (format == hdf5Format || format == npzFormat || format == parquetFormat):
		return usagef("%s: an %s file is not read in order: name the file", shown(path), format)
	}
	if err := f.check(format, path); err != nil {
		return err
	}
	return f.checkIDs(ids)
}

// open opens path, a vector file, and takes its ids from the file ids unless
// that is "".
func (f *vectorFlags) open(path, ids string) (*vectorFile, error) {
	if err := f.validate(path, ids); err != nil {
		return nil, err
	}
	r, err := f.reader(path)
	if err != nil {
		return nil, err
	}
	return withIDs(r, path, ids)
}

func (f *vectorFlags) reader(path string) (vectorReader, error) {
	format, err := f.formatOf(path)
	if err != nil {
		return nil, err
	}
	// A nil pointer must not become an interface that is not nil.
	if format == parquetFormat {
		r, err := parquet.Open(path, &parquet.Options{
			Column: f.column, IDColumn: f.idColumn, KeyColumn: f.keyColumn, SkipColumns: f.skip,
		})
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	o := &vecio.ReadOptions{
		Format: vecio.Format(format), Dataset: f.dataset, VectorField: f.vectorField,
		IDColumn: f.idColumn, KeyColumn: f.keyColumn, SkipColumns: f.skip, Header: f.names(), Zstd: zstd.Unpack,
	}
	if path == stdinPath {
		r, err := vecio.NewReader(os.Stdin, -1, shown(path), o)
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	r, err := vecio.Open(path, o)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// withIDs gives the rows of r the ids of a file, unless that is "". It owns r.
func withIDs(r vectorReader, path, ids string) (*vectorFile, error) {
	f := &vectorFile{Source: r, path: shown(path), ids: ids, reader: r}
	if ids == "" {
		return f, nil
	}
	list, err := vecio.ReadIDs(ids)
	if err == nil {
		f.Source, err = vecio.WithIDs(r, list)
	}
	if err != nil {
		r.Close()
		return nil, inFile(ids, err)
	}
	return f, nil
}

// Next is the source's, with errors that name a file: the readers' do, but a
// count of ids that does not fit does not.
func (f *vectorFile) Next(dst []float32) (int64, error) {
	id, err := f.Source.Next(dst)
	if err == nil {
		f.rows++
	}
	switch {
	case err == nil || err == io.EOF || strings.Contains(err.Error(), f.path):
		return id, err
	case f.ids != "":
		err = inFile(f.ids, err)
	}
	return id, inFile(f.path, err)
}

// HasKeys says whether the rows have keys, which ids of another file replace.
func (f *vectorFile) HasKeys() bool {
	keyed, ok := f.Source.(annoy.KeySource)
	return ok && keyed.HasKeys()
}

// Key is that of the row read last, "" where rows have none.
func (f *vectorFile) Key() string {
	if keyed, ok := f.Source.(annoy.KeySource); ok {
		return keyed.Key()
	}
	return ""
}

func (f *vectorFile) close() { f.reader.Close() }

// inFile names the file in an error that does not.
func inFile(path string, err error) error {
	if strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("annoy: %s: %w", path, stripPrefix{err})
}

// stripPrefix is an error without its leading "annoy: ", for wrapping.
type stripPrefix struct{ error }

func (s stripPrefix) Error() string { return strings.TrimPrefix(s.error.Error(), "annoy: ") }
func (s stripPrefix) Unwrap() error { return s.error }

// completeVectors completes a first argument that is a vector file.
func completeVectors(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return vectorExtensions(), cobra.ShellCompDirectiveFilterFileExt
}
