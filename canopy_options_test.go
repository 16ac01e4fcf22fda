package annoy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestCanopyBuildOptions: every option that is wrong, or of the other kind, is an error that names it.
func TestCanopyBuildOptions(t *testing.T) {
	b := twinOf(annoy.Euclidean, cloud(seeded(110), 200, 6), 0).builder(t, 6, nil)
	nan := []float32{1, 2, 3, 4, 5, float32(math.NaN())}
	for says, o := range map[string]*annoy.BuildOptions{
		"Kind 2":                         {Kind: 2},
		"Shape 4":                        {Shape: 4},
		"Rows 5":                         {Rows: 5},
		"Calibrate -2":                   {Calibrate: -2},
		"MaxMemory -1":                   {MaxMemory: -1},
		"Workers -1":                     {Workers: -1},
		"Calibrate 5 and 1 Calibration":  {Calibrate: 5, CalibrationQueries: [][]float32{{1, 2, 3, 4, 5, 6}}},
		"Trees is for a forest":          {Trees: 10},
		"DotDialect is for a forest":     {DotDialect: annoy.DotMain},
		"Shape is for a canopy":          {Kind: annoy.Forest, Shape: annoy.One4},
		"Rows is for a canopy":           {Kind: annoy.Forest, Rows: annoy.RowsInt8},
		"Calibrate is for a canopy":      {Kind: annoy.Forest, Calibrate: 100},
		"CalibrationQueries is for a":    {Kind: annoy.Forest, CalibrationQueries: [][]float32{{1}}},
		"MaxMemory is for a canopy":      {Kind: annoy.Forest, MaxMemory: 1},
		"Metadata is for a canopy":       {Kind: annoy.Forest, Metadata: []byte{1}},
		"calibration query 1 has 2 comp": {CalibrationQueries: [][]float32{{1, 2, 3, 4, 5, 6}, {1, 2}}},
		"calibration query 0: component": {CalibrationQueries: [][]float32{nan}},
	} {
		_, err := b.Build(t.Context(), o)
		var want error = annoy.ErrOption
		switch {
		case strings.Contains(says, "has 2"):
			want = annoy.ErrDimension
		case strings.Contains(says, "component"):
			want = annoy.ErrNotFinite
		}
		if !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	build(t, b, nil) // and the builder is none the worse
}

// TestSearchOptionErrors, of both kinds.
func TestSearchOptionErrors(t *testing.T) {
	tw := twinOf(annoy.Euclidean, cloud(seeded(111), 200, 6), 0)
	q := tw.items[0]
	kinds := map[string]*annoy.Index{
		"canopy": tw.canopy(t, 6, &annoy.BuildOptions{Calibrate: 20}), "uncalibrated": tw.canopy(t, 6, nil), "forest": tw.build(t, 6, 2),
	}
	for name, ix := range kinds {
		for says, o := range map[string]*annoy.SearchOptions{
			"Recall -0.1": {Recall: -0.1}, "Recall 1.5": {Recall: 1.5}, "Recall NaN": {Recall: math.NaN()}, "SearchK -2": {SearchK: -2},
			"exclude each other": {Recall: 0.9, SearchK: 5}, "MaxDistance -1": {MaxDistance: -1}, "MinProduct": {MinProduct: 1}, "Workers": {Workers: -1},
		} {
			if _, err := ix.Search(q, 3, o); !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s, %s: %v", name, says, err)
			}
		}
		hits, err := ix.Search(q, 3, &annoy.SearchOptions{Recall: 0.9})
		if name == "canopy" && (err != nil || len(hits) != 3) || name != "canopy" && !errors.Is(err, annoy.ErrNotCalibrated) {
			t.Errorf("%s: Recall gives %v, %v", name, hits, err)
		}
		if _, err := ix.Search(q, -1, nil); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("%s: k −1: %v", name, err)
		}
		if _, err := ix.Search(q[:5], 1, nil); !errors.Is(err, annoy.ErrDimension) {
			t.Errorf("%s: short query: %v", name, err)
		}
		// Both kinds know these.
		ranked := tw.rank(q, nil)
		tw.checkHits(t, q, 9, search(t, ix, q, 9, exactly), ranked)
		without := search(t, ix, q, 9, &annoy.SearchOptions{Exact: true, Exclude: []int64{ranked[0].id, ranked[3].id, 7777}})
		tw.checkHits(t, q, 9, without, tw.rank(q, func(id int64) bool { return id != ranked[0].id && id != ranked[3].id }))
		if hits := search(t, ix, q, 9, &annoy.SearchOptions{Exclude: []int64{ranked[0].id}}); len(hits) != 9 || slices.Contains(idsOf(hits), ranked[0].id) {
			t.Errorf("%s: without the nearest: %v", name, hits)
		}
	}
}

// TestCanopyRows: what holds every component exactly is found, and what does not rounds only when it is asked for.
func TestCanopyRows(t *testing.T) {
	rng := seeded(112)
	const n, dim = 300, 9
	sets := map[annoy.Rows]func() float32{
		annoy.RowsUint8:   func() float32 { return float32(rng.IntN(256)) },
		annoy.RowsInt8:    func() float32 { return float32(rng.IntN(256) - 128) },
		annoy.RowsFloat16: func() float32 { return float32(rng.IntN(2048)-1024) / 64 },
		annoy.RowsFloat32: func() float32 { return float32(rng.NormFloat64()) },
	}
	width := map[annoy.Rows]int64{annoy.RowsUint8: 1, annoy.RowsInt8: 1, annoy.RowsFloat16: 2, annoy.RowsFloat32: 4}
	for exact, component := range sets {
		tw := newTwin(annoy.Euclidean)
		largest := 0.0
		for id := range int64(n) {
			v := make([]float32, dim)
			for c := range v {
				v[c] = component()
				largest = max(largest, math.Abs(float64(v[c])))
			}
			tw.items[id] = v
		}
		b := tw.builder(t, dim, nil)
		for _, asked := range []annoy.Rows{annoy.RowsAuto, annoy.RowsFloat32, annoy.RowsFloat16, annoy.RowsInt8, annoy.RowsUint8} {
			ix, err := b.Build(t.Context(), &annoy.BuildOptions{Rows: asked, Calibrate: -1})
			if asked == annoy.RowsUint8 && exact != annoy.RowsUint8 {
				if !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), "uint8") {
					t.Errorf("components below 0 as uint8: %v", err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			want := asked
			if asked == annoy.RowsAuto {
				want = exact
			}
			s, err := ix.Stats()
			if err != nil || s.Canopy.Rows != want {
				t.Fatalf("%v of %v: %+v (%v)", asked, exact, s.Canopy, err)
			}
			if rows := s.Canopy.Sections[len(s.Canopy.Sections)-1]; rows.Name != "rows" || rows.Bytes != n*dim*width[want] {
				t.Errorf("%v of %v: %+v", asked, exact, rows)
			}
			// float16 has 11 bits, int8 255 steps.
			slack := map[annoy.Rows]float64{annoy.RowsFloat16: largest / 2048, annoy.RowsInt8: largest / 250}[asked]
			exactly := true
			for id, v := range tw.items {
				got, err := ix.Vector(id)
				if err != nil {
					t.Fatal(err)
				}
				for c, x := range got {
					if d := math.Abs(float64(x) - float64(v[c])); d > slack {
						t.Fatalf("%v of %v: component %v is %v", asked, exact, v[c], x)
					} else if d > 0 {
						exactly = false
					}
				}
			}
			if why := s.Canopy.RowsWhy; exactly == strings.Contains(why, "rounded") {
				t.Errorf("%v of %v: exact is %v, and %q is told", asked, exact, exactly, why)
			}
		}
	}
}

// TestCanopyShapes: each can be asked for, and answers.
func TestCanopyShapes(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		tw := twinOf(m, cloud(seeded(113), 3000, 30), 0)
		b := tw.builder(t, 30, nil)
		for _, shape := range []annoy.Shape{annoy.One4, annoy.One8, annoy.Two8} {
			ix := build(t, b, &annoy.BuildOptions{Shape: shape, Calibrate: 50})
			s, err := ix.Stats()
			if err != nil {
				t.Fatal(err)
			}
			c := s.Canopy
			bytes := map[annoy.Shape]int{annoy.One4: 8/2 + 4, annoy.One8: 4/2 + 4, annoy.Two8: 4/2 + 4}[shape]
			if c.Shape != shape || c.ShapeWhy != "asked for" || c.CodeBytes != bytes || shape != annoy.Two8 && c.Codes != 3000 || shape == annoy.Two8 && c.Codes <= 3000 {
				t.Errorf("%v: %+v", shape, c)
			}
			leaves := 0
			for i, bucket := range c.LeafSizes {
				leaves += bucket.Leaves
				if bucket.Least > bucket.Most || i > 0 && bucket.Least != c.LeafSizes[i-1].Most+1 {
					t.Errorf("%v: buckets %+v", shape, c.LeafSizes)
				}
			}
			if leaves != c.Leaves || c.Leaves < 5 || c.Tops < 2 {
				t.Errorf("%v: %d leaves in buckets, %d in all, %d tops", shape, leaves, c.Leaves, c.Tops)
			}
			if c.Calibration == nil || c.Calibration.Queries != 50 || c.Calibration.Given || len(c.Calibration.Table) != 24 {
				t.Errorf("%v: calibration %+v", shape, c.Calibration)
			}
		}
	})
}

// TestCanopyStatsAsJSON: words for what is named, and no more than there is.
func TestCanopyStatsAsJSON(t *testing.T) {
	tw := twinOf(annoy.Angular, cloud(seeded(114), 400, 8), 0)
	s, err := tw.canopy(t, 8, &annoy.BuildOptions{Shape: annoy.One8, Calibrate: -1}).Stats()
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"kind":"canopy"`, `"shape":"one8"`, `"shape_why":"asked for"`, `"rows":"float32"`, `"access":"mapped"`, `"leaf_sizes":[{"least":`, `{"name":"codes","offset":`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %s", b, want)
		}
	}
	if strings.Contains(string(b), "calibration\":{") || strings.Contains(string(b), "shape_cost") {
		t.Errorf("%s", b)
	}
	var back annoy.Stats
	if err := json.Unmarshal(b, &back); err != nil || back.Canopy.Shape != annoy.One8 || back.Kind != annoy.Canopy {
		t.Errorf("read back: %+v (%v)", back, err)
	}
}

// TestWords: what is named by a word is read back, and no other word is.
func TestWords(t *testing.T) {
	testWords(t, annoy.Two8, func(v *annoy.Shape, b []byte) error { return v.UnmarshalText(b) })
	testWords(t, annoy.RowsUint8, func(v *annoy.Rows, b []byte) error { return v.UnmarshalText(b) })
	testWords(t, annoy.AccessCold, func(v *annoy.Access, b []byte) error { return v.UnmarshalText(b) })
	testWords(t, annoy.Forest, func(v *annoy.Kind, b []byte) error { return v.UnmarshalText(b) })
	var k annoy.Kind
	if err := k.UnmarshalText([]byte("tree")); !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), `"tree", want canopy or forest`) {
		t.Errorf("tree: %v", err)
	}
	if got := annoy.Shape(9).String(); got != "Shape(9)" {
		t.Error(got)
	}
}

func testWords[T interface {
	~uint8
	String() string
}](t *testing.T, last T, read func(*T, []byte) error) {
	t.Helper()
	for v := range last + 1 {
		var got T
		if err := read(&got, []byte(v.String())); err != nil || got != v {
			t.Errorf("%v: %v, %v", v, got, err)
		}
	}
}

// TestCanopyDeterministic: the same bytes for any number of workers, in memory, on disk, and within little memory.
func TestCanopyDeterministic(t *testing.T) {
	tw := twinOf(annoy.Angular, cloud(seeded(115), 4000, 12), 0)
	b := tw.builder(t, 12, nil)
	o := annoy.BuildOptions{Calibrate: 40, Seed: 5, Workers: 1}
	want := bytesOf(t, build(t, b, &o))
	for _, workers := range []int{2, 7} {
		o.Workers = workers
		if !bytes.Equal(bytesOf(t, build(t, b, &o)), want) {
			t.Errorf("%d workers give other bytes", workers)
		}
	}
	o.Seed = 6
	if bytes.Equal(bytesOf(t, build(t, b, &o)), want) {
		t.Error("another seed gives the same bytes")
	}
}
