package annoy_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
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
	for _, q := range g.ByItem {
		// Annoy's default is n times the roots that it counts, which are too many where roots are leaves.
		hits, err := ix.SearchByID(q.Item, q.N, &annoy.SearchOptions{SearchK: q.SearchK})
		if err != nil {
			t.Fatalf("item %d: %v", q.Item, err)
		}
		v, err := ix.Vector(q.Item)
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, ix, v, hits, q.goldenAnswer, fmt.Sprintf("item %d", q.Item))
	}
	for i, q := range g.ByVector {
		hits, err := ix.Search(q.Query, q.N, &annoy.SearchOptions{SearchK: q.SearchK})
		if err != nil {
			t.Fatalf("query %d: %v", i, err)
		}
		compareGolden(t, ix, q.Query, hits, q.goldenAnswer, fmt.Sprintf("query %d", i))
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

// compareGolden wants the same ids, place by place, where distances tie in either order. A group of ties that n cuts off
// may have other members, each at its own distance, which is computed from its vector.
func compareGolden(t *testing.T, ix *annoy.Index, q []float32, hits []annoy.Neighbor, want goldenAnswer, which string) {
	t.Helper()
	if len(hits) != len(want.IDs) {
		t.Errorf("%s, n %d, search_k %d: %d hits, want %d", which, want.N, want.SearchK, len(hits), len(want.IDs))
		return
	}
	for i, h := range hits {
		if reason := want.differs(t, ix, q, hits, i); reason != "" {
			t.Errorf("%s, n %d, search_k %d: hit %d is %d at %v: %s", which, want.N, want.SearchK, i, h.ID, h.Distance, reason)
			return
		}
	}
}

// differs tells why hit i is not Annoy's, "" where it is.
func (want *goldenAnswer) differs(t *testing.T, ix *annoy.Index, q []float32, hits []annoy.Neighbor, i int) string {
	t.Helper()
	m, h := ix.Metric(), hits[i]
	if len(want.Distances) == 0 { // the oldest file has ids only
		if h.ID != want.IDs[i] {
			return fmt.Sprintf("want %d", want.IDs[i])
		}
		return ""
	}
	dist := want.Distances[i]
	if !sameDistance(m, float64(h.Distance), dist) {
		return fmt.Sprintf("want %d at %v", want.IDs[i], dist)
	}
	if slices.Contains(idsOf(hits[:i]), h.ID) {
		return "it came before"
	}
	if h.ID == want.IDs[i] {
		return ""
	}
	if j := slices.Index(want.IDs, h.ID); j >= 0 {
		if !ties(m, dist, want.Distances[j]) {
			return fmt.Sprintf("want %d at %v, and it at %v: no tie", want.IDs[i], dist, want.Distances[j])
		}
		return ""
	}
	if !ties(m, dist, want.Distances[len(hits)-1]) {
		return fmt.Sprintf("want %d at %v, and it not at all", want.IDs[i], dist)
	}
	v, err := ix.Vector(h.ID)
	if err != nil {
		return err.Error()
	}
	if d, _ := distance(m, q, v); !sameDistance(m, d, dist) {
		return fmt.Sprintf("want %d at %v, and it is at %v", want.IDs[i], dist, d)
	}
	return ""
}

// ties tells whether two distances are too close for their order to mean anything.
func ties(m annoy.Metric, a, b float64) bool {
	if m == annoy.Angular {
		return math.Abs(a*a-b*b) <= 2e-6
	}
	return math.Abs(a-b) <= 1e-5*math.Max(1, math.Abs(a))
}
