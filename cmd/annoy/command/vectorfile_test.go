package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
		{[]string{parquetFile}, rows},
		{[]string{twoLists, "--column", "other"}, rows},
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
		"h.ann": {hdf5File}, "p.ann": {parquetFile, "--id-column", "id"}, "d.ann": {parquetFile, "--on-disk"},
	} {
		mustRun(t, append([]string{"build", "-o", out(index), "--metric", "euclidean", "--trees", "2"}, args...)...)
		var got queryResult
		decode(t, mustRun(t, "query", out(index), "--vector", "[0.375, 1.125, 1.875]", "-k", "1", "--json"), &got)
		want := int64(4)
		if index == "p.ann" {
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
		{exitUsage, []string{"build", npy, "-o", index, "--dataset", "test"}, []string{"--dataset is for an hdf5 file", npy}},
		{exitUsage, []string{"build", parquetFile, "-o", index, "--dataset", "test"}, []string{"--dataset is for an hdf5 file"}},
		{exitUsage, []string{"build", hdf5File, "-o", index, "--column", "vec"}, []string{"for a parquet file"}},
		{exitUsage, []string{"convert", npy, "y.csv", "--id-column", "id"}, []string{"for a parquet file"}},
		{exitUsage, []string{"build", parquetFile, "-o", index, "--id-column", "id", "--ids", ids}, []string{"exclude each other"}},
		{exitUsage, []string{"convert", index, "y.csv", "--dataset", "test"}, []string{"is an index"}},
		{exitUsage, []string{"query", index, "--id", "1", "--dataset", "test"}, []string{"for the file of --vectors"}},
		{exitUsage, []string{"convert", npy, "y.hdf5"}, []string{"hdf5 files are read, not written"}},
		{exitUsage, []string{"convert", npy, "y.parquet"}, []string{"parquet files are read, not written"}},
		{exitUsage, []string{"build", npy, "-o", "y.parquet"}, []string{"is the name of a vector file"}},
		{exitFailure, []string{"build", hdf5File, "-o", index, "--dataset", "none"}, []string{`no dataset "none"`, "neighbors"}},
		{exitFailure, []string{"build", parquetFile, "-o", index, "--column", "none"}, []string{`no column "none"`}},
		{exitFailure, []string{"build", twoLists, "-o", index}, []string{"several columns", "vec, other"}},
		{exitFailure, []string{"build", parquetFile, "-o", index, "--id-column", "text"}, []string{"not of INT64"}},
	} {
		fails(t, tc.code, tc.args, tc.parts...)
	}
}
