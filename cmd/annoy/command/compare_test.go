package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/eval/peers"
)

func TestCompareUsage(t *testing.T) {
	v := writeRows(t, "v.npy", randomRows(20, 4))
	for _, c := range []struct {
		name  string
		args  []string
		parts []string
	}{
		{"nothing", nil, []string{"missing argument VECTORS", "--setup"}},
		{"two files", []string{v, "w.npy"}, []string{`unexpected argument "w.npy"`}},
		{"set-up of vectors", []string{v, "--setup"}, []string{"--setup"}},
		{"an index", []string{"x.ann"}, []string{"x.ann"}},
		{"peer", []string{v, "--with", "annoy,milvus"}, []string{`"milvus"`, "hnswlib"}},
		{"k", []string{v, "-k", "0"}, []string{"-k", "not 0"}},
		{"recall", []string{v, "--recall", "0.9,95"}, []string{"95", "between 0 and 1"}},
		{"recall word", []string{v, "--recall", "high"}, []string{"--recall", "high"}},
		{"trees", []string{v, "--trees", "0"}, []string{"0 trees"}},
		{"two forms", []string{v, "--csv", "--json"}, []string{"--csv and --json"}},
		{"truth of what", []string{v, "--truth", "t.npy"}, []string{"queries"}},
		{"over the vectors", []string{v, "--html", v}, []string{v, "both"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"compare"}, c.args...)
			if c.name == "two forms" { // errors are JSON then
				if code, _, stderr := run(t, args...); code != exitUsage || !strings.Contains(stderr, c.parts[0]) {
					t.Errorf("exit code %d, %s", code, stderr)
				}
				return
			}
			fails(t, exitUsage, args, c.parts...)
		})
	}
}

// Where no other library is installed, this one is measured and the others are named.
func TestCompareAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for a second")
	}
	v := writeRows(t, "v.npy", randomRows(2000, 8))
	page := filepath.Join(t.TempDir(), "report.html")
	args := []string{"compare", v, "--quick", "--metric", "euclidean", "--trees", "3", "--env", t.TempDir()}
	code, text, stderr := run(t, append(args, "--html", page)...)
	if strings.Contains(stderr, "cannot read on this system") {
		t.Skip(stderr)
	}
	if code != exitOK || !strings.Contains(stderr, "annoy: build: ours, canopy\n") || !strings.Contains(stderr, "annoy: pilot: ours, 3 trees\n") {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, want := range append(peers.Names(), "ours, canopy", "ours, 3 trees", "1800 × 8, euclidean, k=10", "annoy compare --setup") {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "<svg") {
		t.Errorf("the page: %v", err)
	}
	var r peers.Report
	decode(t, mustRun(t, append(args, "--json")...), &r)
	if len(r.Peers) != 2 || len(r.Absent) != len(peers.Names()) || r.Set.Metric != "euclidean" {
		t.Errorf("JSON: %+v", r)
	}
	if csv := mustRun(t, append(args, "--csv", "--quiet")...); !strings.HasPrefix(csv, "index,version,knob") {
		t.Errorf("CSV: %s", csv)
	}
	help := mustRun(t, "compare", "--help")
	if !strings.Contains(help, "Examples:\n  annoy compare") {
		t.Error("no example in the help")
	}
}

// TestCompareWithoutEnvironment names a library that cannot be run: it is refused before anything is read or measured.
func TestCompareWithoutEnvironment(t *testing.T) {
	dir := t.TempDir()
	fails(t, exitFailure, []string{"compare", filepath.Join(dir, "none.npy"), "--with", "hnswlib", "--env", dir}, "hnswlib", "annoy compare --setup", dir)
}
