package annoy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestSidecarInTheWay: what stands in the sidecar's place and is no sidecar stays. The index is saved without a sidecar, and
// a warning says so, by whatever way the index is written.
func TestSidecarInTheWay(t *testing.T) {
	foreign := func(content string) func(*testing.T, string) string {
		return func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "x.ann")
			if err := os.WriteFile(path+".meta", []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	for name, place := range map[string]func(t *testing.T, dir string) string{
		"text":         foreign("notes about x.ann, an annoy-sidecar"),
		"other JSON":   foreign(`{"format": "other", "of": "annoy-sidecar"}`),
		"empty":        foreign(""),
		"long content": foreign(strings.Repeat("x", 2<<20)),
		"folder": func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "x.ann")
			if err := os.Mkdir(path+".meta", 0o755); err != nil {
				t.Fatal(err)
			}
			return path
		},
		"long name": func(_ *testing.T, dir string) string { return filepath.Join(dir, strings.Repeat("n", 251)+".ann") },
		"dangling link": func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "x.ann")
			if err := os.Symlink("nothing", path+".meta"); err != nil {
				t.Skipf("no symbolic links here: %v", err)
			}
			return path
		},
	} {
		for way, write := range waysToWrite {
			t.Run(name+", "+way, func(t *testing.T) {
				dir := t.TempDir()
				path := place(t, dir)
				before := listing(t, dir)
				warnings := write(t, path)
				if all := strings.Join(warnings, "\n"); strings.Count(all, path+".meta not written") != 1 {
					t.Errorf("warnings %q", warnings)
				}
				after := listing(t, dir)
				if _, ok := after[filepath.Base(path)]; !ok {
					t.Errorf("the index is not there: %v", after)
				}
				delete(after, filepath.Base(path))
				if len(after) != len(before) {
					t.Errorf("%v was there, now %v", before, after)
				}
				for f, content := range before {
					if after[f] != content {
						t.Errorf("%s was %q, is %q", f, content, after[f])
					}
				}
				ix := openWith(t, path)
				if ix.Len() != 1 {
					t.Errorf("%d items", ix.Len())
				}
			})
		}
	}
}

// TestSidecarReplaced: sidecars of other indexes, of later versions and damaged ones are sidecars, and give way.
func TestSidecarReplaced(t *testing.T) {
	for _, old := range []string{
		`{"format": "annoy-sidecar", "version": 99}`, `{"later": 1, "format": "annoy-sidecar", "version": 99}`,
		"{\n  \"format\": \"annoy-sidecar\",\n  \"version\"",
	} {
		for way, write := range waysToWrite {
			path := filepath.Join(t.TempDir(), "x.ann")
			if err := os.WriteFile(path+".meta", []byte(old), 0o600); err != nil {
				t.Fatal(err)
			}
			if warnings := write(t, path); len(warnings) > 0 {
				t.Errorf("%s over %q: %q", way, old, warnings)
			}
			ix, err := annoy.Open(path, nil)
			if err != nil {
				t.Fatalf("%s over %q: %v", way, old, err)
			}
			if w := ix.Warnings(); len(w) > 0 {
				t.Errorf("%s over %q: %q", way, old, w)
			}
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// waysToWrite write an index of one item to path, and return the warnings.
var waysToWrite = map[string]func(t *testing.T, path string) []string{
	"Save": func(t *testing.T, path string) []string {
		ix := builtOne(t, "", nil)
		if err := ix.Save(path); err != nil {
			t.Fatal(err)
		}
		return ix.Warnings()
	},
	"SaveDialect": func(t *testing.T, path string) []string {
		ix := builtOne(t, "", nil)
		if err := ix.SaveDialect(path, annoy.DotMain); err != nil {
			t.Fatal(err)
		}
		return ix.Warnings()
	},
	"OnDisk": func(t *testing.T, path string) (warnings []string) {
		builtOne(t, path, func(text string) { warnings = append(warnings, text) })
		return warnings
	},
	"BuildFile": func(t *testing.T, path string) (warnings []string) {
		o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 1, Warn: func(text string) { warnings = append(warnings, text) }}
		if _, err := annoy.BuildFile(t.Context(), &source{dim: 2, length: 1, rows: []adding{{0, []float32{1, 2}}}}, annoy.Dot, path, o); err != nil {
			t.Fatal(err)
		}
		return warnings
	},
}

// builtOne is an index of one item of two components, closed with the test.
func builtOne(t *testing.T, onDisk string, warn func(string)) *annoy.Index {
	t.Helper()
	b, err := annoy.NewBuilder(2, annoy.Dot, &annoy.BuilderOptions{OnDisk: onDisk, Warn: warn})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Add(0, []float32{1, 2}); err != nil {
		t.Fatal(err)
	}
	ix, err := b.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ix.Close() })
	return ix
}

// openWith opens an index of builtOne that no sidecar describes.
func openWith(t *testing.T, path string) *annoy.Index {
	t.Helper()
	ix, err := annoy.Open(path, &annoy.OpenOptions{Dim: 2, Metric: annoy.Dot})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ix.Close() })
	return ix
}

// listing is what is in a folder, by name.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			content = []byte(e.Type().String())
		}
		found[e.Name()] = string(content)
	}
	return found
}
