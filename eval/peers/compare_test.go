package peers

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/internal/cputime"
	"github.com/annoy-go/annoy/vecio"
)

// clusteredRows are n vectors around a few centres: near enough to each other for forests and graphs to find them.
func clusteredRows(seed uint64, n, dim int) [][]float32 {
	r := rand.New(rand.NewPCG(seed, 5))
	centres := make([][]float32, 20)
	for i := range centres {
		for range dim {
			centres[i] = append(centres[i], float32(r.NormFloat64()))
		}
	}
	rows := make([][]float32, n)
	for i := range rows {
		for _, x := range centres[r.IntN(len(centres))] {
			rows[i] = append(rows[i], x+0.5*float32(r.NormFloat64()))
		}
	}
	return rows
}

func writeRows(t *testing.T, path string, rows [][]float32) string {
	t.Helper()
	w, err := vecio.Create(path, len(rows[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestHoldOut(t *testing.T) {
	s := &Set{dim: 2}
	for i := range 100 {
		s.base = append(s.base, float32(i), float32(-i))
	}
	queries := eval.Split(s.holdOut(10), 2)
	all := append(eval.Split(s.base, 2), queries...)
	if len(queries) != 10 || len(all) != 100 || !s.heldOut {
		t.Fatalf("%d queries, %d in all", len(queries), len(all))
	}
	kept := slices.Clone(all[:90])
	if !slices.IsSortedFunc(kept, func(a, b []float32) int { return int(a[0] - b[0]) }) {
		t.Error("the rows that stay have lost their order")
	}
	slices.SortFunc(all, func(a, b []float32) int { return int(a[0] - b[0]) })
	for i, v := range all {
		if v[0] != float32(i) || v[1] != float32(-i) {
			t.Fatalf("row %d is %v: lost or there twice", i, v)
		}
	}
}

func TestHits(t *testing.T) {
	s := lineSet(3)
	for _, c := range []struct {
		name string
		ids  []int64
		want int
	}{
		{"all", []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10},
		{"too far", []int64{0, 1, 2, 10, 99}, 3},
		{"one id ten times", slices.Repeat([]int64{4}, 10), 1},
		{"padding", []int64{0, 1, -1, -1}, 2},
		{"none", nil, 0},
	} {
		if got, err := s.hits([][]int64{c.ids}, 2, 10); err != nil || got != c.want {
			t.Errorf("%s: %d hits (%v), want %d", c.name, got, err, c.want)
		}
	}
	for _, ids := range [][]int64{{100}, make([]int64, 11)} {
		if _, err := s.hits([][]int64{ids}, 0, 10); err == nil {
			t.Errorf("answer %v: no error", ids)
		}
	}
}

func TestTruthOfOtherVectors(t *testing.T) {
	right := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for name, ids := range map[string][]int64{
		"":                           right,
		"not the exact neighbours":   {0, 1, 2, 3, 4, 5, 6, 7, 8, 20},
		"the base has 100 rows":      {0, 1, 2, 3, 4, 5, 6, 7, 8, 100},
		"has 9 exact neighbours":     right[:9],
		"exact neighbours of 2 quer": nil,
	} {
		s := lineSet(3)
		rows := [][]int64{ids, right, right}
		if ids == nil {
			rows = rows[1:]
		}
		err := s.setTruth("truth.npy", rows, 10)
		if name == "" && (err != nil || s.kth[0] != 9) {
			t.Errorf("the right ones: %v, %v", err, s.kth)
		}
		if name != "" && (err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "truth.npy")) {
			t.Errorf("error %v, want one with %q", err, name)
		}
	}
}

// A file of ann-benchmarks gives base, queries, truth and metric, unless others are named.
func TestHDF5(t *testing.T) {
	path := filepath.Join("..", "..", "vecio", "testdata", "hdf5", "ann_default.hdf5")
	o := &Options{Base: path, Metric: annoy.Euclidean}
	in, err := readInput(t.Context(), o, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if in.dim != 3 || len(in.base) != 5*3 || len(in.queries) != 2*3 || len(in.truth) != 2 || !slices.Equal(in.truth[1], []int64{10, 11, 12}) {
		t.Errorf("read %+v", in)
	}
	if m, err := (&Options{Base: path}).metric(); err != nil || m != annoy.Euclidean {
		t.Errorf("metric %v, %v", m, err)
	}
	if in, err = readInput(t.Context(), o, 4, 100); err != nil || len(in.base) != 4*3 || in.truth != nil {
		t.Errorf("four rows of it, whose truth it does not have: %+v, %v", in, err)
	}
	// Its truth is of its own metric, base and queries; its queries are test, in whatever role it is named.
	tests := in.queries
	for _, c := range []struct {
		o     Options
		truth bool
	}{
		{Options{Base: path, Metric: annoy.Angular}, false},
		{Options{Base: path, Queries: path, Metric: annoy.Euclidean}, true},
		{Options{Base: path, Queries: path, Truth: path, Metric: annoy.Angular}, true},
		{Options{Base: writeRows(t, filepath.Join(t.TempDir(), "b.npy"), eval.Split(in.base, 3)), Queries: path, Metric: annoy.Euclidean}, false},
	} {
		if in, err = readInput(t.Context(), &c.o, 0, 100); err != nil || !slices.Equal(in.queries, tests) || (in.truth != nil) != c.truth {
			t.Errorf("%+v: queries %v, truth %v, %v", c.o, in.queries, in.truth, err)
		}
	}
	queries := writeRows(t, filepath.Join(t.TempDir(), "q.fvecs"), [][]float32{{1, 2, 3}})
	o = &Options{Base: path, Queries: queries, Metric: annoy.Dot}
	if in, err = readInput(t.Context(), o, 0, 100); err != nil || !slices.Equal(in.queries, []float32{1, 2, 3}) || in.truth != nil {
		t.Errorf("other queries: %+v, %v", in, err)
	}
	if m, err := o.metric(); err != nil || m != annoy.Dot {
		t.Errorf("metric %v, %v", m, err)
	}
}

func TestValidate(t *testing.T) {
	for want, o := range map[string]Options{
		"no file":       {},
		`no peer "ann"`: {Base: "x", With: []string{"ann"}},
		"k is -1":       {Base: "x", K: -1},
		"recall 1,":     {Base: "x", Recalls: []float64{1}},
		"0 trees":       {Base: "x", Trees: []int{0}},
		"need the quer": {Base: "x", Truth: "t"},
		"first 20000":   {Base: "x", Queries: "q", Truth: "t", Quick: true},
		"-1 rows":       {Base: "x", Rows: -1},
		"first 7":       {Base: "x", Queries: "q", Truth: "t", Rows: 7},
		"-1 rounds":     {Base: "x", Rounds: -1},
		"[annoy]":       {Base: "x", Alone: true, With: []string{"annoy"}},
		`called "a"`:    {Base: "x", Ours: []Own{{Name: "a"}, {Name: "a"}}},
	} {
		if _, err := Compare(t.Context(), o); !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want ErrOption with %q", err, want)
		}
	}
}

// Without an environment this library is measured alone, and all others are named.
func TestCompareAlone(t *testing.T) {
	if cputime.Check() != nil {
		t.Skip("CPU time cannot be measured on this system")
	}
	dir := t.TempDir()
	temp := filepath.Join(dir, "temp")
	if err := os.Mkdir(temp, 0o755); err != nil {
		t.Fatal(err)
	}
	base := writeRows(t, filepath.Join(dir, "base.fvecs"), clusteredRows(1, 3000, 16))
	r, err := Compare(t.Context(), Options{
		Base: base, Metric: annoy.Hamming, Quick: true, Trees: []int{5, 2, 5}, Env: filepath.Join(dir, "env"), TempDir: temp,
	})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, p := range r.Peers {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"ours, canopy", "ours, 2 trees", "ours, 5 trees"}) {
		t.Fatalf("measured %+v", r.Peers)
	}
	if r.Set.Items != 2800 || r.Set.Queries != "held out of the base" {
		t.Errorf("set %+v", r.Set)
	}
	for _, p := range r.Peers {
		if a := p.At[0]; a.Missing != "" || a.QPS.Median <= 0 || p.Build.CPU <= 0 || p.Build.Bytes <= 0 {
			t.Errorf("%s: %+v, %+v", p.Name, p.Build, a)
		}
		if runtime.GOOS == "linux" && (p.Resident <= 0 || p.Resident > p.Build.Bytes+1<<16) {
			t.Errorf("%s: %d bytes resident of a file of %d", p.Name, p.Resident, p.Build.Bytes)
		}
	}
	var absent []string
	for _, a := range r.Absent {
		want := "it has no metric hamming"
		if a.Name == "annoy" {
			want = "annoy compare --setup"
		}
		if !strings.Contains(a.Reason, want) {
			t.Errorf("%s is absent: %q, want %q", a.Name, a.Reason, want)
		}
		absent = append(absent, a.Name)
	}
	if !slices.Equal(absent, Names()) {
		t.Errorf("absent are %q, want %q", absent, Names())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	checkOutputs(t, r)
}

// checkOutputs writes a report in all forms.
func checkOutputs(t *testing.T, r *Report) {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(data, &again); err != nil || len(again.Peers) != len(r.Peers) {
		t.Errorf("JSON: %v", err)
	}
	var text, csv, svg, page bytes.Buffer
	for _, err := range []error{again.WriteText(&text), again.WriteCSV(&csv), again.WriteSVG(&svg), again.WriteHTML(&page)} {
		if err != nil {
			t.Error(err)
		}
	}
	points := 0
	for _, p := range r.Peers {
		points += len(p.Points)
		for name, out := range map[string]string{"text": text.String(), "svg": svg.String(), "html": page.String()} {
			if !strings.Contains(out, p.Name) {
				t.Errorf("%s lacks %s", name, p.Name)
			}
		}
	}
	if lines := strings.Count(csv.String(), "\n"); lines != points+1 {
		t.Errorf("CSV has %d lines, want %d", lines, points+1)
	}
	for _, a := range r.Absent {
		if line := fmt.Sprintf("%s is not here: %s", a.Name, a.Reason); !strings.Contains(text.String(), line) {
			t.Errorf("text lacks %q", line)
		}
	}
	if strings.Contains(page.String(), "http://") && !strings.Contains(page.String(), `xmlns="http://www.w3.org/2000/svg"`) || strings.Contains(page.String(), "<script") {
		t.Error("the page is not self-contained")
	}
	for d := xml.NewDecoder(&svg); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Errorf("SVG: %v", err)
			break
		}
	}
}

// TestCompareEndToEnd is make compare-e2e: the real libraries, from the environment of ANNOY_COMPARE_ENV.
func TestCompareEndToEnd(t *testing.T) {
	env := os.Getenv("ANNOY_COMPARE_ENV")
	if env == "" {
		t.Skip("ANNOY_COMPARE_ENV is not set: the other libraries are not part of the repository; make check runs this")
	}
	with := Names()
	for _, m := range []annoy.Metric{annoy.Angular, annoy.Euclidean, annoy.Dot} {
		t.Run(m.String(), func(t *testing.T) {
			dir := t.TempDir()
			rows := clusteredRows(2, 5300, 24)
			r, err := Compare(t.Context(), Options{
				Base: writeRows(t, filepath.Join(dir, "base.npy"), rows[:5000]), Queries: writeRows(t, filepath.Join(dir, "queries.fbin"), rows[5000:]),
				Metric: m, Quick: true, Trees: []int{10}, With: with, Recalls: []float64{0.8, 0.9}, Env: env, TempDir: dir,
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Absent) > 0 || len(r.Peers) != 2+len(with) {
				t.Fatalf("%d indexes, absent: %+v", len(r.Peers), r.Absent)
			}
			for _, p := range r.Peers {
				if p.Version == "" && p.Library != oursLibrary {
					t.Errorf("%s has no version", p.Name)
				}
				if p.Build.CPU <= 0 || p.Build.Bytes < 5000*24*4 || p.EmptyCall.Median <= 0 {
					t.Errorf("%s: build %+v, empty call %v", p.Name, p.Build, p.EmptyCall)
				}
				for _, a := range p.At {
					if a.Missing != "" || a.QPS.Median <= 0 {
						t.Errorf("%s: %+v", p.Name, a)
					}
				}
				if first, last := p.Points[0], p.Points[len(p.Points)-1]; last.Recall < 0.9 || last.Recall < first.Recall {
					t.Errorf("%s: recall from %v to %v", p.Name, first.Recall, last.Recall)
				}
			}
			checkOutputs(t, r)
			var b bytes.Buffer
			if err := r.WriteText(&b); err == nil {
				t.Log("\n" + b.String())
			}
		})
	}
}
