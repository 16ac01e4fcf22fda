package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/annoy-go/annoy/vecio"
)

func writeImages(t *testing.T, path string, data []byte) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) (rows [][]float32) {
	t.Helper()
	r, err := vecio.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		v := make([]float32, r.Dim())
		if _, err := r.Next(v); err == io.EOF {
			return rows
		} else if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, v)
	}
}

func TestFashionAndRows(t *testing.T) {
	dir := t.TempDir()
	// Three images of 1 × 2.
	head := []byte{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2}
	for _, name := range []string{"train", "t10k"} {
		writeImages(t, filepath.Join(dir, name+"-images-idx3-ubyte.gz"), append(head, 0, 255, 1, 2, 3, 4))
	}
	if err := run([]string{"fashion", dir, dir}); err != nil {
		t.Fatal(err)
	}
	got := read(t, filepath.Join(dir, "fashion-base.npy"))
	if len(got) != 3 || got[0][1] != 255 || got[2][0] != 3 || len(read(t, filepath.Join(dir, "fashion-queries.npy"))) != 3 {
		t.Errorf("images %v", got)
	}
	tail := filepath.Join(dir, "tail.npy")
	if err := run([]string{"rows", filepath.Join(dir, "fashion-base.npy"), "2", tail}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, tail); len(got) != 1 || got[0][1] != 4 {
		t.Errorf("rows from 2 on: %v", got)
	}
	writeImages(t, filepath.Join(dir, "train-images-idx3-ubyte.gz"), append(head, 0, 255, 1))
	if err := run([]string{"fashion", dir, t.TempDir()}); err == nil {
		t.Error("a file that ends within an image: no error")
	}
}
