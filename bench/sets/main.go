// Command sets makes the vector files of make bench that do not lie ready: Fashion-MNIST from Debian's package
// dataset-fashion-mnist, and of the gloss usage queries those that nothing is calibrated on.
//
//	sets fashion FOLDER OUT    train and t10k images of FOLDER as OUT/fashion-base.npy and OUT/fashion-queries.npy
//	sets rows IN FIRST OUT     the rows of a vector file from the given one on
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/annoy-go/annoy/vecio"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sets:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "fashion":
		for in, out := range map[string]string{"train": "fashion-base.npy", "t10k": "fashion-queries.npy"} {
			if err := images(filepath.Join(args[1], in+"-images-idx3-ubyte.gz"), filepath.Join(args[2], out)); err != nil {
				return err
			}
		}
		return nil
	case len(args) == 4 && args[0] == "rows":
		first, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return rows(args[1], first, args[3])
	}
	return errors.New("want: fashion FOLDER OUT, or rows IN FIRST OUT")
}

// images turns a compressed idx3 file (magic 0x803, counts of images, rows and columns as big-endian uint32, then a
// byte for each pixel; http://yann.lecun.com/exdb/mnist) into an npy file of uint8.
func images(in, out string) error {
	f, err := os.Open(in)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	var head struct{ Magic, Images, Rows, Columns uint32 }
	if err := binary.Read(z, binary.BigEndian, &head); err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	dim := int(head.Rows) * int(head.Columns)
	if head.Magic != 0x803 || dim < 1 || dim > vecio.MaxDim {
		return fmt.Errorf("%s: no idx file of images", in)
	}
	w, err := vecio.Create(out, dim, &vecio.WriteOptions{Element: vecio.Uint8})
	if err != nil {
		return err
	}
	defer w.Abort()
	pixels, v := make([]byte, dim), make([]float32, dim)
	for i := range head.Images {
		if _, err := io.ReadFull(z, pixels); err != nil {
			return fmt.Errorf("%s: image %d: %w", in, i, err)
		}
		for c, p := range pixels {
			v[c] = float32(p)
		}
		if err := w.Write(v); err != nil {
			return err
		}
	}
	return w.Close()
}

// rows copies a vector file without its first rows.
func rows(in string, first int, out string) error {
	r, err := vecio.Open(in, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := vecio.Create(out, r.Dim(), &vecio.WriteOptions{Element: r.Element()})
	if err != nil {
		return err
	}
	defer w.Abort()
	v := make([]float32, r.Dim())
	for i := 0; ; i++ {
		if _, err := r.Next(v); err == io.EOF {
			return w.Close()
		} else if err != nil {
			return err
		}
		if i < first {
			continue
		}
		if err := w.Write(v); err != nil {
			return err
		}
	}
}
