package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
)

// entry is an index of a report with queries per second by round, the same at all recalls.
func entry(name, library string, build float64, byRound ...float64) peers.PeerReport {
	p := peers.PeerReport{Description: peers.Description{Name: name, Library: library, Version: "1", Parameters: map[string]any{"size": 16}}}
	p.Build = peers.BuildCost{CPU: build, Bytes: 600 * 100}
	for _, recall := range []float64{0.9, 0.95, 0.99} {
		p.At = append(p.At, peers.AtRecall{Recall: recall, QPS: peers.FigureOf(byRound), ByRound: byRound})
	}
	p.Points = []peers.PointReport{{Recall: 0.97}}
	return p
}

func testReport(all ...peers.PeerReport) *peers.Report {
	return &peers.Report{
		Set: peers.SetInfo{Name: "x.npy", Metric: "euclidean", Items: 100, Dim: 128}, K: 10, Recalls: []float64{0.9, 0.95, 0.99}, Rounds: 2, Slice: 50,
		Peers: all, Absent: []peers.Absent{{Name: "scann", Reason: "it is not installed"}},
	}
}

// testConfig has results of every part, of made-up figures.
func testConfig(t *testing.T) *config {
	t.Helper()
	c, err := parseFlags([]string{"-results", filepath.Join(t.TempDir(), "results"), "-parts", "none"})
	if err != nil {
		t.Fatal(err)
	}
	info := indexInfo{Bytes: 17_000, Items: 100, Dim: 128, Shape: "two8", Element: "uint8", Vectors: 12_800}
	ours := func(v variant, qps ...float64) peers.PeerReport { return entry(v.name(), "ours", 2, qps...) }
	compared := testReport(ours(variant{}, 6000, 8000), entry("hnswlib", "hnswlib", 30, 1000, 1000), entry("annoy, 50 trees", "annoy", 5, 100, 200))
	figure := peers.FigureOf([]float64{1, 2, 3})
	for part, r := range map[string]*result{
		"queries":    {Report: compared, Indexes: map[string]indexInfo{variant{}.name(): info}},
		"calibrated": {Asked: []asking{{1, 0.8, 0.85, 1000}, {10, 0.8, 0.79, 1000}, {10, 0.85, 0.846, 900}, {100, 0.8, 0.8, 10}}},
		"tail":       {Tail: &tail{Target: 0.95, Recall: 0.9512, P50: figure, P99: figure, Ratio: figure, OwnRatio: 1.5}},
		"threads":    {Threads: &threads{Target: 0.95, One: figure, Two: figure, Gain: figure, StreamOne: figure, StreamTwo: figure, StreamGain: figure}},
		"shapes": {Report: testReport(ours(variant{}, 100, 100), ours(variant{shape: annoy.One4}, 50, 50), ours(variant{shape: annoy.One8}, 125, 125),
			ours(variant{shape: annoy.Two8}, 101, 101)), Indexes: map[string]indexInfo{variant{}.name(): info}},
		"builds": {Builds: []buildCost{{"all", peers.BuildCost{CPU: 12.3}}}},
		"memory": {Memory: []memoryOf{{Vectors: 51_200_000, File: 17_000_000, Seconds: 3, sampled: sampled{Anon: 9_000_000}}}},
		"cold": {Cold: []coldOf{{Index: "ours", Bytes: 17_000_000, Access: "cold", Recall: 0.951, First: asked{Queries: 100, Seconds: 2, Read: 4_000_000, Faults: 50},
			Then: asked{Queries: 1, Seconds: 1}}}},
		"resident": {Resident: &resident{Target: 0.95, Mapped: figure, Resident: figure, Gain: figure}},
		"large":    {Large: &large{Build: memoryOf{Seconds: 3, File: 17_000_000}, Info: info, Asked: []asking{{10, 0.95, 0.96, 1000}}}},
		"growth":   {Growth: []growth{{0.95, []grown{{100, figure}, {1000, figure}}, peers.FigureOf([]float64{0.4})}}},
	} {
		if err := r.save(c, newResult(c, part, c.sets[0])); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestPage(t *testing.T) {
	c := testConfig(t)
	p, err := readPage(c)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.render()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| hnswlib | 7.00× (6.00–8.00), goal 6.50× ✓ | 7.00× (6.00–8.00), goal 6.50× ✓ |",
		"| annoy, 50 trees | 50.0× (40.0–60.0) | 50.0× (40.0–60.0), goal 42.0× ✓ |",
		"| SIFT | two8 | uint8 | 2.0 | 30.0 | 1/15.0, goal ≤ 1/12 ✓ | 0.0170 | 42.0, goal ≤ 50.0 ✓ |",
		"scann is not here: it is not installed",
		"| SIFT | 0.7900 ✗ | 0.8460 |",
		"| SIFT | none | 0.0100 at 0.8 ✗ 50 % | none |",
		"2.00, goal ≤ 2.50 ✓",
		"2.00×, goal ≥ 1.90 ✓",
		"| SIFT | 2.00 | 2.00 | 2.00 (1.00–3.00) |",
		"| SIFT | 3.00 | 0 | 0 | 17.0 | 42.0 | two8 | 0.95 | 0.9600 | 1.00k |",
		"| SIFT | 51.2 | 17.0 | default | none | 9.00 | 3.00 |",
		"| SIFT: ours | 17.0 | cold | dropped | 0.9510 | 50.0 | 40.0 | 0.500 |",
		"| SIFT | two8 | 0.9 | 100 | 50.0 | 125 | 101 | 0.800 (0.800–0.800), goal ≥ 0.950 ✗ 84 % |",
		"| SIFT | 0.95 | 2.00 | 2.00 | 0.400, goal ≤ 0.450 ✓ |",
		"| SIFT | 12.3 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "### Random") || strings.HasPrefix(line, "### Rows") {
			t.Errorf("%q, which was not measured", line)
		}
	}
}

// The page takes its place between its marks, with its plots beside it, and nothing else changes.
func TestPageInFile(t *testing.T) {
	c := testConfig(t)
	dir := t.TempDir()
	c.page = filepath.Join(dir, "benchmarks.md")
	if err := os.WriteFile(c.page, []byte("# Before\n<!-- begin canopy -->\nold\n<!-- end canopy -->\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writePage(c); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(c.page)
	if text := string(data); err != nil || !strings.HasPrefix(text, "# Before\n<!-- begin canopy -->\n## Canopy") || !strings.HasSuffix(text, "<!-- end canopy -->\nafter\n") ||
		!strings.Contains(text, "](benchmarks/canopy-sift.svg)") {
		t.Errorf("%v:\n%s", err, data)
	}
	if svg, err := os.ReadFile(filepath.Join(dir, "benchmarks", "canopy-sift.svg")); err != nil || !strings.Contains(string(svg), "hnswlib") {
		t.Errorf("the plot: %v", err)
	}
}

func TestResultsOfTwoMachines(t *testing.T) {
	c := testConfig(t)
	other := newResult(c, "tail", c.sets[1])
	other.Machine.CPU = "another"
	r := &result{Tail: &tail{}}
	if err := r.save(c, other); err != nil {
		t.Fatal(err)
	}
	if _, err := readPage(c); err == nil || !strings.Contains(err.Error(), "another machine") {
		t.Errorf("error %v", err)
	}
}

func TestRatios(t *testing.T) {
	a, b := entry("a", "ours", 1, 10, 40, 20), entry("b", "b", 1, 10, 10, 10)
	if r := ratioAt(&a, &b, 0); r.Median != 2 || r.Min != 1 || r.Max != 4 || r.Least || r.Missing {
		t.Errorf("ratio %+v", r)
	}
	b.At[1].Least, b.At[2].Missing = true, "recall is 0.98"
	if r := ratioAt(&a, &b, 1); !r.Least || r.beside(4, true) != "2.00×* (1.00–4.00), goal 4.00× ✗ 50 %" {
		t.Errorf("at the least effort: %+v, %q", r, r.beside(4, true))
	}
	if r := ratioAt(&a, &b, 2); !r.Missing || r.beside(4, true) != "–" {
		t.Errorf("not reached: %+v, %q", r, r.beside(4, true))
	}
	if got := atMost("3", 3, 0.5); got != "3, goal ≤ 0.500 ✗ 17 %" {
		t.Errorf("too much: %q", got)
	}
	for _, g := range goals {
		if len(g.set) == 0 || g.ratio <= 1 || g.recall <= 0 || g.recall >= 1 {
			t.Errorf("goal %+v", g)
		}
	}
}

func TestShortfall(t *testing.T) {
	asked := []asking{{10, 0.8, 0.81, 0}, {10, 0.9, 0.899, 0}, {10, 0.99, 0.98, 0}, {1, 0.9, 0.5, 0}}
	if worst, at := shortfall(asked, 10); math.Abs(worst-0.01) > 1e-12 || at != 0.99 {
		t.Errorf("%v at %v", worst, at)
	}
	if worst, _ := shortfall(asked[:1], 10); worst != 0 {
		t.Errorf("none, but %v", worst)
	}
}

func TestGrowthInterpolates(t *testing.T) {
	b := bracket{effort{100, 0.9, []float64{1, 2}}, effort{200, 0.975, []float64{4, 8}}}
	// 0.95 misses half of what 0.9 misses, and 0.975 half of that again: half way.
	for i, want := range []float64{2, 4} {
		if got := b.at(0.95)[i]; math.Abs(got-want) > 1e-9 {
			t.Errorf("round %d: %v, want %v", i, got, want)
		}
	}
	if e := exponents([]float64{1, 2}, []float64{10, 2}, 100, 10_000); math.Abs(e[0]-0.5) > 1e-12 || e[1] != 0 {
		t.Errorf("exponents %v", e)
	}
}

func TestQuantile(t *testing.T) {
	var times []time.Duration
	for i := range 200 {
		times = append(times, time.Duration(i))
	}
	if quantile(times, 0.5) != 100 || quantile(times, 0.99) != 198 || quantile(times[:1], 0.99) != 0 {
		t.Error("not the places")
	}
}

func TestFlags(t *testing.T) {
	c, err := parseFlags([]string{"-sets", "gloss,fashion", "-parts", "queries,tail", "-peers", "hnswlib", "-quick"})
	if err != nil || len(c.sets) != 2 || c.sets[1].title != "Fashion-MNIST" || len(c.parts) != 2 || len(c.peers) != 1 || c.rows != quickRows {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := parseFlags([]string{"-peers", "none"}); err != nil || len(c.peers) != 0 || len(c.sets) != len(setNames()) || len(c.parts) != len(parts) {
		t.Errorf("%+v, %v", c, err)
	}
	for want, args := range map[string][]string{
		`no set "glos"`: {"-sets", "glos"}, `no part "x"`: {"-parts", "x"}, "1 or more": {"-rounds", "0"}, "not a flag": {"tail"},
	} {
		if _, err := parseFlags(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
	for _, p := range parts {
		for _, set := range p.sets {
			if _, err := parseFlags([]string{"-sets", set}); err != nil {
				t.Errorf("part %s: %v", p.name, err)
			}
		}
	}
}
