package canopy

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/internal/kernel"
)

var update = flag.Bool("update", false, "write the golden files of the current version anew")

// goldens are small files of every version of the format, each beside what a person reads in it. Those of a released
// version are kept for ever.
var goldens = map[string]fixture{
	"v1-two8": {metric: Euclidean, n: 1100, dim: 4, shape: Two8, element: kernel.Uint8, id: count, reserve: 64},
	"v1-one8": {metric: Dot, n: 60, dim: 5, shape: One8, element: kernel.Int8, id: sparse, keys: true, meta: []byte(`{"of": "one8"}`)},
	"v1-one4": {metric: Angular, n: 35, dim: 3, shape: One4, element: kernel.Float16, id: func(i int) int64 { return 1<<32 - 1 - int64(i) }},
	"v1-axes": {metric: Euclidean, n: 300, dim: 64, fold: 4, shape: Two8, element: kernel.Uint8, id: count},
	"v1-none": {metric: Hamming, dim: 2, shape: Two8, id: count},
}

func TestGolden(t *testing.T) {
	for name, f := range goldens {
		t.Run(name, func(t *testing.T) {
			path := "testdata/" + name
			if *update {
				writeGolden(t, path, f)
			}
			data, err := os.ReadFile(path + ".canopy")
			if err != nil {
				t.Fatal(err)
			}
			ix := mustOpen(t, atMultipleOf8(data))
			if err := ix.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			walk(t, ix)
			got := describe(t, ix)
			if *update {
				if err := os.WriteFile(path+".txt", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("read\n%s\nwant\n%s", got, want)
			}
		})
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".canopy"); ok && goldens[name].dim == 0 {
			t.Errorf("%s is read by no test", f.Name())
		}
	}
}

func writeGolden(t *testing.T, path string, f fixture) {
	t.Helper()
	a, out := f.assembly(t), new(Memory)
	if a.Partition.NLeaves() > 0 {
		book, err := TrainCodebook(t.Context(), a.Vectors, a.Space, a.Partition, f.shape, CodebookParams{Seed: 1, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		a.Codebook = book
	}
	b, err := a.Write(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	if f.reserve > 0 {
		if err := b.SetCalibration([]byte("a calibration")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path+".canopy", out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// describe is what a person reads in a file: all but the codes and centroids, which the sections' checksums stand for.
func describe(t *testing.T, ix *Index) string {
	t.Helper()
	var s strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	calibration, err := ix.Calibration()
	if err != nil {
		t.Fatal(err)
	}
	line("metric %d, %d components, %d coded, %v, %v", ix.Metric, ix.Dim, ix.Coded, ix.Shape, ix.Element)
	line("%d rows of %d bytes, scale %v, in %d leaves below %d tops, mean slots %.3f", ix.N, ix.RowStride, ix.RowScale, ix.NLeaves, ix.NTops, ix.MeanSlots)
	line("codes of %d sub-spaces, error %.4f; largest squared norm %v", ix.M, ix.CErr, ix.MaxNorm2)
	line("about %+v", ix.About)
	line("calibration %q, metadata %q", calibration, ix.Metadata())
	for i, section := range ix.Sections() {
		line("%7d %7d  %08x  %s", section.Offset, section.Bytes, ix.table[i].crc, section.Name)
	}
	for l, leaf := range ix.Leaves {
		if leaf.Slots > 0 {
			line("leaf %d: block %d, %d slots, rows %d to %d", l, leaf.FirstBlock, leaf.Slots, leaf.FirstRow, leaf.FirstRow+leaf.Own)
		}
	}
	x := make([]float32, ix.Dim)
	for row := 0; row < ix.N; row += max(1, ix.N/60) {
		kernel.Widen(ix.Element, ix.Row(uint32(row)), x)
		key, err := ix.Key(uint32(row))
		if err != nil {
			t.Fatal(err)
		}
		line("row %d: id %d, key %q, %v", row, ix.RowID(uint32(row)), key, x)
	}
	describeHits(t, ix, line)
	return s.String()
}

// describeHits asks with an effort that leaves nothing to the rounding of bounds.
func describeHits(t *testing.T, ix *Index, line func(string, ...any)) {
	t.Helper()
	searcher := new(Searcher)
	for i := range 3 {
		q := slices.Clone(normal(3, ix.Dim, 9).Row(i, nil))
		for d := range q {
			q[d] = float32(int(10 * q[d])) // so that distances are exact
		}
		hits, err := searcher.Search(ix, &Query{Vec: q, K: 5, Effort: Effort{Probes: 1000, Tops: 1000, Z: 4}})
		if err != nil {
			t.Fatal(err)
		}
		line("query %v", q)
		for _, h := range hits {
			line("  id %d at %.3f", ix.RowID(h.Row), h.Dist)
		}
	}
}
