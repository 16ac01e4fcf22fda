package annoy_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestNaNInFile: Annoy takes NaN, and a file that holds one opens. It must not hide the other items, and Verify names it.
func TestNaNInFile(t *testing.T) {
	for _, m := range []annoy.Metric{annoy.Angular, annoy.Euclidean, annoy.Manhattan, annoy.Dot, annoy.Cosine} {
		for _, dim := range []int{3, 40, 300} {
			vecs := cloud(seeded(40), 700, dim)
			tw := twinOf(m, vecs, 0)
			ix := tw.build(t, dim, 4)
			data := bytesOf(t, ix)
			s, err := ix.Stats()
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []int64{0, 1, 2, 3, 4, 5, 6, 300} {
				last := int(id+1)*s.NodeBytes - 4
				binary.LittleEndian.PutUint32(data[last:], math.Float32bits(float32(math.NaN())))
				delete(tw.items, id)
			}
			bad := load(t, data, m, dim)
			for _, q := range vecs[100:110] {
				hits := search(t, bad, q, 5, everything(bad))
				tw.checkHits(t, q, 5, hits, tw.rank(q, nil))
				for _, h := range search(t, bad, q, 5, nil) {
					if h.Distance != h.Distance {
						t.Errorf("%s, dimension %d: NaN before numbers: %v", m, dim, h)
					}
				}
			}
			all := search(t, bad, vecs[100], 700, everything(bad))
			if len(all) != 700 || !slices.ContainsFunc(all[692:], func(h annoy.Neighbor) bool { return h.ID == 300 }) {
				t.Errorf("%s, dimension %d: %d hits, those with NaN are not the last", m, dim, len(all))
			}
			if err := bad.Verify(t.Context()); err == nil {
				t.Errorf("%s, dimension %d: Verify finds nothing", m, dim)
			}
		}
	}
}

// TestVeryShortVectors: angular distances do not depend on length, also where squares of squares underflow.
func TestVeryShortVectors(t *testing.T) {
	for _, m := range []annoy.Metric{annoy.Angular, annoy.Cosine} {
		for _, scale := range []float32{1e-15, 1e-12, 3e-12, 6e-12, 1e-11, 3e-11, 1e-9, 1e8, 1e9, 3e16} {
			vecs := cloud(seeded(41), 2000, 20)
			for _, v := range vecs {
				for c := range v {
					v[c] *= scale
				}
			}
			tw := twinOf(m, vecs, 0)
			ix := tw.build(t, 20, 3)
			for _, q := range vecs[:20] {
				tw.checkHits(t, q, 10, search(t, ix, q, 10, everything(ix)), tw.rank(q, nil))
			}
		}
	}
}
