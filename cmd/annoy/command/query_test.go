package command

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// queryJSON runs a query with --json and parses its lines.
func queryJSON(t *testing.T, args ...string) []queryAnswer {
	t.Helper()
	return parseAnswers(t, mustRun(t, args...))
}

type queryAnswer struct {
	Query     int64      `json:"query"`
	IDs       []int64    `json:"ids"`
	Distances []*float32 `json:"distances"`
}

func parseAnswers(t *testing.T, s string) []queryAnswer {
	t.Helper()
	var all []queryAnswer
	for line := range strings.Lines(s) {
		var a queryAnswer
		decode(t, line, &a)
		if len(a.IDs) != len(a.Distances) {
			t.Fatalf("%d ids, %d distances: %s", len(a.IDs), len(a.Distances), line)
		}
		all = append(all, a)
	}
	return all
}

func TestQueryShape(t *testing.T) {
	// Three points on a line, euclidean: every answer is known.
	ix := buildIndex(t, [][]float32{{0, 0}, {3, 0}, {7, 0}}, "--metric", "euclidean", "--trees", "2")
	if got, want := mustRun(t, "query", ix, "--id", "1", "-k", "3", "--json"),
		`{"query":0,"ids":[1,0,2],"distances":[0,3,4]}`+"\n"; got != want {
		t.Errorf("by id: %s, want %s", got, want)
	}
	if got, want := mustRun(t, "query", ix, "--vector", "[7, 1]", "-k", "2", "--json"),
		`{"query":0,"ids":[2,1],"distances":[1,4.1231055]}`+"\n"; got != want {
		t.Errorf("by vector: %s, want %s", got, want)
	}
	queries := writeText(t, "q.jsonl", "[0,0]\n[7,0]\n")
	if got, want := mustRun(t, "query", ix, "--vectors", queries, "-k", "1", "--json"),
		`{"query":0,"ids":[0],"distances":[0]}`+"\n"+`{"query":1,"ids":[2],"distances":[0]}`+"\n"; got != want {
		t.Errorf("by file: %s, want %s", got, want)
	}
	if got, want := mustRun(t, "query", ix, "--vectors", queries, "-k", "2"), `
QUERY     RANK      ID        DISTANCE
0         1         0         0
0         2         1         3
1         1         2         0
1         2         1         4
`; got != want[1:] {
		t.Errorf("table:\n%s", got)
	}
}

func TestQueryDot(t *testing.T) {
	ix := buildIndex(t, [][]float32{{1, 0}, {5, 0}, {-2, 0}, {0, 1}}, "--metric", "dot", "--trees", "2")
	base := []string{"query", ix, "--vector", "[2,0]", "-k", "9", "--json"}
	for limit, want := range map[string]string{
		"":                 `{"query":0,"ids":[1,0,3,2],"distances":[10,2,0,-4]}`,
		"--min-product=2":  `{"query":0,"ids":[1,0],"distances":[10,2]}`,
		"--min-product=0":  `{"query":0,"ids":[1,0,3],"distances":[10,2,0]}`,
		"--min-product=99": `{"query":0,"ids":[],"distances":[]}`,
	} {
		args := base
		if limit != "" {
			args = append(slices.Clone(base), limit)
		}
		if got := mustRun(t, args...); got != want+"\n" {
			t.Errorf("%q: %s, want %s", limit, got, want)
		}
	}
	if got := mustRun(t, "query", ix, "--id", "1"); !strings.Contains(got, "PRODUCT") {
		t.Errorf("the table is not headed by PRODUCT: %s", got)
	}
	if got := mustRun(t, "query", ix, "--id", "1", "--min-product", "99"); !strings.Contains(got, "(none)") {
		t.Errorf("the table of no answers: %s", got)
	}
	fails(t, exitUsage, []string{"query", ix, "--id", "1", "--max-distance", "1"}, "--max-distance", "--min-product")
}

func TestQueryLimits(t *testing.T) {
	ix := buildIndex(t, [][]float32{{0}, {0}, {3}, {7}}, "--metric", "manhattan", "--trees", "2")
	filter := writeText(t, "f.txt", "3\n1\n1000\n")
	for _, c := range []struct {
		flags []string
		want  []int64
	}{
		{nil, []int64{0, 1, 2, 3}},
		{[]string{"--max-distance", "3"}, []int64{0, 1, 2}},
		{[]string{"--max-distance", "0"}, []int64{0, 1}},
		{[]string{"--filter", filter}, []int64{1, 3}},
		{[]string{"--filter", filter, "--max-distance", "2.5"}, []int64{1}},
		{[]string{"-k", "2"}, []int64{0, 1}},
	} {
		got := queryJSON(t, append([]string{"query", ix, "--id", "0", "--json"}, c.flags...)...)
		if len(got) != 1 || !slices.Equal(got[0].IDs, c.want) {
			t.Errorf("%q: %+v, want %v", c.flags, got, c.want)
		}
	}
}

// TestQueryWithin asks for everything within a distance: by id, by vector and by the rows of a file.
func TestQueryWithin(t *testing.T) {
	rows := make([][]float32, 500)
	for i := range rows {
		rows[i] = []float32{float32(i)}
	}
	ix := buildIndex(t, rows, "--metric", "euclidean", "--trees", "2")
	queries := writeRows(t, "q.fbin", [][]float32{{0}, {250}})
	for _, c := range []struct {
		query []string
		want  []int // of each answer
	}{
		{[]string{"--id", "0"}, []int{201}},
		{[]string{"--vector", "[499]"}, []int{201}},
		{[]string{"--vectors", queries}, []int{201, 401}},
	} {
		got := queryJSON(t, append([]string{"query", ix, "--within", "200", "--json"}, c.query...)...)
		var counts []int
		for _, a := range got {
			counts = append(counts, len(a.IDs))
		}
		if !slices.Equal(counts, c.want) {
			t.Errorf("%q: %v items, want %v", c.query, counts, c.want)
		}
	}
	if got := queryJSON(t, "query", ix, "--id", "3", "--within", "0", "--json"); len(got) != 1 || !slices.Equal(got[0].IDs, []int64{3}) {
		t.Errorf("within 0: %+v", got)
	}
	fails(t, exitUsage, []string{"query", ix, "--id", "1", "--within", "1", "-k", "3"}, "--within", "-k")
	fails(t, exitUsage, []string{"query", ix, "--id", "1", "--within", "1", "--max-distance", "3"}, "--within", "--max-distance")
	fails(t, exitUsage, []string{"query", ix, "--id", "1", "--within", "-1"}, "radius")
}

// TestQueryBatches asks more queries than a batch holds; each finds itself.
func TestQueryBatches(t *testing.T) {
	rows := make([][]float32, 2*batchRows+7)
	for i := range rows {
		rows[i] = []float32{float32(i), float32(i % 13)}
	}
	ix := buildIndex(t, rows, "--metric", "euclidean", "--trees", "3")
	got := queryJSON(t, "query", ix, "--vectors", writeRows(t, "q.fbin", rows), "-k", "1", "--search-k", "2000", "--json")
	if len(got) != len(rows) {
		t.Fatalf("%d answers to %d queries", len(got), len(rows))
	}
	for i, a := range got {
		if a.Query != int64(i) || len(a.IDs) != 1 || a.IDs[0] != int64(i) || *a.Distances[0] != 0 {
			t.Fatalf("answer %d: %+v", i, a)
		}
	}
}

func TestQuerySearchK(t *testing.T) {
	rows := randomRows(3000, 20)
	ix := buildIndex(t, rows, "--metric", "euclidean", "--trees", "3")
	q := jsonVector(rows[17])
	all := queryJSON(t, "query", ix, "--vector", q, "-k", "50", "--search-k", "9000", "--json")[0]
	few := queryJSON(t, "query", ix, "--vector", q, "-k", "50", "--search-k", "50", "--json")[0]
	if all.IDs[0] != 17 || len(all.IDs) != 50 {
		t.Fatalf("exact: %+v", all)
	}
	if slices.Equal(all.IDs, few.IDs) {
		t.Error("search-k 50 of 3000 items answers as well as the exact search: the flag has no effect")
	}
}

func TestQueryInfiniteDistance(t *testing.T) {
	ix := buildIndex(t, [][]float32{{3e38}, {-3e38}}, "--metric", "manhattan", "--trees", "1")
	got := queryJSON(t, "query", ix, "--id", "0", "--json")[0]
	if !slices.Equal(got.IDs, []int64{0, 1}) || got.Distances[0] == nil || got.Distances[1] != nil {
		t.Errorf("%+v, want distances 0 and null", got)
	}
	b, err := jsonFloats{0.1, float32(math.Inf(1)), 1e20}.MarshalJSON()
	if err != nil || string(b) != "[0.1,null,1e+20]" {
		t.Errorf("%s, %v", b, err)
	}
}

func TestQueryErrors(t *testing.T) {
	ix := buildIndex(t, randomRows(20, 4), "--trees", "2")
	narrow := writeRows(t, "narrow.npy", randomRows(2, 3))
	filter := writeText(t, "filter.txt", "1\n-4\n")
	fails(t, exitFailure, []string{"query", ix, "--id", "20"}, ix, "20")
	fails(t, exitFailure, []string{"query", ix, "--id", "-1"}, ix, "-1")
	fails(t, exitFailure, []string{"query", ix, "--id", "0", "--filter", filter}, filter, "-4")
	fails(t, exitFailure, []string{"query", "no.ann", "--id", "0"}, "no.ann")
	code, _, stderr := run(t, "query", ix, "--vectors", narrow, "--json")
	if code != exitFailure || !strings.Contains(stderr, narrow) || !strings.Contains(stderr, "dimension 3") {
		t.Errorf("other dimension: exit code %d, %s", code, stderr)
	}

	// The rows before a malformed one are answered, and then the error comes.
	bad := writeText(t, "bad.csv", "1,2,3,4\n1,2,3,4\n1,2,x,4\n")
	code, stdout, stderr := run(t, "query", ix, "--vectors", bad, "-k", "1", "--json")
	if code != exitFailure || !strings.Contains(stderr, bad) || !strings.Contains(stderr, "row 2") {
		t.Errorf("malformed row: exit code %d, %s", code, stderr)
	}
	if got := parseAnswers(t, stdout); len(got) != 2 {
		t.Errorf("%d answers before row 2, want 2", len(got))
	}
}

// TestWithoutSidecar opens an index as Annoy itself leaves it, without .meta.
func TestWithoutSidecar(t *testing.T) {
	ix := buildIndex(t, randomRows(60, 4), "--metric", "manhattan", "--trees", "3")
	want := mustRun(t, "query", ix, "--id", "7", "--json")
	if err := os.Remove(ix + ".meta"); err != nil {
		t.Fatal(err)
	}
	for _, verb := range [][]string{
		{"query", ix, "--id", "7"}, {"info", ix}, {"verify", ix}, {"convert", ix, "x.npy"},
		{"info", ix, "--dim", "4"}, {"info", ix, "--metric", "manhattan"},
	} {
		fails(t, exitUsage, verb, ix, "give --dim and --metric")
	}
	flags := []string{"--dim", "4", "--metric", "manhattan"}
	if got := mustRun(t, append([]string{"query", ix, "--id", "7", "--json"}, flags...)...); got != want {
		t.Errorf("with --dim and --metric %s, with the sidecar %s", got, want)
	}
	if got := mustRun(t, append([]string{"info", ix}, flags...)...); !strings.Contains(got, "--dim and --metric") {
		t.Errorf("info: %s", got)
	}
	mustRun(t, append([]string{"verify", ix}, flags...)...)
	fails(t, exitFailure, []string{"info", ix, "--dim", "900", "--metric", "manhattan"}, ix)
}

func TestContradictedSidecar(t *testing.T) {
	ix := buildIndex(t, randomRows(60, 4), "--trees", "3")
	fails(t, exitFailure, []string{"info", ix, "--dim", "5"}, ix, "dimension 5", "dimension 4")
	fails(t, exitFailure, []string{"info", ix, "--metric", "dot"}, ix, "dot", "angular")
	if got := mustRun(t, "info", ix, "--metric", "cosine"); !strings.Contains(got, "cosine") {
		t.Errorf("an angular index as cosine: %s", got)
	}
}

// TestSecondProcess builds in this process and queries from another.
func TestSecondProcess(t *testing.T) {
	ix := buildIndex(t, randomRows(200, 8), "--trees", "5")
	args := []string{"query", ix, "--id", "3", "-k", "20", "--json"}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asAnnoy+"=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := mustRun(t, args...); string(out) != want {
		t.Errorf("second process: %s, this one: %s", out, want)
	}

	cmd = exec.Command(os.Args[0], "query", ix)
	cmd.Env = append(os.Environ(), asAnnoy+"=1")
	err = cmd.Run()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != exitUsage {
		t.Errorf("usage error in a process: %v, want exit code %d", err, exitUsage)
	}
}

// TestQueryBlames: a fault of the file of queries is not laid on the index,
// one of the search is.
func TestQueryBlames(t *testing.T) {
	ix := buildIndex(t, randomRows(20, 2), "--trees", "2")
	missing := filepath.Join(t.TempDir(), "missing.npy")
	ragged := writeText(t, "ragged.csv", "1,2\n3\n")
	for _, queries := range []string{missing, ragged} {
		_, _, stderr := run(t, "query", ix, "--vectors", queries)
		if !strings.Contains(stderr, queries) || strings.Contains(stderr, ix) {
			t.Errorf("the error of %s: %s", queries, stderr)
		}
	}
	fails(t, exitFailure, []string{"query", ix, "--id", "99"}, ix, "99")
}
