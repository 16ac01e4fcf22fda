package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/annoy-go/annoy"
)

// longestKey bounds a line of a file of keys, as annoy.Builder bounds a key.
const longestKey = 64 << 10

// keyedRows gives the rows of a source the keys of a file, a line for each. It is an annoy.KeySource.
type keyedRows struct {
	annoy.Source
	path string
	file *os.File
	in   *bufio.Reader
	row  int
	key  string
}

func withKeys(src annoy.Source, path string) (*keyedRows, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("annoy: --keys: %w", err)
	}
	return &keyedRows{Source: src, path: path, file: f, in: bufio.NewReaderSize(f, longestKey+2)}, nil
}

func (k *keyedRows) HasKeys() bool { return true }

func (k *keyedRows) Key() string { return k.key }

func (k *keyedRows) Next(dst []float32) (int64, error) {
	id, err := k.Source.Next(dst)
	if err != nil && err != io.EOF {
		return id, err
	}
	end := err == io.EOF
	line, keyErr := k.line()
	switch {
	case keyErr != nil && keyErr != io.EOF:
		return 0, fmt.Errorf("annoy: %s: line %d: %w", k.path, k.row+1, keyErr)
	case end && keyErr == nil:
		return 0, fmt.Errorf("annoy: %s: more keys than the %s", k.path, count(k.row, "vector"))
	case !end && keyErr == io.EOF:
		return 0, fmt.Errorf("annoy: %s: only %s, and there are more vectors", k.path, count(k.row, "key"))
	case end:
		return 0, io.EOF
	case line == "":
		return 0, fmt.Errorf("annoy: %s: line %d is empty", k.path, k.row+1)
	}
	k.row++
	k.key = line
	return id, nil
}

// line is the next line without its end, io.EOF after the last.
func (k *keyedRows) line() (string, error) {
	b, err := k.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("a key of more than %d bytes", longestKey)
	case err == io.EOF && len(b) > 0:
		err = nil // the last line may lack its end
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), err
}

func (k *keyedRows) close() { _ = k.file.Close() } // only read
