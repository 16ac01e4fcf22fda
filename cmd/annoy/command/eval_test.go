package command

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

// evalSet is an index, a file of queries, and one of their truth.
func evalSet(t *testing.T, metric string) (ix, queries, truth string) {
	t.Helper()
	rows := randomRows(1050, 8)
	ix = buildIndex(t, rows[:1000], "--trees", "5", "--metric", metric)
	queries = writeRows(t, "queries.npy", rows[1000:])
	prefix := filepath.Join(t.TempDir(), "gt")
	mustRun(t, "truth", writeRows(t, "base.npy", rows[:1000]), queries, "-k", "12", "--metric", metric, "-o", prefix)
	return ix, queries, prefix + "_ids.npy"
}

func runEvalJSON(t *testing.T, args ...string) eval.Report {
	t.Helper()
	var r eval.Report
	decode(t, mustRun(t, append([]string{"eval", "--json", "--min-time", "1ms"}, args...)...), &r)
	return r
}

func TestEval(t *testing.T) {
	for _, metric := range []string{"angular", "euclidean", "manhattan", "dot", "hamming", "cosine"} {
		ix, queries, truth := evalSet(t, metric)
		r := runEvalJSON(t, ix, "--queries", queries, "--truth", truth, "--recall", "0.5,0.9", "--threads", "1,2")
		if r.Index != ix || r.Truth != truth || r.Queries != 50 || r.K != 10 || len(r.Points) != 4 || r.Stats.Items != 1000 || r.Nearer != 0 {
			t.Fatalf("%s: %+v", metric, r)
		}
		for i, p := range r.Points {
			target := []float64{0.5, 0.9}[i/2]
			if p.RecallTarget == nil || *p.RecallTarget != target || p.Recall < target || p.Threads != 1+i%2 || p.QPS <= 0 || p.P99 < p.P50 {
				t.Errorf("%s, point %d: %+v", metric, i, p)
			}
		}
		// The truth computed from the index is the same.
		c := runEvalJSON(t, ix, "--queries", queries, "--recall", "0.5,0.9")
		if c.Truth != "computed" || c.Points[0].SearchK != r.Points[0].SearchK || c.Points[1].Recall != r.Points[2].Recall {
			t.Errorf("%s: computed %+v, read %+v", metric, c.Points, r.Points)
		}
	}
}

func TestEvalSweep(t *testing.T) {
	ix, queries, truth := evalSet(t, "euclidean")
	r := runEvalJSON(t, ix, "--queries", queries, "--truth", truth, "-k", "5", "--sweep", "search_k=20..100")
	var efforts []int
	for i, p := range r.Points {
		efforts = append(efforts, p.SearchK)
		if p.RecallTarget != nil || i > 0 && p.Recall < r.Points[i-1].Recall {
			t.Errorf("point %d: %+v", i, p)
		}
	}
	if !slices.Equal(efforts, []int{20, 40, 80, 100}) {
		t.Errorf("search_k %v", efforts)
	}
	text := mustRun(t, "eval", ix, "--queries", queries, "--sweep", "search_k=7,3", "--min-time", "1ms")
	for _, want := range []string{"truth computed", "50 queries for 10 neighbours", "sweep of search_k", "recall@k", "by id", "p99 µs", "1000 items of dimension 8, euclidean, 5 trees"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	lines, err := csv.NewReader(strings.NewReader(
		mustRun(t, "eval", ix, "--queries", queries, "--sweep", "search_k=7,3", "--recall", "0.7", "--csv", "--min-time", "1ms"))).ReadAll()
	if err != nil || len(lines) != 4 || lines[0][3] != "search_k" || lines[1][3] != "7" || lines[2][3] != "3" || lines[3][1] != "0.7" {
		t.Errorf("%v %v", err, lines)
	}
}

// Of the parameters that are not swept, search_k has one value too: given, or enough for the largest k.
func TestEvalSweepOthers(t *testing.T) {
	ix, queries, _ := evalSet(t, "euclidean")
	settings := func(args ...string) (list []eval.Setting) {
		for _, p := range runEvalJSON(t, append([]string{ix, "--queries", queries}, args...)...).Points {
			list = append(list, eval.Setting{SearchK: p.SearchK, K: p.K, Threads: p.Threads})
		}
		return list
	}
	for _, c := range []struct {
		args []string
		want []eval.Setting
	}{
		{[]string{"--sweep", "k=3..20"}, []eval.Setting{{SearchK: 100, K: 3, Threads: 1}, {SearchK: 100, K: 6, Threads: 1}, {SearchK: 100, K: 12, Threads: 1}, {SearchK: 100, K: 20, Threads: 1}}},
		{[]string{"--sweep", "k=3", "--search-k", "77", "--threads", "2"}, []eval.Setting{{SearchK: 77, K: 3, Threads: 2}}},
		{[]string{"--sweep", "threads=2,1", "-k", "6"}, []eval.Setting{{SearchK: 30, K: 6, Threads: 2}, {SearchK: 30, K: 6, Threads: 1}}},
		{[]string{"--sweep", "k=5", "--at", "search_k=60", "--min-recall", "0.1"}, []eval.Setting{{SearchK: 50, K: 5, Threads: 1}, {SearchK: 60, K: 10, Threads: 1}}},
		{[]string{"--sweep", "k=5", "-k", "7", "--at", "search_k=60", "--min-recall", "0.1"}, []eval.Setting{{SearchK: 35, K: 5, Threads: 1}, {SearchK: 60, K: 7, Threads: 1}}},
	} {
		if got := settings(c.args...); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.args, got, c.want)
		}
	}
	// A sweep of k alone needs no more neighbours than its largest, of the truth or of the index.
	prefix := filepath.Join(t.TempDir(), "three")
	few := writeRows(t, "few.npy", randomRows(3, 8))
	mustRun(t, "truth", few, few, "-k", "3", "--metric", "euclidean", "-o", prefix)
	small := buildIndex(t, randomRows(3, 8), "--trees", "2", "--metric", "euclidean")
	if r := runEvalJSON(t, small, "--queries", few, "--truth", prefix+"_ids.npy", "--sweep", "k=1,3"); len(r.Points) != 2 || r.K != 3 {
		t.Errorf("%+v", r)
	}
	if out := mustRun(t, "eval", ix, "--queries", queries, "--sweep", "k=1", "--min-time", "1ms", "--json"); strings.Contains(out, "dialect") {
		t.Errorf("a dialect of another metric than dot: %s", out)
	}
	text := mustRun(t, "eval", ix, "--queries", queries, "--sweep", "k=1,4", "--min-time", "1ms")
	if !strings.Contains(text, "sweep of k") || !strings.Contains(text, "1 to 4 neighbours") {
		t.Errorf("the table does not name k:\n%s", text)
	}
}

func TestParseSweep(t *testing.T) {
	for text, want := range map[string][]int{
		"search_k=5": {5}, "search_k=3,1,2": {3, 1, 2}, "search_k=8..8": {8}, "search_k=1..8": {1, 2, 4, 8}, "search_k=3..20": {3, 6, 12, 20},
		fmt.Sprintf("search_k=%d..%d", math.MaxInt/2+1, math.MaxInt): {math.MaxInt/2 + 1, math.MaxInt},
	} {
		if got, err := parseSweep(text); err != nil || got.Parameter.Name != "search_k" || !slices.Equal(got.Values, want) {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestEvalHTML(t *testing.T) {
	ix, queries, truth := evalSet(t, "angular")
	page := filepath.Join(t.TempDir(), "report.html")
	mustRun(t, "eval", ix, "--queries", queries, "--truth", truth, "--recall", "0.5,0.8,0.95", "--html", page, "--min-time", "1ms")
	b, err := os.ReadFile(page)
	if err != nil || !strings.HasPrefix(string(b), "<!DOCTYPE html>") || !strings.Contains(string(b), filepath.Base(ix)) {
		t.Errorf("%v: %.100s", err, b)
	}
	if left := files(t, filepath.Dir(page)); len(left) != 1 {
		t.Errorf("files %v", left)
	}
}

func TestEvalGate(t *testing.T) {
	ix, queries, truth := evalSet(t, "euclidean")
	args := func(more ...string) []string {
		return append([]string{"eval", ix, "--queries", queries, "--truth", truth, "--min-time", "1ms"}, more...)
	}
	for _, kept := range [][]string{
		{"--at", "recall=0.9", "--max-p99", "1h"},
		{"--at", "search_k=100000", "--min-recall", "1"},
		{"--at", "recall=0.5", "--min-recall", "0.5", "--max-p99", "1h", "--sweep", "search_k=1"},
	} {
		if out := mustRun(t, args(kept...)...); !strings.Contains(out, "search_k") {
			t.Errorf("%v: no table: %q", kept, out)
		}
	}
	for _, c := range []struct {
		flags []string
		want  []string
	}{
		{[]string{"--at", "recall=0.9", "--max-p99", "1ns"}, []string{"gate at recall=0.9", "p99 is", "more than 0 µs"}},
		{[]string{"--at", "search_k=1", "--min-recall", "0.99"}, []string{"gate at search_k=1", "recall is 0.", "less than 0.99"}},
	} {
		code, stdout, stderr := run(t, args(c.flags...)...)
		if code != exitFailure || !strings.Contains(stdout, "search_k") {
			t.Errorf("%v: exit code %d, stdout %q", c.flags, code, stdout)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("%v: error %q lacks %q", c.flags, stderr, want)
			}
		}
	}
	// So does a truth that the index beats, whatever the recall by it: here the last two of 12 neighbours stand for the nearest.
	far := filepath.Join(t.TempDir(), "far.npy")
	ids, err := eval.ReadIDs(truth)
	if err != nil {
		t.Fatal(err)
	}
	writeIDs(t, far, ids, func(row []int64) []int64 { return row[10:] })
	code, _, stderr := run(t, "eval", ix, "--queries", queries, "--truth", far, "-k", "2", "--at", "search_k=100000", "--min-recall", "0.5", "--min-time", "1ms")
	if code != exitFailure || !strings.Contains(stderr, "gate at search_k=100000: the truth "+far+" is not exact") {
		t.Errorf("a truth that is not exact: exit code %d, %s", code, stderr)
	}
	// A recall that no effort gives fails the gate.
	g := gateFlags{at: "recall=0.99", recall: 0.99, minRecall: 0.5}
	r := &eval.Report{Unreached: []eval.Unreached{{RecallTarget: 0.99, SearchK: 7, Recall: 0.9}}}
	if err := g.check(r); err == nil || !strings.Contains(err.Error(), "0.9000 at most") {
		t.Errorf("unreached: %v", err)
	}
}

// writeIDs writes a part of each row of ids.
func writeIDs(t *testing.T, path string, rows [][]int64, part func([]int64) []int64) {
	t.Helper()
	w, err := vecio.Create(path, len(part(rows[0])), &vecio.WriteOptions{Element: vecio.Int32})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, row := range rows {
		var ids []int32
		for _, id := range part(row) {
			ids = append(ids, int32(id))
		}
		if err := w.WriteInts(ids); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// A recall that nothing reaches has a line in the CSV, and a warning beside it.
func TestEvalCSVUnreached(t *testing.T) {
	var out, warned bytes.Buffer
	f := &evalFlags{csv: true}
	r := &eval.Report{Index: "x.ann", Unreached: []eval.Unreached{{RecallTarget: 0.99, SearchK: 7, Recall: 0.9}}}
	if err := f.finish(&env{stdout: &out, stderr: &warned}, r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "x.ann,0.99,,,") || !strings.Contains(warned.String(), "recall 0.99 is not reached: it is 0.9000 at search_k 7") {
		t.Errorf("stdout %q, stderr %q", out.String(), warned.String())
	}
}

// With holes and ids of the items' own, the truth's numbers are ids.
func TestEvalIDs(t *testing.T) {
	rows := randomRows(230, 5)
	base, queries := writeRows(t, "base.npy", rows[:200]), writeRows(t, "queries.npy", rows[200:])
	var ids strings.Builder
	for i := range 200 {
		ids.WriteString(strconv.Itoa(1000-5*i) + "\n")
	}
	list := writeText(t, "ids.txt", ids.String())
	ix := filepath.Join(t.TempDir(), "x.ann")
	mustRun(t, "build", base, "-o", ix, "--ids", list, "--trees", "4", "--metric", "manhattan")
	prefix := filepath.Join(t.TempDir(), "gt")
	mustRun(t, "truth", base, queries, "-o", prefix, "--ids", list, "-k", "10", "--metric", "manhattan")
	r := runEvalJSON(t, ix, "--queries", queries, "--truth", prefix+"_ids.npy", "--sweep", "search_k=100000")
	if p := r.Points[0]; p.Recall != 1 || p.RecallByID < 0.95 { // ties have other ids
		t.Errorf("%+v", p)
	}
	// Row numbers are other items, or holes.
	rowsTruth := filepath.Join(t.TempDir(), "rows")
	mustRun(t, "truth", base, queries, "-o", rowsTruth, "-k", "10", "--metric", "manhattan")
	fails(t, exitFailure, []string{"eval", ix, "--queries", queries, "--truth", rowsTruth + "_ids.npy"}, rowsTruth, "truth: query ")
}

func TestEvalErrors(t *testing.T) {
	ix, queries, truth := evalSet(t, "dot")
	other := writeRows(t, "other.npy", randomRows(5, 3))
	fails(t, exitFailure, []string{"eval", ix, "--queries", other}, other, "dimension 3", ix, "have 8")
	fails(t, exitFailure, []string{"eval", ix, "--queries", queries, "--truth", other}, other, "want integers")
	fails(t, exitFailure, []string{"eval", ix, "--queries", queries, "--truth", truth, "-k", "13"}, truth, "12 neighbours")
	few := writeRows(t, "few.npy", randomRows(5, 8))
	fails(t, exitFailure, []string{"eval", ix, "--queries", few, "--truth", truth}, truth, "50 rows, for 5 queries")
	path := filepath.Join(t.TempDir(), "wrong.npy")
	same := make([][]int64, 50)
	writeIDs(t, path, same, func([]int64) []int64 { return []int64{9, 8, 7, 6, 5, 4, 3, 2, 1, 0} })
	fails(t, exitFailure, []string{"eval", ix, "--queries", queries, "--truth", path}, path, "is nearer", "of this metric (dot)")
}

// A file of ann-benchmarks has all three, and names its metric, euclidean.
func TestEvalHDF5(t *testing.T) {
	file := hdf5("ann_default.hdf5")
	prefix := filepath.Join(t.TempDir(), "gt")
	if out := mustRun(t, "truth", file, file, "-o", prefix, "-k", "3"); !strings.Contains(out, "euclidean") {
		t.Errorf("truth does not take the metric of the file: %s", out)
	}
	ix := filepath.Join(t.TempDir(), "x.ann")
	if out := mustRun(t, "build", file, "-o", ix, "--trees", "3"); !strings.Contains(out, "euclidean") {
		t.Errorf("build does not take the metric of the file: %s", out)
	}
	r := runEvalJSON(t, ix, "--queries", file, "--truth", prefix+"_ids.npy", "-k", "3", "--sweep", "search_k=1000")
	if r.Points[0].Recall != 1 {
		t.Errorf("%+v", r.Points[0])
	}
}

func hdf5(name string) string {
	return filepath.Join("..", "..", "..", "vecio", "testdata", "hdf5", name)
}

func TestHDF5Metric(t *testing.T) {
	file, out := hdf5("ann_default.hdf5"), filepath.Join(t.TempDir(), "x.ann")
	for _, args := range [][]string{{"build", file, "-o", out}, {"truth", file, file, "-k", "3", "-o", out}} {
		code, stdout, stderr := run(t, append(args, "--metric", "manhattan")...)
		if code != exitOK || !strings.Contains(stdout, "manhattan") || strings.Count(stderr, "warning") != 1 ||
			!strings.Contains(stderr, file+" says that its distance is euclidean, and --metric says manhattan, which is used") {
			t.Errorf("%s: exit code %d, stdout %s, stderr %s", args[0], code, stdout, stderr)
		}
		if out := mustRun(t, append(args, "--metric", "euclidean")...); !strings.Contains(out, "euclidean") {
			t.Errorf("%s: %s", args[0], out)
		}
	}
	// --format tells what a file is, whatever its name.
	dir := t.TempDir()
	other, npy := filepath.Join(dir, "x.dat"), filepath.Join(dir, "npy.hdf5")
	for from, to := range map[string]string{file: other, writeRows(t, "v.npy", randomRows(9, 4)): npy} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text := mustRun(t, "build", other, "--format", "hdf5", "-o", out); !strings.Contains(text, "euclidean") {
		t.Errorf("--format hdf5 does not take the metric of the file: %s", text)
	}
	if text := mustRun(t, "build", npy, "--format", "npy", "-o", out); !strings.Contains(text, "angular") {
		t.Errorf("--format npy: %s", text)
	}
	// A file that says nothing is angular, as any other is.
	if out := mustRun(t, "build", hdf5("attributes.hdf5"), "-o", out); !strings.Contains(out, "angular") {
		t.Errorf("%s", out)
	}
	named := withMetric(t, file, "jaccard")
	fails(t, exitUsage, []string{"build", named, "-o", out}, named, "jaccard", "give --metric")
}

// withMetric is a copy of a file whose metric is euclidean in which it is another, of no more letters.
func withMetric(t *testing.T, path, metric string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old := []byte("euclidean")
	if !bytes.Contains(b, old) || len(metric) > len(old) {
		t.Fatalf("%s: no room for %s", path, metric)
	}
	changed := filepath.Join(t.TempDir(), "changed.hdf5")
	name := append([]byte(metric), make([]byte, len(old)-len(metric))...)
	if err := os.WriteFile(changed, bytes.ReplaceAll(b, old, name), 0o644); err != nil {
		t.Fatal(err)
	}
	return changed
}

// Queries in an HDF5 file without a truth of the index's metric are evaluated all the same.
func TestEvalHDF5WithoutTruth(t *testing.T) {
	file := hdf5("ann_default.hdf5")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	without := filepath.Join(t.TempDir(), "noneigh.hdf5")
	if err := os.WriteFile(without, bytes.ReplaceAll(b, []byte("neighbors"), []byte("neighbort")), 0o644); err != nil {
		t.Fatal(err)
	}
	ix, other := filepath.Join(t.TempDir(), "x.ann"), filepath.Join(t.TempDir(), "other.ann")
	mustRun(t, "build", file, "-o", ix, "--trees", "3")
	mustRun(t, "build", writeRows(t, "rows.npy", vectorsOf(t, file)), "-o", other, "--trees", "3", "--metric", "manhattan")
	part := filepath.Join(t.TempDir(), "part.ann")
	mustRun(t, "build", writeRows(t, "part.npy", vectorsOf(t, file)[:5]), "-o", part, "--trees", "3", "--metric", "euclidean")
	for _, c := range []struct{ index, queries, want string }{
		{part, file, "the neighbours in " + file + " are not of this index: "},
		{ix, without, without + " has no dataset neighbors: the truth is computed"},
		{other, file, "the neighbours in " + file + " are of the distance euclidean, and the index is of manhattan: the truth is computed"},
	} {
		code, stdout, stderr := run(t, "eval", c.index, "--queries", c.queries, "-k", "3", "--sweep", "search_k=1000", "--min-time", "1ms")
		if code != exitOK || !strings.Contains(stdout, "truth computed") || !strings.Contains(stderr, c.want) {
			t.Errorf("exit code %d, stdout %s, stderr %s, want %q", code, stdout, stderr, c.want)
		}
	}
}
