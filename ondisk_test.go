package annoy_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestOnDiskKeepsItems: after a build the builder has the items that were added, whatever became of the file's name; to
// look at them copies nothing.
func TestOnDiskKeepsItems(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows does not replace a file that is open")
	}
	vecs := cloud(seeded(90), 700, 6)
	o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2}
	for name, change := range map[string]func(path string) error{
		"another index": func(path string) error { return twinOf(annoy.Dot, vecs[600:], 0).build(t, 6, 3).Save(path) },
		"no file":       os.Remove,
		"a directory": func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o755)
		},
	} {
		path := filepath.Join(t.TempDir(), "x.ann")
		tw := twinOf(annoy.Dot, vecs[:600], 9)
		b := tw.builder(t, 6, &annoy.BuilderOptions{OnDisk: path})
		first := build(t, b, o)
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		before := filesIn(t, filepath.Dir(path))
		for _, id := range []int64{0, 300, 599} {
			if v, err := b.Vector(id); err != nil || !slices.Equal(v, tw.items[id]) {
				t.Errorf("%s: vector %d is %v (%v), want %v", name, id, v, err, tw.items[id])
			}
		}
		if _, err := b.Distance(1, 2); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if names := filesIn(t, filepath.Dir(path)); !slices.Equal(names, before) {
			t.Errorf("%s: looking at items made files: %v", name, names)
		}
		if err := first.Verify(t.Context()); err != nil || first.Len() != 600 {
			t.Errorf("%s: the index has %d items (%v)", name, first.Len(), err)
		}
		if name == "a directory" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		b.Unbuild()
		tw.items[600] = vecs[600]
		if err := b.Add(600, vecs[600]); err != nil {
			t.Fatal(err)
		}
		build(t, b, o)
		if !bytes.Equal(readFile(t, path), bytesOf(t, tw.build(t, 6, 2))) {
			t.Errorf("%s: the second build gives other bytes", name)
		}
	}
}

// TestOnDiskNameTaken: a build whose file does not get its name keeps the items, and can be made again.
func TestOnDiskNameTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ann")
	tw := twinOf(annoy.Angular, cloud(seeded(91), 400, 5), 0)
	b := tw.builder(t, 5, &annoy.BuilderOptions{OnDisk: path})
	o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2, Progress: func(annoy.Progress) {
		if err := os.MkdirAll(filepath.Join(path, "sub"), 0o755); err != nil {
			t.Error(err)
		}
	}}
	for range 2 {
		if _, err := b.Build(t.Context(), o); err == nil {
			t.Fatal("a directory was replaced")
		}
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if v, err := b.Vector(7); err != nil || !slices.Equal(v, tw.items[7]) {
		t.Errorf("vector 7 is %v (%v), want %v", v, err, tw.items[7])
	}
	tw.items[410] = []float32{1, 2, 3, 4, 5}
	if err := b.Add(410, tw.items[410]); err != nil {
		t.Errorf("Add after a failed build: %v", err)
	}
	build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3})
	if !bytes.Equal(readFile(t, path), bytesOf(t, tw.build(t, 5, 3))) {
		t.Error("the build after failed ones gives other bytes")
	}
	if names := filesIn(t, filepath.Dir(path)); !slices.Equal(names, []string{"x.ann", "x.ann.meta"}) {
		t.Errorf("files %v", names)
	}
}

// TestNoPath: where a path is wanted, the empty one is an error that says so.
func TestNoPath(t *testing.T) {
	tw := twinOf(annoy.Dot, cloud(seeded(92), 10, 3), 0)
	ix := tw.build(t, 3, 1)
	rows := []adding{{0, tw.items[0]}}
	for name, call := range map[string]func() error{
		"Open":        func() error { _, err := annoy.Open("", nil); return err },
		"Save":        func() error { return ix.Save("") },
		"SaveDialect": func() error { return ix.SaveDialect("", annoy.DotMain) },
		"BuildFile": func() error {
			_, err := annoy.BuildFile(t.Context(), &source{dim: 3, length: 1, rows: rows}, annoy.Dot, "", &annoy.BuildOptions{Kind: annoy.Forest})
			return err
		},
	} {
		if err := call(); !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), "path is empty") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
