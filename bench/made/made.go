// Package made makes the vector files of benchmarks that do not lie ready. Each file appears when it is complete.
package made

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/annoy-go/annoy/vecio"
)

// Fashion makes base and queries of the training and the test pictures of Fashion-MNIST, of whose Debian package
// (dataset-fashion-mnist) folder has the files.
func Fashion(folder, base, queries string) error {
	return errors.Join(images(filepath.Join(folder, FashionTraining), base),
		images(filepath.Join(folder, "t10k-images-idx3-ubyte.gz"), queries))
}

// FashionTraining is the file of the training pictures.
const FashionTraining = "train-images-idx3-ubyte.gz"

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

// Rows copies the rows of a vector file from the given one on.
func Rows(in string, first int, out string) error {
	return convert(in, out, 0, func(i int, _ []float32) bool { return i >= first })
}

// Signs writes for every component whether it is positive, as bytes 1 and 0: what Hamming compares.
func Signs(in, out string) error {
	return convert(in, out, vecio.Uint8, func(_ int, v []float32) bool {
		for c, x := range v {
			v[c] = 0
			if x > 0 {
				v[c] = 1
			}
		}
		return true
	})
}

// convert copies the rows of a vector file that keep keeps; it may change them. element 0: that of the file.
func convert(in, out string, element vecio.Element, keep func(i int, v []float32) bool) error {
	r, err := vecio.Open(in, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	if element == 0 {
		element = r.Element()
	}
	w, err := vecio.Create(out, r.Dim(), &vecio.WriteOptions{Element: element})
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
		if !keep(i, v) {
			continue
		}
		if err := w.Write(v); err != nil {
			return err
		}
	}
}

// Uniform writes vectors of independent components from [0, 1).
func Uniform(rows, dim int, seed uint64, out string) error {
	w, err := vecio.Create(out, dim, nil)
	if err != nil {
		return err
	}
	defer w.Abort()
	r, v := rand.New(rand.NewPCG(seed, 0)), make([]float32, dim)
	for range rows {
		for c := range v {
			v[c] = r.Float32()
		}
		if err := w.Write(v); err != nil {
			return err
		}
	}
	return w.Close()
}

// Clusters makes vectors around so many centres, whose components are normal: each is a centre, of all equally likely, and
// normal numbers of a deviation of half. The centres go by the dimension and their number alone, so that another seed gives more
// vectors of the same distribution.
func Clusters(rows, dim, centres int, seed uint64, out string) error {
	w, err := vecio.Create(out, dim, nil)
	if err != nil {
		return err
	}
	defer w.Abort()
	r, all := rand.New(rand.NewPCG(uint64(dim), uint64(centres))), make([]float32, centres*dim)
	for i := range all {
		all[i] = float32(r.NormFloat64())
	}
	r = rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, dim)
	for range rows {
		centre := all[r.IntN(centres)*dim:][:dim]
		for c := range v {
			v[c] = centre[c] + float32(r.NormFloat64()/2)
		}
		if err := w.Write(v); err != nil {
			return err
		}
	}
	return w.Close()
}
