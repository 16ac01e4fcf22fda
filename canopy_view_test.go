package annoy_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestSaveKeepsView opens an angular index as cosine, and the other way, saves it and opens it again.
func TestSaveKeepsView(t *testing.T) {
	vs := cloud(seeded(41), 1500, 12)
	for _, name := range []string{"x.canopy", "x.ann"} {
		for _, view := range []struct{ built, asked annoy.Metric }{{annoy.Angular, annoy.Cosine}, {annoy.Cosine, annoy.Angular}} {
			o := &annoy.BuildOptions{}
			if name == "x.ann" {
				o = &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3}
			}
			first, again := filepath.Join(t.TempDir(), name), filepath.Join(t.TempDir(), name)
			if err := build(t, twinOf(view.built, vs, 0).builder(t, 12, nil), o).Save(first); err != nil {
				t.Fatal(err)
			}
			viewed := open(t, first, &annoy.OpenOptions{Metric: view.asked})
			if err := viewed.Save(again); err != nil {
				t.Fatal(err)
			}
			ix := open(t, again, nil)
			if ix.Metric() != view.asked {
				t.Errorf("%s of %v, opened as %v, saved and opened: %v", name, view.built, view.asked, ix.Metric())
			}
			if err := ix.Verify(t.Context()); err != nil {
				t.Errorf("%s of %v, saved as %v: %v", name, view.built, view.asked, err)
			}
			all := &annoy.SearchOptions{Exact: true}
			if got, want := search(t, ix, vs[0], 9, all), search(t, viewed, vs[0], 9, all); !slices.Equal(got, want) {
				t.Errorf("%s of %v, saved as %v: %v, want %v", name, view.built, view.asked, got, want)
			}
			if name == "x.canopy" {
				var written bytes.Buffer
				if n, err := viewed.WriteTo(&written); err != nil || n != int64(written.Len()) || !bytes.Equal(written.Bytes(), readFile(t, again)) {
					t.Errorf("WriteTo wrote %d bytes, other than Save: %v", n, err)
				}
			}
		}
	}
}
