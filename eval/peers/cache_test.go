package peers

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// builder counts how often it builds, and leaves a file where the peer is told to save.
type builder struct {
	p      *python
	builds int
	fail   error
}

func (b *builder) build() (BuildCost, error) {
	b.builds++
	if b.fail != nil {
		return BuildCost{}, b.fail
	}
	return BuildCost{CPU: float64(b.builds), Wall: 2, Bytes: 3}, os.WriteFile(b.p.path, []byte("index"), 0o644)
}

func cachedPeer(version string, m int) *builder {
	return &builder{p: &python{metric: "angular", d: Description{Library: "graph", Version: version, Parameters: map[string]any{"M": m}}}}
}

func fileSet(t *testing.T, text string, rows int) *Set {
	t.Helper()
	path := filepath.Join(t.TempDir(), "base.npy")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return &Set{npyBase: path, rows: rows}
}

func TestCacheKeepsWhatWasBuilt(t *testing.T) {
	c := cache{dir: t.TempDir()}
	first := cachedPeer("1", 16)
	cost, err := c.get(first.p, fileSet(t, "rows", 10), first.build)
	if err != nil || cost.CPU != 1 || !cost.Built.IsZero() {
		t.Fatalf("first build: %+v, %v", cost, err)
	}
	again := cachedPeer("1", 16)
	cost, err = c.get(again.p, fileSet(t, "rows", 10), again.build) // another file of the same bytes
	if err != nil || again.builds != 0 || cost.CPU != 1 || cost.Bytes != 3 || cost.Built.IsZero() {
		t.Errorf("from the cache: %+v, %v, %d builds", cost, err, again.builds)
	}
	if data, err := os.ReadFile(again.p.path); err != nil || string(data) != "index" || again.p.path != first.p.path {
		t.Errorf("path %s, want %s: %v", again.p.path, first.p.path, err)
	}
	for name, other := range map[string]struct {
		version string
		m       int
		text    string
		rows    int
	}{
		"version": {"2", 16, "rows", 10}, "parameters": {"1", 32, "rows", 10},
		"vectors": {"1", 16, "Rows", 10}, "rows": {"1", 16, "rows", 9},
	} {
		b := cachedPeer(other.version, other.m)
		_, err := c.get(b.p, fileSet(t, other.text, other.rows), b.build)
		if err != nil || b.builds != 1 || b.p.path == first.p.path {
			t.Errorf("other %s: %d builds at %s, %v", name, b.builds, b.p.path, err)
		}
	}
	c.rebuild = true
	anew := cachedPeer("1", 16)
	if _, err := c.get(anew.p, fileSet(t, "rows", 10), anew.build); err != nil || anew.builds != 1 {
		t.Errorf("rebuilding: %d builds, %v", anew.builds, err)
	}
}

// A build that fails leaves nothing that counts, and an entry that is damaged is an error, not a build of minutes.
func TestCacheOfFailures(t *testing.T) {
	c := cache{dir: t.TempDir()}
	b := cachedPeer("1", 16)
	b.fail = errors.New("no memory")
	if _, err := c.get(b.p, fileSet(t, "rows", 10), b.build); !errors.Is(err, b.fail) {
		t.Errorf("error %v, want that of the build", err)
	}
	b.fail = nil
	if _, err := c.get(b.p, fileSet(t, "rows", 10), b.build); err != nil || b.builds != 2 {
		t.Errorf("after a failure: %d builds, %v", b.builds, err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(b.p.path), entryName), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.get(b.p, fileSet(t, "rows", 10), b.build); err == nil || b.builds != 2 {
		t.Errorf("a damaged entry: %v, %d builds", err, b.builds)
	}
}
