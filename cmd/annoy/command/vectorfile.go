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
)

// vectorFile is an open file of vectors, with the ids of another file when
// one was given.
type vectorFile struct {
	annoy.Source
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
// does not tell, and what of a file that holds more than one table. The zero
// value is the default.
type vectorFlags struct {
	format   *choice[vectorFormat] // nil: the verb has no --format
	dataset  string                // of HDF5
	column   string                // of Parquet
	idColumn string                // of Parquet
}

func (f *vectorFlags) register(cmd *cobra.Command, what string, ids bool) {
	f.format = formatChoice()
	f.format.register(cmd, "format", "format of "+what+", where the name does not tell")
	cmd.Flags().StringVar(&f.dataset, "dataset", "", "dataset of an hdf5 file; by default train")
	cmd.Flags().StringVar(&f.column, "column", "", "list of floats of a parquet file; by default the only one")
	if ids {
		cmd.Flags().StringVar(&f.idColumn, "id-column", "", "integers of a parquet file that are the ids; by default the numbers of the rows")
	}
}

// given names the flags that the command line has, "" for none.
func (f *vectorFlags) given() string {
	var names []string
	for name, is := range map[string]bool{
		"--format": f.format != nil && f.format.set, "--dataset": f.dataset != "",
		"--column": f.column != "", "--id-column": f.idColumn != "",
	} {
		if is {
			names = append(names, name)
		}
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
	return "", usagef("%s is not a vector file by its name: want the extension .%s%s; unpack a compressed file first",
		shown(path), strings.Join(vectorExtensions(), ", ."), advice)
}

// validate finds flags that are not for that file.
func (f *vectorFlags) validate(path, ids string) error {
	format, err := f.formatOf(path)
	switch {
	case err != nil:
		return err
	case f.dataset != "" && format != hdf5Format:
		return usagef("--dataset is for an hdf5 file, and %s is none", shown(path))
	case (f.column != "" || f.idColumn != "") && format != parquetFormat:
		return usagef("--column and --id-column are for a parquet file, and %s is none", shown(path))
	case path == stdinPath && (format == hdf5Format || format == parquetFormat):
		return usagef("%s: an %s file is not read in order: name the file", shown(path), format)
	case f.idColumn != "" && ids != "":
		return usagef("--id-column and --ids exclude each other")
	}
	return nil
}

// columnFlag is the column of those of a verb's vector files that are of
// Parquet, for verbs that take several.
type columnFlag string

func (c *columnFlag) register(cmd *cobra.Command) {
	cmd.Flags().StringVar((*string)(c), "column", "", "list of floats of a parquet file; by default the only one")
}

// validate finds a column that is none of these files'.
func (c columnFlag) validate(paths ...string) error {
	if c != "" && !slices.ContainsFunc(paths, isParquet) {
		return usagef("--column is for a parquet file, and there is none")
	}
	return nil
}

// of is what to read of one of the files.
func (c columnFlag) of(path string) *vectorFlags {
	if isParquet(path) {
		return &vectorFlags{column: string(c)}
	}
	return &vectorFlags{}
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
		r, err := parquet.Open(path, &parquet.Options{Column: f.column, IDColumn: f.idColumn})
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	o := &vecio.ReadOptions{Format: vecio.Format(format), Dataset: f.dataset}
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
	switch {
	case err == nil || err == io.EOF || strings.Contains(err.Error(), f.path):
		return id, err
	case f.ids != "":
		err = inFile(f.ids, err)
	}
	return id, inFile(f.path, err)
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
