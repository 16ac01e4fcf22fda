package command

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/vecio"
)

// readRows reads a vector file whole.
func readRows(t *testing.T, path string) (rows [][]float32, ids []int64) {
	t.Helper()
	r, err := vecio.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		v := make([]float32, r.Dim())
		id, err := r.Next(v)
		if err == io.EOF {
			return rows, ids
		}
		if err != nil {
			t.Fatal(err)
		}
		rows, ids = append(rows, v), append(ids, id)
	}
}

func sameRows(t *testing.T, path string, want [][]float32) {
	t.Helper()
	if got, _ := readRows(t, path); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%s: %d rows, want %d, or other values", path, len(got), len(want))
	}
}

func TestConvertVectors(t *testing.T) {
	rows := randomRows(50, 7)
	path := writeRows(t, "rows.npy", rows)
	dir := t.TempDir()
	for _, ext := range []string{"fvecs", "bvecs", "ivecs", "fbin", "u8bin", "jsonl", "ndjson", "csv", "npy"} {
		next := filepath.Join(dir, "rows."+ext)
		var r convertResult
		decode(t, mustRun(t, "convert", path, next, "--json"), &r)
		if r.In != path || r.Out != next || r.Rows != 50 || r.Dim != 7 || r.Bytes == 0 {
			t.Errorf("%+v", r)
		}
		sameRows(t, next, rows)
		path = next
	}
	for _, element := range []string{"float32", "float64", "float16", "uint8", "int8"} {
		out := filepath.Join(dir, element+".npy")
		var r convertResult
		decode(t, mustRun(t, "convert", path, out, "--element", element, "--json"), &r)
		if r.Element != element || r.Format != "npy" {
			t.Errorf("%+v, want %s", r, element)
		}
		sameRows(t, out, rows)
	}
}

func TestConvertIndexToVectors(t *testing.T) {
	rows := randomRows(90, 5)
	ix := buildIndex(t, rows, "--metric", "euclidean", "--trees", "2")
	for _, name := range []string{"out.npy", "out.jsonl"} {
		out := filepath.Join(t.TempDir(), name)
		mustRun(t, "convert", ix, out)
		sameRows(t, out, rows)
	}
}

// TestConvertHoles: ids that are not the numbers of the rows are never lost.
func TestConvertHoles(t *testing.T) {
	source := writeText(t, "v.jsonl", `{"id":1,"vector":[1,2]}
{"id":4,"vector":[3,4]}
{"id":9,"vector":[5,6]}
`)
	dir := t.TempDir()
	ix := filepath.Join(dir, "x.ann")
	mustRun(t, "build", source, "-o", ix, "--metric", "manhattan")
	want, wantIDs := [][]float32{{1, 2}, {3, 4}, {5, 6}}, []int64{1, 4, 9}

	for _, in := range []string{ix, source} {
		dir := t.TempDir()
		npy, jsonl, list := filepath.Join(dir, "x.npy"), filepath.Join(dir, "x.jsonl"), filepath.Join(dir, "ids.txt")
		fails(t, exitUsage, []string{"convert", in, npy}, in, "row 0 has id 1", "--ids-out")
		if got := files(t, dir); len(got) != 0 {
			t.Fatalf("a refused conversion left %v", got)
		}
		mustRun(t, "convert", in, jsonl)
		if _, ids := readRows(t, jsonl); !slices.Equal(ids, wantIDs) {
			t.Errorf("ids of %s: %v", jsonl, ids)
		}
		mustRun(t, "convert", in, npy, "--ids-out", list)
		sameRows(t, npy, want)
		if ids, err := vecio.ReadIDs(list); err != nil || !slices.Equal(ids, wantIDs) {
			t.Errorf("ids of %s: %v, %v", list, ids, err)
		}
		// And back: the same index.
		again := filepath.Join(dir, "again.ann")
		mustRun(t, "build", npy, "--ids", list, "-o", again, "--metric", "manhattan")
		sameFiles(t, ix, again)
	}
}

func TestConvertDialect(t *testing.T) {
	rows := randomRows(400, 6)
	released := buildIndex(t, rows, "--metric", "dot", "--trees", "4", "--dot-dialect", "released")
	dir := t.TempDir()
	main, back := filepath.Join(dir, "main.ann"), filepath.Join(dir, "back.ann")
	var r dialectResult
	decode(t, mustRun(t, "convert", released, main, "--to-dialect", "main", "--json"), &r)
	if r.Dialect != "main" || r.Items != 400 || r.Trees != 4 || r.Dim != 6 || r.Out != main {
		t.Errorf("%+v", r)
	}
	mustRun(t, "convert", main, back, "--to-dialect", "released")
	for _, path := range []string{main, back} {
		mustRun(t, "verify", path)
		args := []string{"--vector", jsonVector(rows[5]), "-k", "400", "--search-k", "1600", "--json"}
		if got, want := mustRun(t, append([]string{"query", path}, args...)...),
			mustRun(t, append([]string{"query", released}, args...)...); got != want {
			t.Errorf("%s answers otherwise than the file that it was made from", path)
		}
	}
	if got := mustRun(t, "info", main); !strings.Contains(got, "dot dialect    main") {
		t.Errorf("info: %s", got)
	}

	angular := buildIndex(t, rows, "--trees", "1")
	fails(t, exitFailure, []string{"convert", angular, main, "--to-dialect", "main"}, angular, "angular")
}

func TestConvertErrors(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.npy")
	fraction := writeText(t, "f.csv", "1,2\n3,4.5\n")
	fails(t, exitFailure, []string{"convert", fraction, out, "--element", "int8"}, out, "row 1", "column 1", "4.5")
	bad := writeText(t, "bad.csv", "1,2\n3\n")
	fails(t, exitFailure, []string{"convert", bad, out}, bad, "row 1")
	fails(t, exitFailure, []string{"convert", bad, filepath.Join(dir, "no", "out.npy")}, "no")
	fails(t, exitUsage, []string{"convert", bad, out, "--ids-out", out}, out, "both")
	if err := os.WriteFile(out, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, stderr := runContext(t, ctx, "convert", writeRows(t, "v.npy", randomRows(9, 2)), out,
		"--ids-out", filepath.Join(dir, "ids.txt")); code != exitSignal+int(sigint) || stderr != "annoy: interrupted\n" {
		t.Errorf("cancelled: exit code %d, %s", code, stderr)
	}
	if got := files(t, dir); !slices.Equal(got, []string{"out.npy"}) {
		t.Errorf("left %v", got)
	}
}
