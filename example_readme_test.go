package annoy_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

// The functions of this file stand in README.md too: TestReadmeGo compares them.

// buildIndex saves an index of vectors. The id of a vector is its place.
func buildIndex(ctx context.Context, vectors [][]float32, path string) error {
	b, err := annoy.NewBuilder(len(vectors[0]), annoy.Angular, nil)
	if err != nil {
		return err
	}
	for id, v := range vectors {
		if err := b.Add(id, v); err != nil {
			return err
		}
	}
	ix, err := b.Build(ctx, nil) // a canopy; &annoy.BuildOptions{Kind: annoy.Forest, Trees: 50} for a forest
	if err != nil {
		return err
	}
	return ix.Save(path) // x.canopy; a forest is x.ann, or any other name
}

// nearest answers from the file, which any number of processes may map at once.
func nearest(path string, query []float32) ([]annoy.Neighbor, error) {
	ix, err := annoy.Open(path, nil)
	if err != nil {
		return nil, err
	}
	defer ix.Close()                                                // once, when the program ends: opening for every query is a waste
	return ix.Search(query, 10, &annoy.SearchOptions{Recall: 0.98}) // SearchK: 5000 for a forest
}

// indexFile builds from a vector file that need not fit in memory.
func indexFile(ctx context.Context, vectors, path string) (annoy.Stats, error) {
	r, err := vecio.Open(vectors, nil) // npy, fvecs, bvecs, ivecs, fbin, u8bin, jsonl, csv, tsv, npz, hdf5
	if err != nil {
		return annoy.Stats{}, err
	}
	defer r.Close()
	return annoy.BuildFile(ctx, r, annoy.Angular, path, &annoy.BuildOptions{MaxMemory: 1 << 30})
}

// moreLike is at most 10 items like a given one, among allowed ids, no farther than 0.9.
func moreLike(ix *annoy.Index, id int64, allowed []int64) ([]annoy.Neighbor, error) {
	return ix.SearchByID(id, 10, &annoy.SearchOptions{Filter: annoy.IDFilter(allowed), MaxDistance: 0.9})
}

// Example_readme runs what the README shows.
func Example_readme() {
	dir, err := os.MkdirTemp("", "annoy-readme-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, path := context.Background(), filepath.Join(dir, "colours.canopy")

	colours := [][]float32{{1, 0, 0}, {0.9, 0.1, 0}, {0, 1, 0}, {0, 0, 1}}
	if err := buildIndex(ctx, colours, path); err != nil {
		log.Fatal(err)
	}
	hits, err := nearest(path, []float32{1, 0.05, 0})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hits[0].ID, hits[1].ID, len(hits))

	vectors := filepath.Join(dir, "colours.csv")
	if err := os.WriteFile(vectors, []byte("1,0,0\n0.9,0.1,0\n0,1,0\n0,0,1\n"), 0o644); err != nil {
		log.Fatal(err)
	}
	stats, err := indexFile(ctx, vectors, path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Items, stats.Dim, stats.Metric)

	ix, err := annoy.Open(path, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer ix.Close()
	hits, err = moreLike(ix, 0, []int64{1, 2, 3})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hits {
		fmt.Printf("%d %.3f\n", h.ID, h.Distance)
	}

	// Output:
	// 0 1 4
	// 4 3 angular
	// 1 0.111
}
