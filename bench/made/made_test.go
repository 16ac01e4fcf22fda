package made

import (
	"io"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/vecio"
)

func read(t *testing.T, path string) (rows [][]float32) {
	t.Helper()
	r, err := vecio.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		v := make([]float32, r.Dim())
		if _, err := r.Next(v); err == io.EOF {
			return rows
		} else if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, v)
	}
}

func TestClusters(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.npy"), filepath.Join(dir, "b.npy")
	for path, seed := range map[string]uint64{a: 1, b: 2} {
		if err := Clusters(200, 24, 5, seed, path); err != nil {
			t.Fatal(err)
		}
	}
	base, others := read(t, a), read(t, b)
	for i, v := range others { // of the same centres: a vector of the same one is at √(24/2), of another at √(2·24) or so
		least := math.Inf(1)
		for _, x := range base {
			d := 0.0
			for c := range x {
				d += float64(x[c]-v[c]) * float64(x[c]-v[c])
			}
			least = min(least, d)
		}
		if least == 0 || least > 24 {
			t.Errorf("vector %d is at %v of the nearest", i, math.Sqrt(least))
		}
	}
}

func TestUniformAndSigns(t *testing.T) {
	dir := t.TempDir()
	a, b, c := filepath.Join(dir, "a.npy"), filepath.Join(dir, "b.npy"), filepath.Join(dir, "c.npy")
	for path, seed := range map[string]uint64{a: 1, b: 1, c: 2} {
		if err := Uniform(50, 3, seed, path); err != nil {
			t.Fatal(err)
		}
	}
	rows := read(t, a)
	if len(rows) != 50 || !slices.EqualFunc(rows, read(t, b), slices.Equal) || slices.Equal(rows[0], read(t, c)[0]) {
		t.Error("the seed does not decide the vectors")
	}
	signs := filepath.Join(dir, "signs.npy")
	centred := filepath.Join(dir, "centred.npy")
	if err := convert(a, centred, 0, func(_ int, v []float32) bool { v[0] -= 0.5; v[1] = 0; return true }); err != nil {
		t.Fatal(err)
	}
	if err := Signs(centred, signs); err != nil {
		t.Fatal(err)
	}
	ones := 0
	for i, v := range read(t, signs) {
		if v[1] != 0 || v[2] != 1 || v[0] == 1 != (rows[i][0] > 0.5) {
			t.Fatalf("signs of row %d, %v, are %v", i, rows[i], v)
		}
		ones += int(v[0])
	}
	if ones == 0 || ones == 50 {
		t.Errorf("%d of 50 components are above the middle", ones)
	}
}
