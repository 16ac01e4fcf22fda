package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/eval/peers"
)

// Files that h5py and pyarrow wrote, of 5 rows of 3 components.
const (
	hdf5File    = "../../../vecio/testdata/hdf5/ann_default.hdf5"
	parquetFile = "../../../vecio/parquet/testdata/list_float.parquet"
	twoLists    = "../../../vecio/parquet/testdata/two_lists.parquet"
)

func TestHDF5AndParquet(t *testing.T) {
	dir := t.TempDir()
	out := func(name string) string { return filepath.Join(dir, name) }
	const rows = "-0.125,-0.375,-0.625\n0,0,0\n0.125,0.375,0.625\n0.25,0.75,1.25\n0.375,1.125,1.875\n"
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{hdf5File}, rows},
		{[]string{hdf5File, "--dataset", "test"}, "-0.125,-0.375,-0.625\n0,0,0\n"},
		{[]string{parquetFile, "--skip-columns", "id"}, rows},
		{[]string{twoLists, "--column", "other", "--skip-columns", "id,text"}, rows},
	} {
		csv := out("x.csv")
		mustRun(t, append([]string{"convert", tc.args[0], csv}, tc.args[1:]...)...)
		if got, err := os.ReadFile(csv); err != nil || string(got) != tc.want {
			t.Errorf("%v: %q %v", tc.args, got, err)
		}
	}

	mustRun(t, "convert", parquetFile, out("x.npy"), "--id-column", "id", "--ids-out", out("ids.txt"))
	if got, err := os.ReadFile(out("ids.txt")); err != nil || string(got) != "100\n90\n80\n70\n60\n" {
		t.Errorf("ids: %q %v", got, err)
	}

	for index, args := range map[string][]string{
		"h.ann": {hdf5File}, "p.ann": {parquetFile, "--id-column", "id"}, "q.ann": {parquetFile}, "d.ann": {parquetFile, "--on-disk", "--skip-columns", "id"},
	} {
		mustRun(t, append([]string{"build", "-o", out(index), "--metric", "euclidean", "--trees", "2"}, args...)...)
		var got queryResult
		decode(t, mustRun(t, "query", out(index), "--vector", "[0.375, 1.125, 1.875]", "-k", "1", "--json"), &got)
		want := int64(4)
		if index == "p.ann" || index == "q.ann" {
			want = 60
		}
		if len(got.IDs) != 1 || got.IDs[0] != want {
			t.Errorf("%v: %+v, want id %d", args, got, want)
		}
	}
	answers := mustRun(t, "query", out("h.ann"), "--vectors", hdf5File, "--dataset", "test", "-k", "1", "--json")
	if answers != `{"query":0,"ids":[0],"distances":[0]}`+"\n"+`{"query":1,"ids":[1],"distances":[0]}`+"\n" {
		t.Errorf("query: %s", answers)
	}
	if answers = mustRun(t, "query", out("h.ann"), "--vectors", twoLists, "--column", "vec", "-k", "1", "--json"); strings.Count(answers, "\n") != 5 {
		t.Errorf("query: %s", answers)
	}
}

// truth, eval and compare read the same files.
func TestMeasureParquet(t *testing.T) {
	out := func(name string) string { return filepath.Join(t.TempDir(), name) }
	prefix, index := out("p"), out("p.ann")
	column := []string{"--column", "other"}
	mustRun(t, append([]string{"truth", twoLists, twoLists, "-k", "2", "--metric", "euclidean", "-o", prefix}, column...)...)
	ids, err := eval.ReadIDs(prefix + "_ids.npy")
	if err != nil || !slices.EqualFunc(ids, [][]int64{{100, 90}, {90, 100}, {80, 90}, {70, 80}, {60, 70}}, slices.Equal) {
		t.Errorf("truth: %v %v", ids, err)
	}
	mustRun(t, append([]string{"build", twoLists, "-o", index, "--metric", "euclidean"}, column...)...)
	var r eval.Report
	args := []string{"eval", index, "--queries", twoLists, "--truth", prefix + "_ids.npy", "-k", "2", "--sweep", "search_k=100", "--min-time", "1ms", "--json"}
	decode(t, mustRun(t, append(args, column...)...), &r)
	if r.Queries != 5 || len(r.Points) != 1 || r.Points[0].Recall != 1 {
		t.Errorf("eval: %+v", r)
	}
	var c peers.Report
	args = []string{"compare", twoLists, "--queries", twoLists, "-k", "2", "--metric", "euclidean", "--trees", "1", "--quick", "--env", t.TempDir(), "--json"}
	code, stdout, stderr := run(t, append(args, column...)...)
	if strings.Contains(stderr, "cannot read on this system") {
		t.Skip(stderr)
	}
	if code != exitOK {
		t.Fatalf("compare: exit code %d: %s", code, stderr)
	}
	if decode(t, stdout, &c); c.Set.Items != 5 || c.Set.Dim != 3 {
		t.Errorf("compare: %+v", c.Set)
	}
}

func TestVectorFlagsRefused(t *testing.T) {
	npy := writeRows(t, "x.npy", randomRows(10, 3))
	index := filepath.Join(t.TempDir(), "x.ann")
	mustRun(t, "build", npy, "-o", index)
	ids := writeText(t, "ids.txt", "1\n2\n3\n4\n5\n")
	for _, tc := range []struct {
		code  int
		args  []string
		parts []string
	}{
		{exitUsage, []string{"build", npy, "-o", index, "--dataset", "test"}, []string{"--dataset is for an hdf5 or npz file", npy}},
		{exitUsage, []string{"build", parquetFile, "-o", index, "--dataset", "test"}, []string{"--dataset is for an hdf5 or npz file"}},
		{exitUsage, []string{"build", hdf5File, "-o", index, "--column", "vec"}, []string{"for a parquet file"}},
		{exitUsage, []string{"convert", npy, "y.csv", "--id-column", "id"}, []string{"for a csv, tsv, jsonl or parquet file"}},
		{exitUsage, []string{"truth", npy, "-k", "1", "-o", "y", "--column", "vec"}, []string{"for a parquet file"}},
		{exitUsage, []string{"eval", index, "--queries", npy, "--column", "vec"}, []string{"for a parquet file"}},
		{exitUsage, []string{"compare", npy, "--column", "vec"}, []string{"for a parquet file"}},
		{exitFailure, []string{"compare", twoLists}, []string{"several columns", "vec, other"}},
		{exitUsage, []string{"build", parquetFile, "-o", index, "--id-column", "id", "--ids", ids}, []string{"exclude each other"}},
		{exitUsage, []string{"convert", index, "y.csv", "--dataset", "test"}, []string{"is an index"}},
		{exitUsage, []string{"query", index, "--id", "1", "--dataset", "test"}, []string{"for the file of --vectors"}},
		{exitUsage, []string{"convert", npy, "y.hdf5"}, []string{"hdf5 files are read, not written"}},
		{exitUsage, []string{"convert", npy, "y.parquet"}, []string{"parquet and compressed files are read, not written"}},
		{exitUsage, []string{"build", npy, "-o", "y.parquet"}, []string{"is the name of a vector file"}},
		{exitFailure, []string{"build", hdf5File, "-o", index, "--dataset", "none"}, []string{`no dataset "none"`, "neighbors"}},
		{exitFailure, []string{"build", parquetFile, "-o", index, "--column", "none"}, []string{`no column "none"`}},
		{exitFailure, []string{"build", twoLists, "-o", index}, []string{"several columns", "vec, other"}},
		{exitFailure, []string{"build", parquetFile, "-o", index, "--id-column", "vec"}, []string{"not of INT64"}},
		{exitUsage, []string{"build", parquetFile, "-o", index, "--id-column", "text"}, []string{"has keys, which a forest does not keep", "--skip-columns"}},
		{exitUsage, []string{"build", parquetFile, "-o", index, "--id-column", "id", "--key-column", "text"}, []string{"--id-column and --key-column exclude each other"}},
		{exitUsage, []string{"build", parquetFile, "-o", index, "--vector-field", "vec"}, []string{"--vector-field is for a jsonl file"}},
		{exitUsage, []string{"eval", index, "--queries", npy, "--skip-columns", "a"}, []string{"for a csv, tsv, jsonl or parquet file, and there is none"}},
		{exitUsage, []string{"convert", npy, "y.csv.gz"}, []string{"compressed files are read, not written"}},
		{exitUsage, []string{"convert", parquetFile, "y.csv"}, []string{"row 0 has id 100", "--ids-out FILE", "--skip-columns"}},
		{exitUsage, []string{"convert", npy, "y.npy", "--keys-out", "z"}, []string{"has no keys"}},
		{exitUsage, []string{"build", "-", "-o", index, "--format", "npz"}, []string{"not read in order"}},
	} {
		fails(t, tc.code, tc.args, tc.parts...)
	}
}

// TestFormat: --format reads files whose name does not tell, and streams.
func TestFormat(t *testing.T) {
	rows := randomRows(40, 3)
	bytes, err := os.ReadFile(writeRows(t, "v.npy", rows))
	if err != nil {
		t.Fatal(err)
	}
	dat := writeText(t, "v.dat", string(bytes))
	dir := t.TempDir()
	index, copied := filepath.Join(dir, "x.ann"), filepath.Join(dir, "x.csv")
	mustRun(t, "build", dat, "--format", "npy", "-o", index, "--metric", "euclidean", "--trees", "2")
	mustRun(t, "convert", dat, copied, "--format", "NPY")
	sameRows(t, copied, rows)
	answers := mustRun(t, "query", index, "--vectors", dat, "--format", "npy", "-k", "1", "--json")
	if strings.Count(answers, `"distances":[0]`) != len(rows) {
		t.Errorf("query: %s", answers)
	}

	parquet, err := os.ReadFile(parquetFile)
	if err != nil {
		t.Fatal(err)
	}
	unnamed := writeText(t, "p.dat", string(parquet))
	mustRun(t, "convert", unnamed, filepath.Join(dir, "p.csv"), "--format", "parquet", "--id-column", "id", "--ids-out", filepath.Join(dir, "ids"))
	fails(t, exitFailure, []string{"convert", unnamed, copied, "--format", "npy"}, unnamed)
	fails(t, exitUsage, []string{"convert", index, copied, "--column", "vec"}, "--column", index)

	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"build", "-", "--format", "npy", "-o", index}, "40 items of dimension 3"},
		{[]string{"build", "-", "--format", "npy", "-o", index, "--on-disk"}, "40 items of dimension 3"},
		{[]string{"build", "/dev/stdin", "--format", "npy", "-o", index}, "40 items of dimension 3"},
		{[]string{"query", index, "--vectors", "-", "--format", "npy", "-k", "1"}, "\n39        1 "},
		{[]string{"convert", "-", copied, "--format", "npy"}, "40 rows"},
	} {
		out, err := piped(t, string(bytes), tc.args...)
		if err != nil || !strings.Contains(out, tc.want) {
			t.Errorf("%q: %v, %s", tc.args, err, out)
		}
	}
	if out, err := piped(t, "1,2\n3\n", "convert", "-", copied, "--format", "csv"); err == nil || !strings.Contains(out, "standard input: row 1") {
		t.Errorf("a malformed stream: %v, %s", err, out)
	}
}

// piped runs the program with text on standard input, a pipe, and returns all
// that it prints.
func piped(t *testing.T, text string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asAnnoy+"=1")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
