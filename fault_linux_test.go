package annoy_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestBuildSurvivesTruncation cuts the file short that an on-disk build has mapped: an error, not a signal.
func TestBuildSurvivesTruncation(t *testing.T) {
	dir := t.TempDir()
	b, err := annoy.NewBuilder(100, annoy.Euclidean, &annoy.BuilderOptions{OnDisk: filepath.Join(dir, "x.ann")})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	v := make([]float32, 100)
	for i := range 20_000 {
		v[i%100] += float32(i)
		if err := b.Add(i, v); err != nil {
			t.Fatal(err)
		}
	}
	temps, err := filepath.Glob(filepath.Join(dir, ".x.ann.tmp-*"))
	if err != nil || len(temps) != 1 {
		t.Fatalf("temporary files %v, %v", temps, err)
	}
	_, err = b.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 50, Progress: func(p annoy.Progress) {
		if p.Tree >= 2 {
			if err := os.Truncate(temps[0], 4096); err != nil {
				t.Error(err)
			}
		}
	}})
	if !errors.Is(err, annoy.ErrCorrupt) {
		t.Fatalf("build over a file cut short: %v, want ErrCorrupt", err)
	}
}
