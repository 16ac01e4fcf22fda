package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutputsSpareInputs: no verb writes over what it reads, by whatever name.
func TestOutputsSpareInputs(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	mustRun(t, "convert", writeRows(t, "v.npy", randomRows(20, 4)), "v.npy")
	text := ""
	for range 20 {
		text += "7\n"
	}
	for _, name := range []string{"ids", "other.ann.meta", "ids.ann", "twin"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, "build", "v.npy", "-o", "x.ann", "--metric", "dot", "--trees", "2")
	for link, target := range map[string]string{"soft.ann": "ids", "soft.npy": "v.npy", "linked.ann": "x.ann", "here": "."} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"hard.ann": "ids", "hard.ann.meta": "ids", "hard.npy": "v.npy", "twin.csv": "twin"} {
		if err := os.Link(target, link); err != nil {
			t.Fatal(err)
		}
	}
	before := contents(t, dir)
	for _, args := range [][]string{
		{"build", "v.npy", "--ids", "ids.ann", "-o", "ids.ann"},
		{"build", "v.npy", "--ids", "ids.ann", "-o", "./here/ids.ann"},
		{"build", "v.npy", "--ids", "ids", "-o", "soft.ann"},
		{"build", "v.npy", "--ids", "soft.ann", "-o", "ids"},
		{"build", "v.npy", "--ids", "ids", "-o", "hard.ann"},
		{"build", "v.npy", "--ids", "other.ann.meta", "-o", "other.ann"},
		{"build", "v.npy", "--ids", "ids", "-o", "hard.ann", "--on-disk"},
		{"build", "ids", "--format", "csv", "-o", "ids"},
		{"build", "other.ann.meta", "--format", "csv", "-o", "other.ann"},
		{"convert", "v.npy", "soft.npy"},
		{"convert", "hard.npy", "v.npy"},
		{"convert", "v.npy", "y.npy", "--ids-out", "v.npy"},
		{"convert", "x.ann", "x.ann", "--to-dialect", "main"},
		{"convert", "x.ann", "linked.ann", "--to-dialect", "main"},
		{"convert", "x.ann", "x.ann.meta", "--to-dialect", "main"},
		{"convert", "linked.ann", "x.ann.meta", "--to-dialect", "main"},
		{"convert", "x.ann", "y.npy", "--ids-out", "x.ann"},
		{"convert", "x.ann", "y.npy", "--ids-out", "x.ann.meta"},
		{"convert", "x.ann", "y.npy", "--ids-out", "here/y.npy"},
		{"convert", "x.ann", "twin.csv", "--ids-out", "twin"},
		{"eval", "x.ann", "--queries", "v.npy", "--html", "x.ann.meta"},
		{"eval", "linked.ann", "--queries", "v.npy", "--html", "x.ann.meta"},
		{"eval", "x.ann", "--queries", "v.npy", "--html", "soft.npy"},
		{"compare", "v.npy", "--html", "hard.npy"},
	} {
		fails(t, exitUsage, args)
	}
	// Standard input may be a file as well.
	in, err := os.Open("ids")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "build", "-", "--format", "csv", "-o", "ids")
	cmd.Env, cmd.Stdin = append(os.Environ(), asAnnoy+"=1"), in
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitUsage {
		t.Errorf("building from standard input over itself: %v", err)
	}
	after := contents(t, dir)
	for name, text := range before {
		if after[name] != text {
			t.Errorf("%s has changed", name)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d files have become %d: %v", len(before), len(after), files(t, dir))
	}
}

// contents is the text of every file of a folder, links followed.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range files(t, dir) {
		if s, err := os.Stat(filepath.Join(dir, name)); err != nil || s.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(b)
	}
	return all
}

// TestSidecarInTheWay: a file that only has the sidecar's name, or a folder, stays, and the index is written with a warning.
func TestSidecarInTheWay(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"v.csv": "1,2\n3,4\n", "x.ann.meta": "my notes"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("y.ann.meta", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{"x.ann", "y.ann"} {
		for _, args := range [][]string{
			{"build", "v.csv", "-o", out, "--metric", "dot"},
			{"build", "v.csv", "-o", out, "--metric", "dot", "--on-disk"},
		} {
			code, _, stderr := run(t, args...)
			if code != 0 || !strings.Contains(stderr, "warning: sidecar "+out+".meta not written") {
				t.Errorf("%q: exit code %d, %s", args, code, stderr)
			}
			if info, err := os.Stat(out); err != nil || info.Size() == 0 {
				t.Errorf("%q: no index: %v", args, err)
			}
		}
	}
	if got, err := os.ReadFile("x.ann.meta"); err != nil || string(got) != "my notes" {
		t.Errorf("the notes are %q, %v", got, err)
	}
}
