package command

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/annoy-go/annoy/eval"
)

// Three files that say the same, each in its way.
const (
	keyedCSV   = "id,title,x,y\ndoc-a,\"one, two\",0,1\ndoc-b,three,5,5\n\"doc, c\",four,9,1\n"
	keyedLines = `{"id": "doc-a", "embedding": [0, 1], "tags": [1]}` + "\n" + `{"id": "doc-b", "embedding": [5, 5]}` + "\n" + `{"id": "doc, c", "embedding": [9, 1]}` + "\n"
	keyedTSV   = "ID\tx\ty\ndoc-a\t0\t1\ndoc-b\t5\t5\ndoc, c\t9\t1\n"
)

func gzipText(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstdText(t *testing.T, text string) string {
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(e.EncodeAll([]byte(text), nil))
}

// A column of strings called id becomes the keys of a canopy, of every format, in memory and in the file.
func TestKeysOfFiles(t *testing.T) {
	lines := []string{"--vector-field", "embedding"}
	for _, tc := range []struct {
		name, text string
		flags      []string
	}{
		{"x.csv", keyedCSV, []string{"--skip-columns", "title"}},
		{"x.csv.gz", gzipText(t, keyedCSV), []string{"--skip-columns", "title"}},
		{"x.csv.zst", zstdText(t, keyedCSV), []string{"--skip-columns", "title"}},
		{"x.tsv", keyedTSV, nil}, {"x.tsv.gz", gzipText(t, keyedTSV), nil}, {"x.TSV.ZST", zstdText(t, keyedTSV), nil},
		{"x.jsonl", keyedLines, lines}, {"x.ndjson.gz", gzipText(t, keyedLines), lines}, {"x.jsonl.zst", zstdText(t, keyedLines), lines},
		{"x.dat", zstdText(t, keyedTSV), []string{"--format", "tsv"}},
	} {
		for _, where := range [][]string{nil, {"--max-memory", "100MB"}} {
			file := writeText(t, tc.name, tc.text)
			index := filepath.Join(t.TempDir(), "x.canopy")
			mustRun(t, append(append([]string{"build", file, "-o", index, "--metric", "euclidean", "--calibrate", "0"}, where...), tc.flags...)...)
			var got queryResult
			decode(t, mustRun(t, "query", index, "--vector", "[9,1]", "-k", "2", "--exact", "--json"), &got)
			if strings.Join(got.Keys, "|") != "doc, c|doc-b" || got.IDs[0] != 2 {
				t.Errorf("%s %v: %+v", tc.name, where, got)
			}
			// The same file as queries: each finds itself, by its key.
			answers := mustRun(t, append([]string{"query", index, "--vectors", file, "-k", "1", "--exact", "--json"}, tc.flags...)...)
			want := `{"query":0,"query_key":"doc-a","ids":[0],"keys":["doc-a"],"distances":[0]}` + "\n" +
				`{"query":1,"query_key":"doc-b","ids":[1],"keys":["doc-b"],"distances":[0]}` + "\n" +
				`{"query":2,"query_key":"doc, c","ids":[2],"keys":["doc, c"],"distances":[0]}` + "\n"
			if answers != want {
				t.Errorf("%s: query: %s", tc.name, answers)
			}
			table := mustRun(t, append([]string{"query", index, "--vectors", file, "-k", "1", "--exact"}, tc.flags...)...)
			if !strings.Contains(table, "\ndoc-b     1         1         doc-b     0\n") {
				t.Errorf("%s: query: %s", tc.name, table)
			}
		}
	}
}

// An id is no component: of numbers the rows' ids are those.
func TestIDColumnIsNoComponent(t *testing.T) {
	file := writeText(t, "x.csv", "id,x,y,z\n40,1,0,0\n7,0,1,0\n9,0,0,1\n")
	index := filepath.Join(t.TempDir(), "x.ann")
	var built buildResult
	decode(t, mustRun(t, "build", file, "-o", index, "--trees", "1", "--json"), &built)
	if built.Dim != 3 || built.Items != 3 || built.Holes != 38 {
		t.Errorf("%+v", built)
	}
	var got queryResult
	if decode(t, mustRun(t, "query", index, "--vector", "[0,1,0]", "-k", "1", "--json"), &got); got.IDs[0] != 7 {
		t.Errorf("%+v", got)
	}
	fails(t, exitFailure, []string{"build", writeText(t, "y.csv", "id,x\n1,2\n1.5,3\n"), "-o", index}, `row 1 (line 3)`, `its id "1.5" is not an integer`)
	// Rows of one id, or of one key: the last counts, and that is said.
	for text, want := range map[string]string{
		"id,x\n1,2\n1,3\n4,5\n": "3 rows have 2 ids: of rows with the same id the last is kept",
		"id,x\na,2\na,3\nb,5\n": "3 rows have 2 names: of rows with the same name the last is kept",
	} {
		code, _, stderr := run(t, "build", writeText(t, "z.csv", text), "-o", filepath.Join(t.TempDir(), "z.canopy"), "--calibrate", "0")
		if code != exitOK || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, %q", text, code, stderr)
		}
	}
}

// Names that pandas gives to columns are no row, and are not guessed at.
func TestHeader(t *testing.T) {
	file := writeText(t, "x.csv", "0,1,2\n0.5,1.0,2.5\n1.5,2.5,3.5\n")
	out := filepath.Join(t.TempDir(), "x.npy")
	fails(t, exitFailure, []string{"convert", file, out}, file, "say which, header yes or no")
	for header, rows := range map[string]int64{"yes": 2, "no": 3} {
		var r convertResult
		if decode(t, mustRun(t, "convert", file, out, "--header", header, "--json"), &r); r.Rows != rows {
			t.Errorf("--header %s: %+v", header, r)
		}
	}
	fails(t, exitUsage, []string{"convert", out, filepath.Join(t.TempDir(), "y.csv"), "--header", "no"}, "--header is for a csv or tsv file")
}

func TestConvertKeys(t *testing.T) {
	dir := t.TempDir()
	out := func(name string) string { return filepath.Join(dir, name) }
	file := writeText(t, "x.csv", keyedCSV)
	mustRun(t, "convert", file, out("x.jsonl"), "--key-column", "title")
	want := `{"id":"one, two","vector":[0,1]}` + "\n" + `{"id":"three","vector":[5,5]}` + "\n" + `{"id":"four","vector":[9,1]}` + "\n"
	if got, err := os.ReadFile(out("x.jsonl")); err != nil || string(got) != want {
		t.Errorf("%s %v", got, err)
	}
	index := out("x.canopy")
	mustRun(t, "build", out("x.jsonl"), "-o", index, "--calibrate", "0")
	for _, in := range []string{out("x.jsonl"), index} {
		mustRun(t, "convert", in, out("y.npy"), "--keys-out", out("keys.txt"))
		if got, err := os.ReadFile(out("keys.txt")); err != nil || string(got) != "one, two\nthree\nfour\n" {
			t.Errorf("%s: %q %v", in, got, err)
		}
		mustRun(t, "convert", in, out("z.jsonl"))
		if got, err := os.ReadFile(out("z.jsonl")); err != nil || !strings.Contains(string(got), `{"id":"three",`) {
			t.Errorf("%s: %q %v", in, got, err)
		}
	}
	mustRun(t, "build", out("y.npy"), "--keys", out("keys.txt"), "-o", out("y.canopy"), "--calibrate", "0")
	line := writeText(t, "x.jsonl", `{"id":"a\nb","vector":[1]}`)
	fails(t, exitFailure, []string{"convert", line, out("w.npy"), "--keys-out", out("w.txt")}, `key "a\nb" has a line end`)
	for _, name := range []string{"w.npy", "w.txt"} {
		if _, err := os.Stat(out(name)); !os.IsNotExist(err) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
}

// The ids of truth are those of the index, of rows with keys too.
func TestTruthOfKeys(t *testing.T) {
	file, prefix := writeText(t, "x.tsv", keyedTSV), filepath.Join(t.TempDir(), "p")
	mustRun(t, "truth", file, file, "-k", "2", "--metric", "euclidean", "-o", prefix)
	ids, err := eval.ReadIDs(prefix + "_ids.npy")
	if err != nil || len(ids) != 3 || ids[2][0] != 2 || ids[2][1] != 1 {
		t.Errorf("%v %v", ids, err)
	}
	twice := writeText(t, "y.csv", "id,x\na,1\nb,2\na,3\n")
	fails(t, exitFailure, []string{"truth", twice, twice, "-k", "1", "-o", prefix}, twice, `row 2: key "a" stands there before`)
	lines := writeText(t, "x.jsonl", keyedLines)
	mustRun(t, "truth", lines, lines, "-k", "1", "--metric", "euclidean", "-o", prefix, "--vector-field", "embedding", "--key-column", "id", "--skip-columns", "tags")
}

// An array of numpy.savez, alone or chosen by its name.
func TestNpz(t *testing.T) {
	const folder = "../../../vecio/testdata/"
	out := filepath.Join(t.TempDir(), "x.csv")
	for _, args := range [][]string{{"stored.npz"}, {"deflated.npz"}, {"two.npz", "--dataset", "emb"}} {
		mustRun(t, append([]string{"convert", folder + args[0], out}, args[1:]...)...)
		if got, err := os.ReadFile(out); err != nil || !strings.HasPrefix(string(got), "-0.125,-0.375,") || strings.Count(string(got), "\n") != 3 {
			t.Errorf("%v: %q %v", args, got, err)
		}
	}
	fails(t, exitFailure, []string{"convert", folder + "two.npz", out}, `it has several arrays: name one of emb, "labels of rows"`)
}

// A compressed file that was cut short leaves no index.
func TestCompressedCutShort(t *testing.T) {
	var rows strings.Builder
	for i := range 5000 {
		rows.WriteString(strings.Repeat("7", i%5+1) + ",1\n")
	}
	for _, where := range [][]string{nil, {"--on-disk"}} {
		for name, text := range map[string]string{"x.csv.gz": gzipText(t, rows.String()), "x.csv.zst": zstdText(t, rows.String())} {
			row := map[string]string{"x.csv.gz": "row 5000", "x.csv.zst": "row 0"}[name] // zstd gives whole blocks
			dir := t.TempDir()
			args := append([]string{"build", writeText(t, name, text[:len(text)-3]), "-o", filepath.Join(dir, "x.ann"), "--trees", "1"}, where...)
			fails(t, exitFailure, args, name+": "+row+": the file was cut short")
			if left := files(t, dir); len(left) > 0 {
				t.Errorf("%s: %v are left", name, left)
			}
		}
	}
}
