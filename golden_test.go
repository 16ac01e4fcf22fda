package annoy_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// golden is the answers of the library that wrote the .ann file beside it.
type golden struct {
	Name     string
	Metric   annoy.Metric
	Dim      int
	NItems   int `json:"n_items"`
	Trees    int `json:"n_trees_asked"`
	Reported int `json:"n_trees_reported"`
	ByItem   []struct {
		Item int64
		goldenAnswer
	} `json:"by_item"`
	ByVector []struct {
		Query []float32
		goldenAnswer
	} `json:"by_vector"`
	Distances []struct {
		A, B     int64
		Distance float64
	}
}

type goldenAnswer struct {
	N         int
	SearchK   int `json:"search_k"`
	IDs       []int64
	Distances []float64
}

func readGolden(t *testing.T, jsonPath string) golden {
	t.Helper()
	b, err := os.ReadFile(jsonPath)
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatalf("%s: %v", jsonPath, err)
	}
	return g
}

// TestGolden opens every file that Annoy 1.17.3 wrote and asks what Annoy was asked.
func TestGolden(t *testing.T) { testGoldenDir(t, "testdata/golden", 57) }

// TestGoldenUpstream does so for files that may not be copied into the repository; `make check` sets ANNOY_DATA.
func TestGoldenUpstream(t *testing.T) {
	dir := os.Getenv("ANNOY_DATA")
	if dir == "" {
		t.Skip("ANNOY_DATA is not set: the files of other sources are not part of the repository; make check runs this")
	}
	testGoldenDir(t, filepath.Join(dir, "golden-upstream"), 5)
}

func testGoldenDir(t *testing.T, dir string, files int) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) != files {
		t.Fatalf("%d files in %s, want %d (%v)", len(names), dir, files, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			g := readGolden(t, name)
			testGolden(t, g, strings.TrimSuffix(name, ".json")+".ann")
		})
	}
}

func testGolden(t *testing.T, g golden, path string) {
	ix, err := annoy.Open(path, &annoy.OpenOptions{Dim: g.Dim, Metric: g.Metric})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if ix.Len() != g.NItems && g.NItems != 0 {
		t.Errorf("Len %d, want %d", ix.Len(), g.NItems)
	}
	if want := g.Trees; want > 0 && ix.Trees() != want {
		t.Errorf("Trees %d, want %d", ix.Trees(), want)
	} else if want < 0 && ix.Trees() != g.Reported {
		t.Errorf("Trees %d, want %d", ix.Trees(), g.Reported)
	}
	if err := ix.Verify(t.Context()); err != nil {
		t.Errorf("Verify: %v", err)
	}
	alike := strings.HasPrefix(filepath.Base(path), "edge-same") || strings.HasPrefix(filepath.Base(path), "edge-zero") || strings.HasPrefix(filepath.Base(path), "dot24-zero")
	for _, q := range g.ByItem {
		// Annoy's default is n times the roots that it counts, which are too many where roots are leaves.
		hits, err := ix.SearchByID(q.Item, q.N, &annoy.SearchOptions{SearchK: q.SearchK})
		if err != nil {
			t.Fatalf("item %d: %v", q.Item, err)
		}
		compareGolden(t, ix, hits, q.goldenAnswer, alike, "item", q.Item)
	}
	for i, q := range g.ByVector {
		hits, err := ix.Search(q.Query, q.N, &annoy.SearchOptions{SearchK: q.SearchK})
		if err != nil {
			t.Fatalf("query %d: %v", i, err)
		}
		compareGolden(t, ix, hits, q.goldenAnswer, alike, "query", int64(i))
	}
	for _, d := range g.Distances {
		got, err := ix.Distance(d.A, d.B)
		if err != nil {
			t.Fatal(err)
		}
		if !sameDistance(g.Metric, float64(got), d.Distance) {
			t.Errorf("distance of %d and %d: %v, want %v", d.A, d.B, got, d.Distance)
		}
	}
}

// sameDistance allows 1e-4 of the distance; angular distances near zero are noise, of which the squares are compared.
func sameDistance(m annoy.Metric, got, want float64) bool {
	if m == annoy.Angular && math.Abs(got*got-want*want) <= 2e-6 {
		return true
	}
	return math.Abs(got-want) <= 1e-4*math.Max(math.Abs(want), 1e-2)
}

// compareGolden wants the same distances in the same order, and the same id at every place except where distances tie.
// alike: every item of the index ties, ids mean nothing.
func compareGolden(t *testing.T, ix *annoy.Index, hits []annoy.Neighbor, want goldenAnswer, alike bool, kind string, which int64) {
	t.Helper()
	if len(hits) != len(want.IDs) {
		t.Errorf("%s %d, n %d, search_k %d: %d hits, want %d", kind, which, want.N, want.SearchK, len(hits), len(want.IDs))
		return
	}
	for i, h := range hits {
		if len(want.Distances) == 0 { // the oldest file has ids only
			if h.ID != want.IDs[i] {
				t.Errorf("%s %d: hit %d is %d, want %d", kind, which, i, h.ID, want.IDs[i])
			}
			continue
		}
		if !sameDistance(ix.Metric(), float64(h.Distance), want.Distances[i]) {
			t.Errorf("%s %d, n %d, search_k %d: hit %d is %d at %v, want %d at %v", kind, which, want.N, want.SearchK, i, h.ID, h.Distance, want.IDs[i], want.Distances[i])
			return
		}
		if h.ID != want.IDs[i] && !alike && !ties(ix.Metric(), float64(h.Distance), want.Distances[i]) {
			t.Errorf("%s %d, n %d, search_k %d: hit %d is %d, want %d, and no tie", kind, which, want.N, want.SearchK, i, h.ID, want.IDs[i])
			return
		}
	}
}

// ties tells whether two distances are too close for their order to mean anything.
func ties(m annoy.Metric, a, b float64) bool {
	if m == annoy.Angular {
		return math.Abs(a*a-b*b) <= 2e-6
	}
	return math.Abs(a-b) <= 1e-5*math.Max(1, math.Abs(a))
}
