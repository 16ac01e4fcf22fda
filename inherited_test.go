package annoy

import (
	"path/filepath"
	"reflect"
	"runtime"
	"testing"

	"github.com/annoy-go/annoy/internal/inherit"
)

// TestInherited makes indexes of each other's bytes, as a forked process does of its parent's, and closes them: the first must go on.
func TestInherited(t *testing.T) {
	for _, kind := range []Kind{Forest, Canopy} {
		for _, metric := range []Metric{Angular, Cosine, Euclidean, Manhattan, Dot, Hamming} {
			t.Run(kind.String()+"/"+metric.String(), func(t *testing.T) {
				b, err := NewBuilder(8, metric, nil)
				if err != nil {
					t.Fatal(err)
				}
				for i := range 200 {
					v := make([]float32, 8)
					for z := range v {
						v[z] = float32(i >> z & 1)
					}
					v[0] = 1
					if err := b.Add(i, v); err != nil {
						t.Fatal(err)
					}
				}
				built, err := b.Build(t.Context(), &BuildOptions{Kind: kind, Seed: 3})
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(t.TempDir(), "x.ann")
				if kind == Canopy {
					path = filepath.Join(filepath.Dir(path), "x.canopy")
				}
				if err := built.Save(path); err != nil {
					t.Fatal(err)
				}
				o := OpenOptions{Dim: 8, Metric: metric}
				checkInherited(t, built, "", o)
				for _, access := range []Access{AccessMapped, AccessResident} {
					o.Access = access
					opened, err := Open(path, &o)
					if err != nil {
						t.Fatal(err)
					}
					checkInherited(t, opened, path, o)
					if err := opened.Close(); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

func checkInherited(t *testing.T, ix *Index, path string, o OpenOptions) {
	t.Helper()
	want, err := ix.Stats()
	if err != nil {
		t.Fatal(err)
	}
	wantHits, err := ix.SearchByID(7, 20, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		taken, err := inherit.Take(inherit.Of(ix), path, &o)
		if err != nil {
			t.Fatal(err)
		}
		child := taken.(*Index)
		got, err := child.Stats()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: stats are %+v, %v; want %+v", path, got, err, want)
		}
		if hits, err := child.SearchByID(7, 20, nil); err != nil || !reflect.DeepEqual(hits, wantHits) {
			t.Errorf("%q: found %v, %v; want %v", path, hits, err, wantHits)
		}
		if err := child.Verify(t.Context()); err != nil {
			t.Errorf("%q: %v", path, err)
		}
		if err := child.Close(); err != nil {
			t.Error(err)
		}
		runtime.GC()
	}
	if hits, err := ix.SearchByID(7, 20, nil); err != nil || !reflect.DeepEqual(hits, wantHits) {
		t.Errorf("%q: found %v, %v after others were closed; want %v", path, hits, err, wantHits)
	}
}
