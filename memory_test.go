package annoy_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestMendMemory: an id or a hint that asks for more memory than any machine has is an error that names it, and the
// builder goes on as if nothing had been asked.
func TestMendMemory(t *testing.T) {
	const dim, id = 1 << 20, math.MaxInt32 - 1 // 2^53 bytes and more
	v := make([]float32, dim)
	v[0] = 1
	b, err := annoy.NewBuilder(dim, annoy.Euclidean, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Add(0, v); err != nil {
		t.Error(err)
	}
	o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 1}
	ix := build(t, b, o)
	b.Unbuild()
	if err := b.Add(id, v); err != nil {
		t.Error(err)
	}
	for range 2 {
		if _, err := b.Build(t.Context(), o); !errors.Is(err, annoy.ErrMemory) || !strings.Contains(err.Error(), fmt.Sprint(id)) || !strings.HasPrefix(err.Error(), "annoy: ") {
			t.Errorf("id %d: %v", id, err)
		}
		if got, err := b.Vector(id); err != nil || got[0] != 1 || b.Len() != id+1 {
			t.Errorf("after the refused build: %d ids (%v)", b.Len(), err)
		}
	}
	if hits := search(t, ix, v, 1, nil); len(hits) != 1 {
		t.Errorf("hits %v", hits)
	}
	hinted, err := annoy.NewBuilder(dim, annoy.Euclidean, &annoy.BuilderOptions{Items: math.MaxInt32})
	if err != nil {
		t.Fatal(err)
	}
	defer hinted.Close()
	if err := hinted.Add(0, v); !errors.Is(err, annoy.ErrMemory) || !strings.Contains(err.Error(), "Items") {
		t.Errorf("hint of %d items: %v", math.MaxInt32, err)
	}
}

// TestMendManyWorkers: any number of them builds, gives the same bytes, and searches.
func TestMendManyWorkers(t *testing.T) {
	vecs := cloud(seeded(23), 300, 8)
	b := twinOf(annoy.Angular, vecs, 0).builder(t, 8, nil)
	ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3, Workers: 1})
	want := bytesOf(t, ix)
	for _, workers := range []int{1000, math.MaxInt32, math.MaxInt} {
		got := bytesOf(t, build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3, Workers: workers}))
		if !bytes.Equal(got, want) {
			t.Errorf("%d workers give other bytes than 1", workers)
		}
		if hits, err := ix.SearchBatch(t.Context(), vecs, 2, &annoy.SearchOptions{Workers: workers}); err != nil || len(hits) != len(vecs) {
			t.Errorf("%d workers: %d answers (%v)", workers, len(hits), err)
		}
	}
}
