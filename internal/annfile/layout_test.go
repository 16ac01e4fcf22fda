package annfile

import (
	"math"
	"slices"
	"testing"
)

// TestLayouts: the table of the format, dimension by dimension.
func TestLayouts(t *testing.T) {
	for _, dim := range []int{1, 2, 3, 63, 64, 65, 128, 1000} {
		words := (dim + 63) / 64
		for _, c := range []struct {
			metric                Metric
			dialect               Dialect
			size, kids, vec, leaf int
		}{
			{Angular, Released, 12 + 4*dim, 4, 12, dim + 2},
			{Euclidean, Released, 16 + 4*dim, 8, 16, dim + 2},
			{Manhattan, Released, 16 + 4*dim, 8, 16, dim + 2},
			{Hamming, Released, 16 + 8*words, 4, 16, 2*words + 3},
			{Dot, Released, 16 + 4*dim, 4, 16, dim + 3},
			{Dot, Main, 24 + 4*dim, 4, 24, dim + 5},
		} {
			l, err := NewLayout(c.metric, dim, c.dialect)
			if err != nil {
				t.Fatal(err)
			}
			if int(l.Size) != c.size || int(l.Kids) != c.kids || int(l.Vec) != c.vec || l.LeafCap != c.leaf {
				t.Errorf("metric %d, dialect %d, dimension %d: %+v, want %+v", c.metric, c.dialect, dim, l, c)
			}
		}
	}
	for _, bad := range []struct {
		metric  Metric
		dim     int
		dialect Dialect
	}{{0, 3, Released}, {Hamming + 1, 3, Released}, {Angular, 0, Released}, {Angular, -1, Released}, {Dot, MaxDim + 1, Main}, {Euclidean, 3, Main}} {
		if l, err := NewLayout(bad.metric, bad.dim, bad.dialect); err == nil {
			t.Errorf("%+v: %+v", bad, l)
		}
	}
}

// TestBits: input i is bit i mod 64 of word i/64, a split's position counts from the top of each word.
func TestBits(t *testing.T) {
	for _, dim := range []int{1, 63, 64, 65, 130} {
		words := make([]uint64, (dim+63)/64)
		for i := range dim {
			v := make([]float32, dim)
			for c := range v {
				v[c] = 0.5 // not above the threshold
			}
			v[i] = 0.50001
			for w := range words {
				words[w] = math.MaxUint64 // must be cleared
			}
			PackBits(words, v)
			for w := range words {
				want := uint64(0)
				if w == i/64 {
					want = 1 << (i % 64)
				}
				if words[w] != want {
					t.Fatalf("dimension %d, component %d: word %d is %x, want %x", dim, i, w, words[w], want)
				}
			}
			back := UnpackBits(nil, words, dim)
			if len(back) != dim || back[i] != 1 || slices.Index(back, 1) != i || slices.Contains(back[i+1:], 1) {
				t.Fatalf("dimension %d, component %d: unpacked %v", dim, i, back)
			}
			for pos := range uint64(64 * len(words)) {
				if got, want := PositionBit(words, pos), int(pos) == i/64*64+63-i%64; got != want {
					t.Fatalf("dimension %d, component %d: position %d is %v", dim, i, pos, got)
				}
			}
		}
	}
}

func TestCheckFinite(t *testing.T) {
	v := []float32{0, -1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}
	if c := CheckFinite(v); c != -1 {
		t.Errorf("component %d is said not to be finite", c)
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for c := range v {
			w := slices.Clone(v)
			w[c] = float32(x)
			if got := CheckFinite(w); got != c {
				t.Errorf("%v at %d is found at %d", x, c, got)
			}
		}
	}
}
