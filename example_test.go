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

// colours by red, green and blue, 0 to 1.
var colours = []struct {
	name string
	rgb  []float32
}{
	{"red", []float32{1, 0, 0}},
	{"orange", []float32{1, 0.6, 0}},
	{"yellow", []float32{1, 1, 0}},
	{"green", []float32{0, 0.5, 0}},
	{"lime", []float32{0, 1, 0}},
	{"blue", []float32{0, 0, 1}},
	{"navy", []float32{0, 0, 0.5}},
	{"purple", []float32{0.5, 0, 0.5}},
	{"white", []float32{1, 1, 1}},
	{"black", []float32{0, 0, 0}},
}

func colourIndex() *annoy.Index {
	b, err := annoy.NewBuilder(3, annoy.Euclidean, nil)
	if err != nil {
		log.Fatal(err)
	}
	for id, c := range colours {
		if err := b.Add(id, c.rgb); err != nil {
			log.Fatal(err)
		}
	}
	ix, err := b.Build(context.Background(), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 10})
	if err != nil {
		log.Fatal(err)
	}
	return ix
}

// Build an index, save it, map the file and search it.
func Example() {
	dir, err := os.MkdirTemp("", "annoy")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "colours.ann")

	b, err := annoy.NewBuilder(3, annoy.Euclidean, nil)
	if err != nil {
		log.Fatal(err)
	}
	for id, c := range colours {
		if err := b.Add(id, c.rgb); err != nil {
			log.Fatal(err)
		}
	}
	built, err := b.Build(context.Background(), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 10})
	if err != nil {
		log.Fatal(err)
	}
	if err := built.Save(path); err != nil {
		log.Fatal(err)
	}

	// Any number of processes can do this at once; they share the file's pages.
	ix, err := annoy.Open(path, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer ix.Close()
	hits, err := ix.Search([]float32{0.9, 0.9, 0.2}, 3, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hits {
		fmt.Printf("%-6s %.2f\n", colours[h.ID].name, h.Distance)
	}
	// Output:
	// yellow 0.24
	// orange 0.37
	// white  0.81
}

// A search can be restricted to some ids, to some distance, or both.
func ExampleIndex_Search() {
	ix := colourIndex()
	gold := []float32{1, 0.84, 0}

	hits, err := ix.Search(gold, 10, &annoy.SearchOptions{MaxDistance: 0.9})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hits {
		fmt.Println("near:", colours[h.ID].name)
	}

	hits, err = ix.Search(gold, 2, &annoy.SearchOptions{Filter: annoy.IDFilter([]int64{4, 5, 6, 7})})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hits {
		fmt.Println("nearest of four:", colours[h.ID].name)
	}
	// Output:
	// near: yellow
	// near: orange
	// near: red
	// nearest of four: lime
	// nearest of four: purple
}

// Items like one of the index's own, itself among them.
func ExampleIndex_SearchByID() {
	ix := colourIndex()
	hits, err := ix.SearchByID(5, 3, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hits {
		fmt.Printf("%s %.2f\n", colours[h.ID].name, h.Distance)
	}
	// Output:
	// blue 0.00
	// navy 0.50
	// purple 0.71
}

// Build an index of a file of vectors, which need not fit in memory.
func ExampleBuildFile() {
	dir, err := os.MkdirTemp("", "annoy")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	vectors := filepath.Join(dir, "colours.csv")
	if err := os.WriteFile(vectors, []byte("red,green,blue\n1,0,0\n1,0.6,0\n0,0,1\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	src, err := vecio.Open(vectors, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	stats, err := annoy.BuildFile(context.Background(), src, annoy.Cosine, filepath.Join(dir, "colours.ann"), &annoy.BuildOptions{
		Kind: annoy.Forest, Trees: 5,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Items, "items,", stats.Trees, "trees,", stats.Metric)
	// Output: 3 items, 5 trees, cosine
}

// Every item, by ascending id.
func ExampleIndex_All() {
	for item, err := range colourIndex().All() {
		if err != nil {
			log.Fatal(err)
		}
		if item.Vector[2] > 0.4 {
			fmt.Println(item.ID, colours[item.ID].name, item.Vector)
		}
	}
	// Output:
	// 5 blue [0 0 1]
	// 6 navy [0 0 0.5]
	// 7 purple [0.5 0 0.5]
	// 8 white [1 1 1]
}

// Many queries at once, on all processors.
func ExampleIndex_SearchBatch() {
	ix := colourIndex()
	answers, err := ix.SearchBatch(context.Background(), [][]float32{{0.9, 0.1, 0}, {0, 0.1, 0.4}}, 1, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, hits := range answers {
		fmt.Println(colours[hits[0].ID].name)
	}
	// Output:
	// red
	// navy
}

// Items may have names instead of numbers, in a canopy.
func ExampleBuilder_AddKey() {
	b, err := annoy.NewBuilder(3, annoy.Euclidean, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range colours {
		if err := b.AddKey(c.name, c.rgb); err != nil {
			log.Fatal(err)
		}
	}
	ix, err := b.Build(context.Background(), nil)
	if err != nil {
		log.Fatal(err)
	}
	blue, err := ix.Lookup("blue")
	if err != nil {
		log.Fatal(err)
	}
	hits, err := ix.SearchByID(blue, 2, &annoy.SearchOptions{Exclude: []int64{blue}})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hits {
		key, err := ix.Key(h.ID)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-6s %.2f\n", key, h.Distance)
	}
	// Output:
	// navy   0.50
	// purple 0.71
}

// Stats tell what a build chose.
func ExampleIndex_Stats() {
	b, err := annoy.NewBuilder(3, annoy.Euclidean, nil)
	if err != nil {
		log.Fatal(err)
	}
	for id := range 1000 {
		if err := b.Add(id*id, []float32{float32(id % 10), float32(id / 10 % 10), float32(id / 100)}); err != nil {
			log.Fatal(err)
		}
	}
	ix, err := b.Build(context.Background(), &annoy.BuildOptions{Shape: annoy.One8})
	if err != nil {
		log.Fatal(err)
	}
	s, err := ix.Stats()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Kind, s.Items, s.Canopy.Shape, s.Canopy.Rows, "("+s.Canopy.RowsWhy+")")
	// Output:
	// canopy 1000 one8 uint8 (the narrowest that holds every component exactly)
}

// A search of a calibrated index asks for a recall; exact search within a distance misses nothing.
func ExampleSearchOptions() {
	b, err := annoy.NewBuilder(2, annoy.Euclidean, nil)
	if err != nil {
		log.Fatal(err)
	}
	for id := range 10_000 { // a grid of 100 × 100 points
		if err := b.Add(id, []float32{float32(id % 100), float32(id / 100)}); err != nil {
			log.Fatal(err)
		}
	}
	ix, err := b.Build(context.Background(), &annoy.BuildOptions{Calibrate: 100})
	if err != nil {
		log.Fatal(err)
	}
	hits, err := ix.Search([]float32{50.1, 20}, 1, &annoy.SearchOptions{Recall: 0.999})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("nearest:", hits[0].ID)

	within, err := ix.Search([]float32{50, 20}, 1000, &annoy.SearchOptions{Exact: true, MaxDistance: 5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("within 5:", len(within))
	// Output:
	// nearest: 2050
	// within 5: 81
}
