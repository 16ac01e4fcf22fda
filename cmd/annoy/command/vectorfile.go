package command

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

// vectorFile is an open file of vectors, with the ids of another file when
// one was given.
type vectorFile struct {
	annoy.Source
	path   string
	reader *vecio.Reader
}

// openVectors opens path, a vector file, and takes its ids from the file ids
// unless that is "".
func openVectors(path, ids string) (*vectorFile, error) {
	if _, err := vecio.FormatOf(path); err != nil {
		return nil, usageError{err}
	}
	r, err := vecio.Open(path, nil)
	if err != nil {
		return nil, err
	}
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
	return err == nil
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
	for _, in := range inputs {
		if t, err := os.Stat(in); err == nil && os.SameFile(s, t) {
			return usagef("%s is both input and output", out)
		}
	}
	return nil
}

// vectorExtensions is what the shell completes for a vector file.
func vectorExtensions() []string {
	ext := []string{"ndjson"}
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
