package vecio_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/annoy-go/annoy/vecio"
)

// Write a file, then read it row by row.
func Example() {
	dir, err := os.MkdirTemp("", "vecio")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "base.npy")

	w, err := vecio.Create(path, 3, &vecio.WriteOptions{Element: vecio.Float16})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort() // does nothing after Close
	for _, vec := range [][]float32{{1, 0.5, -2}, {0, 0.1, 3}} {
		if err := w.Write(vec); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	r, err := vecio.Open(path, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	fmt.Println(r.Format(), r.Element(), r.Len(), "×", r.Dim())
	vec := make([]float32, r.Dim())
	for {
		id, err := r.Next(vec)
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(id, vec)
	}
	// Output:
	// npy float16 2 × 3
	// 0 [1 0.5 -2]
	// 1 [0 0.099975586 3]
}

// Errors of a malformed file say where it is wrong.
func ExampleFormatError() {
	r, err := vecio.NewReader(strings.NewReader("x,y\n1,2\n3,nan\n"), -1, "base.csv", nil)
	if err != nil {
		log.Fatal(err)
	}
	vec := make([]float32, r.Dim())
	for err == nil {
		_, err = r.Next(vec)
	}
	fmt.Println(err)
	// Output: annoy: base.csv: row 1 (line 3), column 1: NaN is refused: components must be finite
}

func ExampleWithIDs() {
	r, err := vecio.NewReader(strings.NewReader("[0.1, 0.2]\n[0.3, 0.4]\n"), -1, "base.jsonl", nil)
	if err != nil {
		log.Fatal(err)
	}
	s, err := vecio.WithIDs(r, []int64{700, 42})
	if err != nil {
		log.Fatal(err)
	}
	vec := make([]float32, s.Dim())
	for {
		id, err := s.Next(vec)
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(id, vec)
	}
	// Output:
	// 700 [0.1 0.2]
	// 42 [0.3 0.4]
}
