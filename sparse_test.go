package annoy_test

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/annoy-go/annoy"
)

// TestSparseBuilder: ids that are far apart, negative or out of order take no memory of their own, every item is to be
// had before the build, and a forest of them is the one that is built on disk, where each id has its place.
func TestSparseBuilder(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; replay: go test -run '^TestSparseBuilder$' -seed %d .", seed, seed)
	rng := seeded(seed)
	const dim = 2000 // so that a hole is 8 kB, and 500 of them are many
	for round := range 12 {
		m := allMetrics[round%len(allMetrics)]
		tw, disk := newTwin(m), filepath.Join(t.TempDir(), "x.ann")
		b := tw.builder(t, dim, nil)
		onDisk := tw.builder(t, dim, &annoy.BuilderOptions{OnDisk: disk})
		add := func(id int) {
			v := gauss(rng, dim, 1)
			for _, b := range []*annoy.Builder{b, onDisk} {
				if err := b.Add(id, v); err != nil {
					t.Fatal(err)
				}
			}
			tw.items[int64(id)] = v
		}
		for next := rng.IntN(3); len(tw.items) < 60; {
			switch rng.IntN(12) {
			case 0:
				next += 300 + rng.IntN(400)
			case 1:
				add(rng.IntN(next + 1))
				continue
			case 2:
				next += 1 + rng.IntN(3)
			}
			add(next)
			next++
			if rng.IntN(15) == 0 { // an index shares the nodes until the next item
				checkBuilt(t, tw, b, onDisk, disk)
				b.Unbuild()
				onDisk.Unbuild()
			}
		}
		checkBuilt(t, tw, b, onDisk, disk)
		b.Unbuild()
		for _, id := range []int{-5, math.MinInt, math.MaxInt, math.MaxInt32} {
			if err := b.Add(id, tw.items[tw.ids()[0]]); err != nil {
				t.Fatal(err)
			}
			if v, err := b.Vector(int64(id)); err != nil || !slices.Equal(v, asStored(m, tw.items[tw.ids()[0]])) {
				t.Errorf("vector %d: %v", id, err)
			}
			if _, err := b.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest}); err == nil {
				t.Errorf("a forest with id %d", id)
			}
		}
	}
}

// checkBuilt compares what two builders have with the twin, and the forests that they build with each other.
func checkBuilt(t *testing.T, tw *twin, b, onDisk *annoy.Builder, path string) {
	t.Helper()
	if b.Len() != tw.length() {
		t.Fatalf("Len %d, want %d", b.Len(), tw.length())
	}
	for _, id := range append(tw.ids(), 1, 7, int64(tw.length()), -1) {
		want, exists := tw.items[id]
		got, err := b.Vector(id)
		if exists && (err != nil || !slices.Equal(got, asStored(tw.metric, want))) || !exists && !errors.Is(err, annoy.ErrNotFound) {
			t.Fatalf("vector %d: %v", id, err)
		}
	}
	o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 1}
	ix := build(t, b, o)
	build(t, onDisk, o)
	if !bytes.Equal(bytesOf(t, ix), readFile(t, path)) {
		t.Fatal("in memory and on disk: other bytes")
	}
}

// TestSparseBuilderMemory: a large id before its time costs what any other does.
func TestSparseBuilderMemory(t *testing.T) {
	b, err := annoy.NewBuilder(1000, annoy.Euclidean, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := make([]float32, 1000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, id := range []int{0, 1 << 30, 5, 6, -7, 1 << 20} {
		if err := b.Add(id, v); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("six items of 4 kB take %d bytes", took)
	}
}
