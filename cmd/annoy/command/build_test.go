package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/annoy-go/annoy"
)

func TestBuild(t *testing.T) {
	rows := randomRows(300, 6)
	vectors := writeRows(t, "v.npy", rows)
	dir := t.TempDir()
	for _, mode := range []string{"memory", "on-disk"} {
		for _, metric := range []string{"angular", "euclidean", "manhattan", "dot", "hamming", "cosine"} {
			t.Run(mode+"/"+metric, func(t *testing.T) {
				name := mode + "-" + metric + ".ann"
				out := filepath.Join(dir, name)
				args := []string{"build", vectors, "-o", out, "--metric", metric, "--trees", "7", "--json"}
				if mode == "on-disk" {
					args = append(args, "--on-disk")
				}
				var r buildResult
				decode(t, mustRun(t, args...), &r)
				file, err := os.Stat(out)
				if err != nil {
					t.Fatal(err)
				}
				want := buildResult{
					Path: out, Kind: annoy.Forest, Metric: metric, Dim: 6, Items: 300, Trees: 7, Bytes: file.Size(), Seconds: r.Seconds,
				}
				if r != want || r.Seconds <= 0 {
					t.Errorf("%+v, want %+v", r, want)
				}
				mustRun(t, "verify", out)
				if mode == "on-disk" {
					sameFiles(t, out, filepath.Join(dir, "memory-"+metric+".ann"))
				}
			})
		}
	}
	if got := files(t, dir); len(got) != 2*2*6 {
		t.Errorf("12 builds left %d files: %v", len(got), got)
	}
}

func sameFiles(t *testing.T, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Errorf("%s (%d bytes) and %s (%d bytes) differ", a, len(x), b, len(y))
	}
}

func TestBuildSummary(t *testing.T) {
	vectors := writeRows(t, "v.fvecs", randomRows(30, 5))
	out := filepath.Join(t.TempDir(), "x.tree")
	got := mustRun(t, "build", vectors, "-o", out, "--trees", "3")
	if want := out + ": 30 items of dimension 5, angular, 3 trees, "; !strings.HasPrefix(got, want) {
		t.Errorf("summary %q, want %q…", got, want)
	}
	if got := mustRun(t, "build", vectors, "-o", out, "--quiet"); got != "" {
		t.Errorf("with --quiet: %q", got)
	}
}

func TestBuildWorkersAndSeed(t *testing.T) {
	vectors := writeRows(t, "v.npy", randomRows(500, 8))
	dir := t.TempDir()
	build := func(name string, flags ...string) string {
		out := filepath.Join(dir, name)
		mustRun(t, append([]string{"build", vectors, "-o", out, "--trees", "5"}, flags...)...)
		return out
	}
	sameFiles(t, build("one", "--workers", "1", "--seed", "9"), build("four", "--workers", "4", "--seed", "9"))
	a, _ := os.ReadFile(build("nine", "--seed", "9"))
	b, _ := os.ReadFile(build("ten", "--seed", "10"))
	if len(a) == 0 || bytes.Equal(a, b) {
		t.Error("the seed changes nothing")
	}
}

func TestBuildIDs(t *testing.T) {
	vectors := writeRows(t, "v.csv", randomRows(4, 3))
	ids := writeText(t, "ids.txt", "5\n0\n2\n9\n")
	for _, mode := range []string{"--on-disk", "--on-disk=false"} {
		out := filepath.Join(t.TempDir(), "x.ann")
		var r buildResult
		decode(t, mustRun(t, "build", vectors, "-o", out, "--ids", ids, mode, "--json"), &r)
		if r.Items != 4 || r.Holes != 6 {
			t.Errorf("%s: %+v, want 4 items, 6 holes", mode, r)
		}
		got := queryJSON(t, "query", out, "--id", "9", "-k", "10", "--json")[0].IDs
		slices.Sort(got)
		if !slices.Equal(got, []int64{0, 2, 5, 9}) {
			t.Errorf("%s: ids %v", mode, got)
		}
	}
}

func TestBuildErrors(t *testing.T) {
	good := writeRows(t, "good.npy", randomRows(4, 3))
	nan := writeText(t, "nan.csv", "1,2,3\n4,NaN,6\n")
	ragged := writeText(t, "ragged.jsonl", "[1,2]\n[1,2,3]\n")
	few := writeText(t, "few.txt", "1\n2\n")
	word := writeText(t, "word.txt", "1\n2\nthree\n4\n")
	csv := writeText(t, "good.csv", "1,2\n3,4\n5,6\n")
	huge := writeText(t, "huge.jsonl", "{\"id\":1,\"vector\":[1,2]}\n{\"id\":9000000000,\"vector\":[1,2]}\n")
	missing := filepath.Join(t.TempDir(), "missing.npy")
	for _, mode := range []string{"--on-disk", "--on-disk=false"} {
		dir := t.TempDir()
		out := filepath.Join(dir, "x.ann")
		for _, c := range []struct {
			name  string
			args  []string
			parts []string
		}{
			{"missing", []string{missing, "-o", out}, []string{missing}},
			{"nan", []string{nan, "-o", out}, []string{nan, "row 1", "column 1"}},
			{"ragged", []string{ragged, "-o", out}, []string{ragged, "row 1"}},
			{"few ids", []string{good, "-o", out, "--ids", few}, []string{few, "2 ids for 4 vectors"}},
			{"few ids of a stream", []string{csv, "-o", out, "--ids", few}, []string{csv, few, "2 ids"}},
			{"not an id", []string{good, "-o", out, "--ids", word}, []string{word, "three"}},
			{"huge id", []string{huge, "-o", out}, []string{huge, "9000000000"}},
			{"no directory", []string{good, "-o", filepath.Join(dir, "no", "x.ann")}, []string{filepath.Join(dir, "no")}},
			{"a directory", []string{good, "-o", dir}, []string{dir, "directory"}},
		} {
			t.Run(c.name+mode, func(t *testing.T) {
				fails(t, exitFailure, append([]string{"build", mode}, c.args...), c.parts...)
			})
		}
		if got := files(t, dir); len(got) != 0 {
			t.Errorf("%s: failed builds left %v", mode, got)
		}
	}
}

// TestBuildCancelled interrupts builds that would take hours: nothing is left
// behind, and a file of the same name keeps its bytes.
func TestBuildCancelled(t *testing.T) {
	vectors := writeRows(t, "v.npy", randomRows(4000, 16))
	for _, mode := range []string{"--on-disk", "--on-disk=false"} {
		for _, after := range []time.Duration{0, 100 * time.Millisecond} {
			t.Run(fmt.Sprint(mode, after), func(t *testing.T) {
				dir := t.TempDir()
				out := filepath.Join(dir, "x.ann")
				if err := os.WriteFile(out, []byte("old"), 0o644); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				if after == 0 {
					cancel()
				}
				defer time.AfterFunc(after, cancel).Stop()
				code, stdout, stderr := runContext(t, ctx, "build", vectors, "-o", out, "--trees", "200000", mode)
				if code != exitSignal+int(sigint) || stdout != "" || stderr != "annoy: interrupted\n" {
					t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
				}
				if got := files(t, dir); !slices.Equal(got, []string{"x.ann"}) {
					t.Errorf("left %v", got)
				}
				if b, err := os.ReadFile(out); err != nil || string(b) != "old" {
					t.Errorf("the old file holds %q, %v", b, err)
				}
			})
		}
	}
}

// TestUnusualExtension: a name that is neither kind's makes a forest, and a warning, unless --kind says what is meant.
func TestUnusualExtension(t *testing.T) {
	v, dir := writeRows(t, "v.npy", randomRows(50, 4)), t.TempDir()
	for _, c := range []struct {
		name   string
		flags  []string
		warned bool
	}{
		{"x.canpoy", nil, true}, {"x.bin", nil, true}, {"x.bin", []string{"--kind", "forest"}, false},
		{"x.ann", nil, false}, {"x.tree", nil, false}, {"x.IDX", nil, false}, {"x.annoy", nil, false}, {"x", nil, false}, {"y.canopy", nil, false},
	} {
		args := append([]string{"build", v, "-o", filepath.Join(dir, c.name), "--metric", "angular"}, c.flags...)
		code, _, stderr := run(t, args...)
		if warned := strings.Contains(stderr, "warning") && strings.Contains(stderr, "--kind forest"); code != exitOK || warned != c.warned {
			t.Errorf("%s %v: exit code %d, %s", c.name, c.flags, code, stderr)
		}
	}
}

// TestMetricAliases: other libraries' names of the metrics.
func TestMetricAliases(t *testing.T) {
	v, out := writeRows(t, "v.npy", randomRows(50, 4)), filepath.Join(t.TempDir(), "x.ann")
	for name, metric := range map[string]string{"l2": "euclidean", "IP": "dot", "cos": "cosine", "l1": "manhattan"} {
		if text := mustRun(t, "build", v, "-o", out, "--metric", name, "--json"); !strings.Contains(text, `"metric":"`+metric+`"`) {
			t.Errorf("--metric %s: %s", name, text)
		}
	}
	fails(t, exitUsage, []string{"build", v, "-o", out, "--metric", "l3"}, "euclidean", "manhattan")
}
