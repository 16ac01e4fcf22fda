// Package table reads what the examples work on: lines of text and vectors.
package table

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

// Lines reads a file of tab-separated fields, a record a line.
func Lines(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var records [][]string
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		records = append(records, strings.Split(in.Text(), "\t"))
	}
	return records, in.Err()
}

// Vectors reads a vector file of any format of vecio. It must have a row for each of n records.
func Vectors(ctx context.Context, path string, n int) ([][]float32, error) {
	r, err := vecio.Open(path, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	flat, err := eval.ReadRows(ctx, r, 0)
	if err != nil {
		return nil, err
	}
	vectors := eval.Split(flat, r.Dim())
	if len(vectors) != n {
		return nil, fmt.Errorf("%s has %d vectors for %d lines of text", path, len(vectors), n)
	}
	return vectors, nil
}
