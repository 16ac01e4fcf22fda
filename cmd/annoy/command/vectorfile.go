package command

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	path   string
	reader vectorReader
}

// vectorReader is what the readers of all formats have.
type vectorReader interface {
	annoy.Source
	Element() vecio.Element
	Close() error
}

// vectorFlags say what to read of a file that holds more than one table of
// vectors. The zero value is the default.
type vectorFlags struct {
	dataset  string // of HDF5
	column   string // of Parquet
	idColumn string // of Parquet
}

func (f *vectorFlags) register(cmd *cobra.Command, ids bool) {
	cmd.Flags().StringVar(&f.dataset, "dataset", "", "dataset of an hdf5 file; by default train")
	cmd.Flags().StringVar(&f.column, "column", "", "list of floats of a parquet file; by default the only one")
	if ids {
		cmd.Flags().StringVar(&f.idColumn, "id-column", "", "integers of a parquet file that are the ids; by default the numbers of the rows")
	}
}

// validate finds flags that are not for a file of that name.
func (f *vectorFlags) validate(path, ids string) error {
	format, err := vecio.FormatOf(path)
	switch {
	case err != nil && !isParquet(path):
		return usageError{err}
	case f.dataset != "" && format != vecio.HDF5:
		return usagef("--dataset is for an hdf5 file, and %s is none", path)
	case (f.column != "" || f.idColumn != "") && !isParquet(path):
		return usagef("--column and --id-column are for a parquet file, and %s is none", path)
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

// isParquet tells a Parquet file by its name.
func isParquet(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }

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
	// A nil pointer must not become an interface that is not nil.
	if isParquet(path) {
		r, err := parquet.Open(path, &parquet.Options{Column: f.column, IDColumn: f.idColumn})
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	r, err := vecio.Open(path, &vecio.ReadOptions{Dataset: f.dataset})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// withIDs gives the rows of r the ids of a file, unless that is "". It owns r.
func withIDs(r vectorReader, path, ids string) (*vectorFile, error) {
	f := &vectorFile{Source: r, path: path, reader: r}
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
	if err != nil && err != io.EOF {
		err = inFile(f.path, err)
	}
	return id, err
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

// isVectorFile tells a vector file from an index, by the name alone.
func isVectorFile(path string) bool {
	_, err := vecio.FormatOf(path)
	return err == nil || isParquet(path)
}

// checkOutput finds, before work that may take hours, what would stop the
// result from being written to out: a directory that is not there, a
// directory of that name, one of the inputs. The last is safe from any race
// that matters, as all files are replaced as a whole.
func checkOutput(out string, inputs ...string) error {
	dir := filepath.Dir(out)
	if s, err := os.Stat(dir); err != nil {
		return fmt.Errorf("cannot write %s: %w", out, err)
	} else if !s.IsDir() {
		return fmt.Errorf("cannot write %s: %s is not a directory", out, dir)
	}
	s, err := os.Stat(out)
	if err != nil {
		return nil
	}
	if s.IsDir() {
		return fmt.Errorf("cannot write %s: it is a directory", out)
	}
	if !s.Mode().IsRegular() {
		return fmt.Errorf("cannot write %s: it is not a regular file", out)
	}
	for _, in := range inputs {
		if t, err := os.Stat(in); err == nil && os.SameFile(s, t) {
			return usagef("%s is both input and output", out)
		}
	}
	return nil
}

// vectorExtensions is what the shell completes for a vector file.
func vectorExtensions() []string {
	ext := []string{"ndjson", "h5", "parquet"}
	for _, f := range vecio.Formats() {
		ext = append(ext, string(f))
	}
	return ext
}

// completeVectors completes a first argument that is a vector file.
func completeVectors(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return vectorExtensions(), cobra.ShellCompDirectiveFilterFileExt
}
