package main

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// TestGroups compares the groups of the sample with those of all pairs of images.
func TestGroups(t *testing.T) {
	t.Chdir("../..")
	vectors, err := read(t.Context(), sample)
	if err != nil {
		t.Fatal(err)
	}
	for _, within := range []float32{100, 200, 800} {
		got, err := groups(t.Context(), vectors, annoy.Euclidean, within, 1)
		if err != nil {
			t.Fatal(err)
		}
		if want := groupsOfPairs(vectors, float64(within)); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("within %v: %v, want %v", within, got, want)
		}
	}
	var out strings.Builder
	if err := run(t.Context(), []string{"-images", sample}, &out); err != nil || !strings.Contains(out.String(), "31 groups of 66 images of 700") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// groupsOfPairs follows every pair within the distance from its first image on.
func groupsOfPairs(vectors [][]float32, within float64) (all [][]int64) {
	seen := make([]bool, len(vectors))
	for i := range vectors {
		if seen[i] {
			continue
		}
		group := []int64{int64(i)}
		seen[i] = true
		for at := 0; at < len(group); at++ {
			for j := range vectors {
				if !seen[j] && eval.Distance(annoy.Euclidean, vectors[group[at]], vectors[j]) <= within {
					seen[j] = true
					group = append(group, int64(j))
				}
			}
		}
		if len(group) > 1 {
			slices.Sort(group)
			all = append(all, group)
		}
	}
	return all
}

func TestReadIDX(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-ubyte.gz")
	write := func(data string) {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z := gzip.NewWriter(f)
		if _, err := z.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const head = "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x03"
	write(head + "\x01\x02\x03\x04\x05\xff")
	got, err := read(t.Context(), path)
	if err != nil || len(got) != 2 || !slices.Equal(got[1], []float32{4, 5, 255}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, data := range []string{"", head[:10], head + "\x01\x02\x03\x04", "\x00\x00\x08\x01" + head[4:], head[:8] + "\xff\xff\xff\xff\x00\x00\x00\x03"} {
		write(data)
		if got, err := read(t.Context(), path); err == nil {
			t.Errorf("%q: %d images and no error", data, len(got))
		}
	}
}
