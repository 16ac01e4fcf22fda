package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/vecio"
)

// vectorsOf reads the vectors of a file.
func vectorsOf(t *testing.T, path string) [][]float32 {
	t.Helper()
	rows, _ := readRows(t, path)
	return rows
}

// checkTruth compares the files of a truth with the true distances, in the
// order of the rows where they are equal.
func checkTruth(t *testing.T, prefix string, m annoy.Metric, base, queries [][]float32, k int, id func(row int) int32) {
	t.Helper()
	ids, err := vecio.ReadInts(prefix + "_ids.npy")
	if err != nil {
		t.Fatal(err)
	}
	ds := vectorsOf(t, prefix+"_dist.npy")
	if len(ids) != len(queries) || len(ds) != len(queries) {
		t.Fatalf("%d and %d rows for %d queries", len(ids), len(ds), len(queries))
	}
	for q, query := range queries {
		order := make([]int, len(base))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			x, y := eval.Distance(m, query, base[a]), eval.Distance(m, query, base[b])
			if m == annoy.Dot {
				x, y = y, x
			}
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
		for i, row := range order[:k] {
			if ids[q][i] != id(row) || ds[q][i] != float32(eval.Distance(m, query, base[row])) {
				t.Fatalf("%v, query %d, place %d: id %d at %v, want %d at %v", m, q, i, ids[q][i], ds[q][i], id(row), eval.Distance(m, query, base[row]))
			}
		}
	}
}

func same(row int) int32 { return int32(row) }

func TestTruth(t *testing.T) {
	base, queries := randomRows(300, 6), randomRows(340, 6)[300:]
	b, q := writeRows(t, "base.fvecs", base), writeRows(t, "queries.npy", queries)
	for _, m := range []annoy.Metric{annoy.Angular, annoy.Euclidean, annoy.Manhattan, annoy.Dot, annoy.Hamming, annoy.Cosine} {
		prefix := filepath.Join(t.TempDir(), "gt")
		out := mustRun(t, "truth", b, q, "-k", "7", "--metric", m.String(), "-o", prefix)
		if !strings.Contains(out, "gt_ids.npy") || !strings.Contains(out, "7 nearest of 300 vectors for 40 queries, "+m.String()) {
			t.Errorf("%q", out)
		}
		checkTruth(t, prefix, m, base, queries, 7, same)
		if left := files(t, filepath.Dir(prefix)); !slices.Equal(left, []string{"gt_dist.npy", "gt_ids.npy"}) {
			t.Errorf("files %v", left)
		}
	}
}

func TestTruthIDs(t *testing.T) {
	base := randomRows(30, 3)
	b := writeRows(t, "base.npy", base)
	var text strings.Builder
	for i := range base {
		text.WriteString(strings.Repeat("2", 1+i%3) + strings.Repeat("0", i/3) + "\n")
	}
	ids := writeText(t, "ids.txt", text.String())
	prefix := filepath.Join(t.TempDir(), "gt")
	// 22200000000 does not fit int32.
	fails(t, exitFailure, []string{"truth", b, b, "-k", "3", "-o", prefix, "--ids", ids}, "int32", b)
	if left := files(t, filepath.Dir(prefix)); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	var lines []string
	want := map[int]int32{}
	for i := range base {
		want[i] = int32(1<<24 + 1 + 2*i) // no float32 holds these
		lines = append(lines, strconv.Itoa(int(want[i])))
	}
	ids = writeText(t, "ids.txt", strings.Join(lines, "\n")+"\n")
	var r truthResult
	decode(t, mustRun(t, "truth", b, b, "-k", "3", "-o", prefix, "--ids", ids, "--metric", "manhattan", "--json"), &r)
	if r.IDs != prefix+"_ids.npy" || r.K != 3 || r.Rows != 30 || r.Count != 30 || r.HeldOut || r.Resumed || r.Metric != "manhattan" {
		t.Errorf("%+v", r)
	}
	checkTruth(t, prefix, annoy.Manhattan, base, base, 3, func(row int) int32 { return want[row] })
}

func TestTruthHoldOut(t *testing.T) {
	rows := randomRows(200, 4)
	for _, name := range []string{"v.npy", "v.csv"} { // of known and of unknown length
		b := writeRows(t, name, rows)
		prefix := filepath.Join(t.TempDir(), "h")
		out := mustRun(t, "truth", b, "-k", "5", "--metric", "euclidean", "-o", prefix)
		if !strings.Contains(out, "held out 20 rows at random as "+prefix+"_queries.npy") || !strings.Contains(out, prefix+"_base.npy") {
			t.Errorf("it does not say what it held out: %q", out)
		}
		base, queries := vectorsOf(t, prefix+"_base.npy"), vectorsOf(t, prefix+"_queries.npy")
		if len(base) != 180 || len(queries) != 20 {
			t.Fatalf("%d + %d rows", len(base), len(queries))
		}
		// Both together are the rows, each side in their order.
		for _, v := range rows {
			switch {
			case len(queries) > 0 && slices.Equal(queries[0], v):
				queries = queries[1:]
			case len(base) > 0 && slices.Equal(base[0], v):
				base = base[1:]
			default:
				t.Fatalf("row %v is in neither, or out of order", v)
			}
		}
		checkTruth(t, prefix, annoy.Euclidean, vectorsOf(t, prefix+"_base.npy"), vectorsOf(t, prefix+"_queries.npy"), 5, same)

		again := filepath.Join(t.TempDir(), "h")
		mustRun(t, "truth", b, "-k", "5", "-o", again)
		other := filepath.Join(t.TempDir(), "h")
		mustRun(t, "truth", b, "-k", "5", "-o", other, "--seed", "2", "--hold-out", "20")
		first, err1 := os.ReadFile(prefix + "_queries.npy")
		second, err2 := os.ReadFile(again + "_queries.npy")
		third, err3 := os.ReadFile(other + "_queries.npy")
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(first, second) || slices.Equal(first, third) {
			t.Error("the seed does not decide what is held out")
		}
	}
	// A small type stays what it is.
	path := filepath.Join(t.TempDir(), "x.npy")
	mustRun(t, "convert", writeRows(t, "v.npy", rows), path, "--element", "uint8")
	prefix := filepath.Join(t.TempDir(), "h")
	mustRun(t, "truth", path, "-k", "5", "-o", prefix, "--hold-out", "7")
	r, err := vecio.Open(prefix+"_base.npy", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Element() != vecio.Uint8 || r.Len() != 193 {
		t.Errorf("%v, %d rows", r.Element(), r.Len())
	}
}

func TestSample(t *testing.T) {
	for _, c := range [][2]int{{10, 10}, {10, 1}, {1000, 100}, {1, 1}} {
		got := sample(c[0], c[1], 5)
		for i := range got {
			if i < 0 || i >= c[0] {
				t.Errorf("%v: %d", c, i)
			}
		}
		if len(got) != c[1] {
			t.Errorf("%v: %d numbers", c, len(got))
		}
	}
}

// An interrupted truth keeps its state, says so, and continues from there.
func TestTruthResume(t *testing.T) {
	base := randomRows(150_000, 2) // more than one block
	b, q := writeRows(t, "base.npy", base), writeRows(t, "queries.npy", base[:3])
	prefix := filepath.Join(t.TempDir(), "gt")

	// What an interruption leaves, made where it is certain: after the first block.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	src, err := (&vectorFlags{}).open(b, "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.close()
	_, err = eval.Exact(ctx, src, base[:3], annoy.Euclidean, 4, &eval.ExactOptions{
		State: prefix + ".state", Progress: func(int64, int64) { cancel() },
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	code, _, stderr := runContext(t, ctx, "truth", b, q, "-k", "4", "--metric", "euclidean", "-o", prefix)
	if code != exitSignal+int(sigint) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	fails(t, exitFailure, []string{"truth", b, q, "-k", "5", "--metric", "euclidean", "-o", prefix}, "k is 4, here it is 5", "remove "+prefix+".state")
	out := mustRun(t, "truth", b, q, "-k", "4", "--metric", "euclidean", "-o", prefix)
	if !strings.Contains(out, "continued from "+prefix+".state") {
		t.Errorf("%q", out)
	}
	checkTruth(t, prefix, annoy.Euclidean, base, base[:3], 4, same)
	if left := files(t, filepath.Dir(prefix)); !slices.Equal(left, []string{"gt_dist.npy", "gt_ids.npy"}) {
		t.Errorf("files %v", left)
	}
}

// A hold-out that fails, for its state is another search's or it was interrupted, leaves all files as they were.
func TestTruthHoldOutFails(t *testing.T) {
	b := writeRows(t, "v.npy", randomRows(200, 4))
	dir := t.TempDir()
	prefix := filepath.Join(dir, "h")
	mustRun(t, "truth", b, "-k", "5", "-o", prefix)
	content := func() (all []string) {
		for _, name := range files(t, dir) {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, name+string(data))
		}
		return all
	}
	other := []string{"truth", b, "-k", "5", "-o", prefix, "--seed", "2"}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	before := content()
	if code, _, stderr := runContext(t, cancelled, other...); code != exitSignal+int(sigint) {
		t.Errorf("interrupted: exit code %d: %s", code, stderr)
	}
	if !slices.Equal(before, content()) {
		t.Error("an interruption changed files")
	}
	if err := os.WriteFile(prefix+".state", []byte("another search's"), 0o644); err != nil {
		t.Fatal(err)
	}
	before = content()
	fails(t, exitFailure, other, "remove "+prefix+".state")
	if !slices.Equal(before, content()) {
		t.Errorf("a state that is none changed files: %v", files(t, dir))
	}
}

func TestTruthErrors(t *testing.T) {
	b, q := writeRows(t, "base.npy", randomRows(20, 4)), writeRows(t, "q.npy", randomRows(20, 3))
	prefix := filepath.Join(t.TempDir(), "gt")
	fails(t, exitFailure, []string{"truth", b, q, "-k", "2", "-o", prefix}, q, "dimension 3", b, "have 4")
	fails(t, exitFailure, []string{"truth", b, "nowhere.npy", "-k", "2", "-o", prefix}, "nowhere.npy")
	fails(t, exitFailure, []string{"truth", b, b, "-k", "2", "-o", filepath.Join(prefix, "x")}, prefix)
	bad := writeText(t, "bad.csv", "1,2,3,4\n5,6,7,x\n")
	fails(t, exitFailure, []string{"truth", bad, b, "-k", "1", "-o", prefix}, bad)
	fails(t, exitUsage, []string{"truth", writeText(t, "short.csv", "1,2,3,4\n"), b, "-k", "2", "-o", prefix}, "-k 2", "1 vector")
	if left := files(t, filepath.Dir(prefix)); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}
