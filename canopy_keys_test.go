package annoy_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

// keyed is a KeySource of given keys.
type keyed struct {
	source
	keys []string
}

func (k *keyed) HasKeys() bool { return true }

func (k *keyed) Key() string { return k.keys[k.next-1] }

// mayHaveKeys is a KeySource whose vectors have none.
type mayHaveKeys struct{ source }

func (m *mayHaveKeys) HasKeys() bool { return false }
func (m *mayHaveKeys) Key() string   { panic("asked for a key that is not there") }

// TestKeySourceWithoutKeys: its ids count. What vecio reads has keys or has not, by the file.
func TestKeySourceWithoutKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.canopy")
	src := &mayHaveKeys{source{dim: 1, length: -1, rows: []adding{{40, []float32{1}}, {7, []float32{2}}}}}
	s, err := annoy.BuildFile(t.Context(), src, annoy.Euclidean, path, &annoy.BuildOptions{Calibrate: -1})
	if err != nil || s.Items != 2 || s.Canopy.Keys {
		t.Fatalf("%+v (%v)", s, err)
	}
	if v, err := open(t, path, nil).Vector(40); err != nil || v[0] != 1 {
		t.Errorf("vector of id 40: %v (%v)", v, err)
	}
	for text, want := range map[string]bool{"id,x\na,1\nb,2\n": true, "id,x\n5,1\n6,2\n": false, "1\n2\n": false} {
		r, err := vecio.NewReader(strings.NewReader(text), -1, "x.csv", nil)
		if err != nil {
			t.Fatal(err)
		}
		var src annoy.KeySource = r
		if s, err := annoy.BuildFile(t.Context(), src, annoy.Euclidean, path, &annoy.BuildOptions{Calibrate: -1}); err != nil || s.Canopy.Keys != want {
			t.Errorf("%q: %+v (%v)", text, s, err)
		}
	}
}

// TestKeys: a key leads to its item and back, in memory, on disk and from a source; the last vector of a key counts.
func TestKeys(t *testing.T) {
	vecs := cloud(seeded(120), 700, 5)
	tw := newTwin(annoy.Euclidean)
	src := &keyed{source: source{dim: 5, length: -1}}
	dir := t.TempDir()
	memory, disk := tw.builder(t, 5, nil), tw.builder(t, 5, &annoy.BuilderOptions{OnDisk: filepath.Join(dir, "disk.canopy")})
	place := map[string]int64{}
	for i, v := range vecs {
		key := fmt.Sprintf("doc-%d/ä", i*7919%500) // 200 of them twice
		id, known := place[key]
		if !known {
			id = int64(len(place))
			place[key] = id
		}
		tw.items[id] = v
		for _, b := range []*annoy.Builder{memory, disk} {
			if err := b.AddKey(key, v); err != nil {
				t.Fatal(err)
			}
		}
		src.rows, src.keys = append(src.rows, adding{-5, v}), append(src.keys, key)
	}
	for _, b := range []*annoy.Builder{memory, disk} {
		if b.Len() != len(place) {
			t.Fatalf("%d ids of %d keys", b.Len(), len(place))
		}
		if v, err := b.Vector(3); err != nil || !slices.Equal(v, tw.items[3]) {
			t.Errorf("vector 3: %v (%v)", v, err)
		}
	}
	o := &annoy.BuildOptions{Calibrate: -1}
	path := filepath.Join(dir, "file.canopy")
	if s, err := annoy.BuildFile(t.Context(), src, annoy.Euclidean, path, o); err != nil || s.Items != 500 || !s.Canopy.Keys {
		t.Fatalf("BuildFile: %+v (%v)", s, err)
	}
	for name, ix := range map[string]*annoy.Index{"memory": build(t, memory, o), "disk": build(t, disk, o), "file": open(t, path, nil)} {
		if err := ix.Verify(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		tw.checkItems(t, ix)
		for key, id := range place {
			if got, err := ix.Key(id); err != nil || got != key {
				t.Fatalf("%s: key of %d is %q (%v), want %q", name, id, got, err, key)
			}
			if got, err := ix.Lookup(key); err != nil || got != id {
				t.Fatalf("%s: %q is %d (%v), want %d", name, key, got, err, id)
			}
		}
		for _, key := range []string{"", "doc-", "doc-500/ä", "zzz", "\xff"} {
			if id, err := ix.Lookup(key); !errors.Is(err, annoy.ErrNotFound) || !strings.Contains(err.Error(), fmt.Sprintf("%q", key)) {
				t.Errorf("%s: %q is %d (%v)", name, key, id, err)
			}
		}
	}
}

// TestKeysRefused: where keys and ids would mix, and keys that are none.
func TestKeysRefused(t *testing.T) {
	v := []float32{1, 2}
	b := newTwin(annoy.Dot).builder(t, 2, nil)
	for says, err := range map[string]error{"empty": b.AddKey("", v), "65537 bytes": b.AddKey(strings.Repeat("x", 1<<16+1), v)} {
		if !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if err := b.Add(0, v); err != nil {
		t.Fatal(err)
	}
	if err := b.AddKey("a", v); !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("a key after an id: %v", err)
	}
	b = newTwin(annoy.Dot).builder(t, 2, nil)
	if err := b.AddKey("a", v[:1]); !errors.Is(err, annoy.ErrDimension) || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("a short vector: %v", err)
	}
	if err := b.AddKey("a", v); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(1, v); !errors.Is(err, annoy.ErrOption) {
		t.Errorf("an id after a key: %v", err)
	}
	if _, err := b.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest}); !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), "keys") {
		t.Errorf("a forest of keys: %v", err)
	}
	ix := build(t, b, nil)
	if err := b.AddKey("b", v); !errors.Is(err, annoy.ErrBuilt) {
		t.Errorf("a key after the build: %v", err)
	}
	b.Unbuild()
	if err := b.AddKey("b", v); err != nil {
		t.Errorf("a key after Unbuild: %v", err)
	}
	if key, err := ix.Key(0); err != nil || key != "a" || ix.Len() != 1 {
		t.Errorf("the first index: %q, %d items (%v)", key, ix.Len(), err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.AddKey("c", v); !errors.Is(err, annoy.ErrClosed) {
		t.Errorf("a key after Close: %v", err)
	}
	forest := twinOf(annoy.Dot, cloud(seeded(121), 5, 2), 0).build(t, 2, 1)
	if key, err := forest.Key(1); err != nil || key != "" {
		t.Errorf("a forest's key: %q (%v)", key, err)
	}
	if _, err := forest.Key(9); !errors.Is(err, annoy.ErrNotFound) {
		t.Errorf("a key of no item: %v", err)
	}
	if _, err := forest.Lookup("a"); !errors.Is(err, annoy.ErrNotFound) {
		t.Errorf("a key in a forest: %v", err)
	}
}
