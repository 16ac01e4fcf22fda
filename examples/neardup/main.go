// Command neardup finds images that are nearly the same: all within a distance of each other, however many they are.
//
// It uses a range search, which has no k. The images are those of Fashion-MNIST where Debian's package dataset-fashion-mnist is
// installed, else 700 of them that are in the repository. Run it in the repository's root:
//
//	go run ./examples/neardup
//
// For images of your own, make a vector of each, of its pixels or by a model, and give the file:
//
//	go run ./examples/neardup -images vectors.npy -within 0.1 -metric cosine
package main

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

// installed is where Debian's package puts the images.
const installed = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"

const sample = "examples/data/images_u8.npy"

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "neardup:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	images := sample
	if _, err := os.Stat(installed); err == nil {
		images = installed
	}
	metric := annoy.Euclidean
	fl := flag.NewFlagSet("neardup", flag.ContinueOnError)
	fl.StringVar(&images, "images", images, "vector `file`, or images as MNIST's idx.gz")
	within := fl.Float64("within", 200, "largest `distance` of two images that are nearly the same")
	recall := fl.Float64("recall", 0.99, "target recall; 1 misses none")
	fl.Func("metric", "`metric` of the distance (default euclidean)", func(s string) (err error) {
		metric, err = annoy.ParseMetric(s)
		return err
	})
	if err := fl.Parse(args); err != nil {
		return err
	}
	vectors, err := read(ctx, images)
	if err != nil {
		return err
	}
	groups, err := groups(ctx, vectors, metric, float32(*within), *recall)
	if err != nil {
		return err
	}
	members := 0
	for i, g := range groups {
		members += len(g)
		if i < 10 {
			fmt.Fprintln(out, g)
		}
	}
	fmt.Fprintf(out, "%s: %d groups of %d images of %d have a near duplicate within %v\n", filepath.Base(images), len(groups), members, len(vectors), *within)
	return nil
}

// read reads a vector file, or a gzipped idx3 file of images.
func read(ctx context.Context, path string) ([][]float32, error) {
	if strings.HasSuffix(path, "ubyte.gz") {
		return readIDX(path)
	}
	r, err := vecio.Open(path, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	flat, err := eval.ReadRows(ctx, r, 0)
	return eval.Split(flat, r.Dim()), err
}

// readIDX reads images in MNIST's format: four big-endian numbers, the last three of them images, rows and columns, then the pixels.
func readIDX(path string) ([][]float32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var head [4]uint32
	if err := binary.Read(z, binary.BigEndian, &head); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	const images, most = 0x803, 1 << 12 // of rows and columns
	if head[0] != images || head[2] > most || head[3] > most {
		return nil, fmt.Errorf("%s: not a file of images", path)
	}
	pixels := make([]byte, head[2]*head[3])
	var vectors [][]float32
	for range head[1] {
		if _, err := io.ReadFull(z, pixels); err != nil {
			return nil, fmt.Errorf("%s: image %d of %d: %w", path, len(vectors), head[1], err)
		}
		v := make([]float32, len(pixels))
		for i, p := range pixels {
			v[i] = float32(p)
		}
		vectors = append(vectors, v)
	}
	return vectors, nil
}

// groups joins all images that are within the distance of one another, directly or by others between them. Groups of one are left out.
func groups(ctx context.Context, vectors [][]float32, m annoy.Metric, within float32, recall float64) ([][]int64, error) {
	if len(vectors) == 0 {
		return nil, errors.New("no images")
	}
	b, err := annoy.NewBuilder(len(vectors[0]), m, nil)
	if err != nil {
		return nil, err
	}
	for i, v := range vectors {
		if err := b.Add(i, v); err != nil {
			return nil, err
		}
	}
	ix, err := b.Build(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	group := make(map[int64][]int64) // by its smallest id, which leader leads to
	leader := make([]int64, len(vectors))
	for i := range leader {
		leader[i] = int64(i)
		group[int64(i)] = []int64{int64(i)}
	}
	for i := range vectors {
		hits, err := ix.SearchRangeByID(int64(i), within, &annoy.SearchOptions{Recall: recall, Exclude: []int64{int64(i)}})
		if err != nil {
			return nil, err
		}
		for _, h := range hits {
			a, c := min(leader[i], leader[h.ID]), max(leader[i], leader[h.ID])
			if a == c {
				continue
			}
			for _, id := range group[c] {
				leader[id] = a
			}
			group[a] = append(group[a], group[c]...)
			delete(group, c)
		}
	}
	var found [][]int64
	for _, g := range group {
		if len(g) > 1 {
			slices.Sort(g)
			found = append(found, g)
		}
	}
	slices.SortFunc(found, func(a, b []int64) int { return slices.Compare(a, b) })
	return found, nil
}
