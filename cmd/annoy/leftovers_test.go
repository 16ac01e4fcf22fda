//go:build unix

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKilledBuild kills a build: info and verify tell of what it left, and the next build of the name removes that, but not the
// temporary file of a build under way.
func TestKilledBuild(t *testing.T) {
	folder, temp := t.TempDir(), t.TempDir()
	vectors := filepath.Join(temp, "v.csv")
	if err := os.WriteFile(vectors, []byte(strings.Repeat("1,2,3\n2,1,0\n0,1,5\n", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(folder, "x.ann")
	build := func(in string) []string {
		return []string{"build", in, "-o", index, "--on-disk", "--metric", "euclidean", "--trees", "2"}
	}
	temporary := func() []string {
		names, err := filepath.Glob(filepath.Join(folder, ".x.ann.tmp-*"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	// waiting is a build that reads a pipe to which nobody writes its end.
	waiting := func() (kill func(), file string) {
		before := temporary()
		cmd := program(t, temp, append(build("-"), "--format", "csv")...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write([]byte(strings.Repeat("1,2,3\n", 200_000))); err != nil {
			t.Fatal(err)
		}
		kill = func() {
			_ = cmd.Process.Signal(syscall.SIGKILL)
			_ = cmd.Wait()
		}
		for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			for _, name := range temporary() {
				if !slices.Contains(before, name) {
					return kill, name
				}
			}
			if time.Since(begun) > time.Minute {
				kill()
				t.Fatal("no temporary file appears")
			}
		}
	}
	run := func(args ...string) string {
		out, err := program(t, temp, args...).CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v: %s", args, err, out)
		}
		return string(out)
	}
	run(build(vectors)...)

	kill, dead := waiting()
	if text := run("verify", index); !strings.Contains(text, dead) || !strings.Contains(text, "under way") {
		t.Errorf("verify during a build: %s", text)
	}
	kill()
	for _, verb := range []string{"info", "verify"} {
		if text := run(verb, index); !strings.Contains(text, dead) || !strings.Contains(text, "killed") {
			t.Errorf("%s after a killed build: %s", verb, text)
		}
		if text := run(verb, index, "--json"); !strings.Contains(text, `"leftovers":[{"path":"`+dead) || !strings.Contains(text, `"held":false`) {
			t.Errorf("%s --json after a killed build: %s", verb, text)
		}
	}

	kill, alive := waiting()
	defer kill()
	if _, err := os.Lstat(dead); !os.IsNotExist(err) {
		t.Errorf("the killed build's file outlives the next build: %v", err)
	}
	run(build(vectors)...)
	if _, err := os.Lstat(alive); err != nil {
		t.Errorf("the file of a build under way was removed: %v", err)
	}
}
