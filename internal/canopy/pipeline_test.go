package canopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/calibrate"
	"github.com/annoy-go/annoy/internal/exact"
	"github.com/annoy-go/annoy/internal/kernel"
)

func buildBytes(t testing.TB, vs Vectors, p Params) []byte {
	t.Helper()
	if p.Workers == 0 {
		p.Workers = 2
	}
	var out Memory
	err := Build(context.Background(), vs, &p, &out, func() ([]byte, error) { return out.Bytes(), nil })
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// buildOnDisk is the same through a file.
func buildOnDisk(t testing.TB, vs Vectors, p Params) []byte {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := func() ([]byte, error) {
		file, err := os.ReadFile(f.Name())
		data := aligned(len(file))
		copy(data, file)
		return data, err
	}
	if err := Build(context.Background(), vs, &p, Disk{f}, read); err != nil {
		t.Fatal(err)
	}
	data, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBuildIsTheSameForAnyWorkersAndMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("builds of all shapes, several times")
	}
	vs := normal(1500, 12, 7)
	p := Params{Metric: Angular, Auto: true, Seed: 9, Workers: 1, Calibrate: 30, Metadata: []byte("mine"), Keys: key}
	want := buildBytes(t, vs, p)
	for _, p.Workers = range []int{2, 7} {
		if !bytes.Equal(buildBytes(t, vs, p), want) {
			t.Errorf("%d workers: another file", p.Workers)
		}
	}
	if !bytes.Equal(buildOnDisk(t, vs, p), want) {
		t.Error("on disk: another file")
	}
	// A trial of a part of the vectors.
	little := p
	little.Memory = 120_000
	if got := mustOpen(t, buildOnDisk(t, normal(2500, 12, 8), little)); got.About.ShapeWhy != FewestBytes || got.N != 2500 {
		t.Errorf("%d vectors, %v for reason %d", got.N, got.Shape, got.About.ShapeWhy)
	}
	// Samples are smaller where there is less memory, down to a least size; from there on the file is the same.
	p.Shape, p.Memory = Two8, 18_000
	want = buildOnDisk(t, vs, p)
	p.Memory = 6_000
	if !bytes.Equal(buildOnDisk(t, vs, p), want) {
		t.Error("less memory: another file")
	}
}

// Auto takes the shape of the fewest bytes, says so, and builds what is built where that shape is asked for.
func TestBuildChoosesShape(t *testing.T) {
	vs := normal(1500, 12, 7)
	p := Params{Metric: Euclidean, Auto: true, Seed: 9, Calibrate: 50}
	ix := mustOpen(t, buildBytes(t, vs, p))
	costs := ix.About.ShapeCost
	shape := One4
	for i, s := range []Shape{One4, One8, Two8} {
		if !(costs[i] > 0) {
			t.Errorf("%v costs %v", s, costs[i])
		}
		if costs[i] < costs[shape-One4] {
			shape = s
		}
	}
	if ix.Shape != shape || ix.About.ShapeWhy != FewestBytes {
		t.Errorf("%v for reason %d, of costs %v", ix.Shape, ix.About.ShapeWhy, costs)
	}
	p.Shape = shape
	asked := mustOpen(t, buildBytes(t, vs, p))
	if asked.Shape != shape || asked.About.ShapeWhy != Asked || !bytes.Equal(asked.Blocks, ix.Blocks) || !bytes.Equal(asked.Rows, ix.Rows) {
		t.Errorf("%v for reason %d differs from the chosen one", asked.Shape, asked.About.ShapeWhy)
	}
	few := mustOpen(t, buildBytes(t, normal(900, 12, 7), Params{Metric: Euclidean, Auto: true}))
	if few.About.ShapeWhy != TooFew {
		t.Errorf("900 vectors: %v for reason %d", few.Shape, few.About.ShapeWhy)
	}
}

func TestBuildChoosesElement(t *testing.T) {
	f16 := math.Float32frombits(math.Float32bits(1.0/3) &^ 0x1fff)
	for _, c := range []struct {
		rows    []float32
		params  Params
		element kernel.Element
		why     Reason
		wrong   float32 // of a component, at most
	}{
		{[]float32{0, 255, 3}, Params{Auto: true}, kernel.Uint8, Exact, 0},
		{[]float32{-128, 127, 3}, Params{Auto: true}, kernel.Int8, Exact, 0},
		{[]float32{f16, -4096, 0.5}, Params{Auto: true}, kernel.Float16, Exact, 0},
		{[]float32{1.0 / 3, 1, 2}, Params{Auto: true}, kernel.Float32, Exact, 0},
		{[]float32{0, float32(math.Copysign(0, -1)), 3}, Params{Auto: true}, kernel.Float16, Exact, 0},
		{[]float32{1, 2, 3}, Params{Element: kernel.Float32}, kernel.Float32, Asked, 0},
		{[]float32{1, 2, 3}, Params{Element: kernel.Int8}, kernel.Int8, Asked, 0},
		{[]float32{0.5, -0.25, 0.3}, Params{Element: kernel.Int8}, kernel.Int8, Rounded, 0.5 / 127 / 2},
		{[]float32{0.5, 0.25, 0.3}, Params{Element: kernel.Uint8}, kernel.Uint8, Rounded, 0.5 / 255 / 2},
		{[]float32{0.5, 0.25, 0.3}, Params{Element: kernel.Float16}, kernel.Float16, Rounded, 1e-3},
		{[]float32{1e-44, 0, 0}, Params{Element: kernel.Uint8}, kernel.Uint8, Rounded, 1e-44},
	} {
		c.params.Metric = Euclidean
		ix := mustOpen(t, buildBytes(t, &matrix{3, c.rows}, c.params))
		if ix.Element != c.element || ix.About.RowsWhy != c.why {
			t.Errorf("%v: rows of %d for reason %d", c.rows, ix.Element, ix.About.RowsWhy)
		}
		for i, v := range ix.Stored().Row(0, make([]float32, 3)) {
			if d := math.Abs(float64(v) - float64(c.rows[i])); d > float64(c.wrong)*1.0001 {
				t.Errorf("%v in rows of %d: component %d is %v", c.rows, ix.Element, i, v)
			}
		}
	}
	for _, c := range []struct {
		rows    []float32
		element kernel.Element
	}{{[]float32{1e5, 0.1}, kernel.Float16}, {[]float32{1, -0.1}, kernel.Uint8}} {
		err := Build(context.Background(), &matrix{2, c.rows}, &Params{Metric: Euclidean, Element: c.element, Workers: 1}, new(Memory), nil)
		if e := new(RowsError); !errors.As(err, &e) || e.Element != c.element {
			t.Errorf("%v in rows of %d: %v", c.rows, c.element, err)
		}
	}
}

// What a calibration promises holds for queries that had no part in it.
func TestBuildReachesRecall(t *testing.T) {
	base, queries := wordSet()
	ix := mustOpen(t, buildBytes(t, base, Params{Metric: Angular, Auto: true, Seed: 1, Calibrate: 300}))
	if err := ix.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ix.Element != kernel.Int8 {
		t.Errorf("rows of %d", ix.Element)
	}
	var table calibrate.Table
	stored, err := ix.Calibration()
	if err != nil {
		t.Fatal(err)
	}
	if err := table.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	state, err := exact.New(exact.Angular, 10, slices.Collect(rowsOf(queries)))
	if err != nil {
		t.Fatal(err)
	}
	if err := state.Add(t.Context(), &vectorSource{vs: base}, nil); err != nil {
		t.Fatal(err)
	}
	rule := exact.NewRule(exact.Angular, slices.Collect(rowsOf(queries)))
	var s Searcher
	for _, target := range []float64{0.8, 0.9, 0.95, 0.99} {
		entry, ok := table.For(10, target)
		if !ok {
			t.Fatalf("no effort reaches %v", target)
		}
		found := 0
		for i := range queries.Len() {
			hits, err := s.Search(ix, &Query{Vec: queries.Row(i, nil), K: 10, Effort: entry.Setting})
			if err != nil {
				t.Fatal(err)
			}
			far := Angular.rawOf(rule.Limit(queries.Row(i, nil), state.Neighbors(i)[9].Distance))
			for _, h := range hits {
				if h.Dist <= far {
					found++
				}
			}
		}
		recall := float64(found) / float64(10*queries.Len())
		t.Logf("target %v: %d probes, z %v: %.4f", target, entry.Probes, entry.Z, recall)
		if recall < target-0.02 { // 200 queries are uncertain by as much
			t.Errorf("target %v: %d probes, z %v find %.3f", target, entry.Probes, entry.Z, recall)
		}
	}
}

func rowsOf(m *matrix) func(yield func([]float32) bool) {
	return func(yield func([]float32) bool) {
		for i := range m.Len() {
			if !yield(m.Row(i, nil)) {
				return
			}
		}
	}
}

// Every metric and shape builds from the smallest sets, and gives every vector back.
func TestBuildOfDegenerateSets(t *testing.T) {
	same := &matrix{dim: 3}
	for range 1200 {
		same.rows = append(same.rows, 0.1, 0.2, 0.3)
	}
	for name, vs := range map[string]*matrix{
		"empty": {dim: 3}, "one": {2, []float32{1, 2}}, "zeros": {1, make([]float32, 1100)}, "same": same, "few": normal(40, 5, 1),
		"dim 4096": normal(5, 4096, 1),
	} {
		for m := Angular; m <= Cosine; m++ {
			t.Run(fmt.Sprintf("%s/%d", name, m), func(t *testing.T) {
				vs := vs
				if m == Hamming {
					vs = vs.bits()
				}
				ix := mustOpen(t, buildBytes(t, vs, Params{Metric: m, Auto: true, Calibrate: 5}))
				if err := ix.Verify(t.Context()); err != nil {
					t.Fatal(err)
				}
				if ix.N != vs.Len() {
					t.Fatalf("%d of %d vectors", ix.N, vs.Len())
				}
				buf := make([]float32, vs.dim)
				for i := range vs.Len() {
					row, ok, err := ix.FindRow(int64(i))
					if !ok || err != nil || !slices.Equal(ix.Stored().Row(int(row), buf), vs.Row(i, nil)) {
						t.Fatalf("vector %d: row %d, %v, %v", i, row, ok, err)
					}
				}
			})
		}
	}
}

func TestBuildStops(t *testing.T) {
	vs := normal(1500, 12, 7)
	cause := errors.New("cannot read")
	// Wherever the guard fails, that is the error.
	total := 0
	count := Params{Metric: Angular, Auto: true, Seed: 9, Workers: 1, Calibrate: 30, Guard: func(do func() error) error {
		total++
		return do()
	}}
	buildBytes(t, vs, count)
	for at := 1; at < total; at += 1 + total/23 {
		calls := 0
		p := count
		p.Guard = func(do func() error) error {
			if calls++; calls == at {
				return cause
			}
			return do()
		}
		var out Memory
		if err := Build(t.Context(), vs, &p, &out, func() ([]byte, error) { return out.Bytes(), nil }); !errors.Is(err, cause) {
			t.Errorf("the guard's error at call %d of %d became %v", at, total, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	p := count
	p.Progress = func(stage string, done, total int64) {
		if done > total {
			t.Errorf("%s: %d of %d", stage, done, total)
		}
		if stage == "code" {
			cancel()
		}
	}
	var out Memory
	if err := Build(ctx, vs, &p, &out, func() ([]byte, error) { return out.Bytes(), nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while coding: %v", err)
	}
}
