//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asMain makes the test binary behave as the program.
const asMain = "ANNOY_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is annoy with these arguments, in a process whose temporary files go to temp.
func program(t *testing.T, temp string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), asMain+"=1", "TMPDIR="+temp)
	return cmd
}

// ended waits for the program, wants its exit code, and nothing left in the folder but the names given.
func ended(t *testing.T, cmd *exec.Cmd, code int, folder string, names ...string) {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != code {
		t.Errorf("%q: %v, want exit code %d", cmd.Args[1:], err, code)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if strings.Join(left, " ") != strings.Join(names, " ") {
		t.Errorf("%q leaves %q, want %q", cmd.Args[1:], left, names)
	}
}

// TestClosedPipe: a reader that has seen enough, as head, ends the program, which still cleans up.
func TestClosedPipe(t *testing.T) {
	temp := t.TempDir()
	cmd := program(t, temp, "demo")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "definitions") {
		t.Fatalf("%q, %v", line, err)
	}
	out.Close()
	ended(t, cmd, 141, temp)
	if stderr.Len() > 0 {
		t.Errorf("standard error: %s", stderr.String())
	}
}

// TestSignals: those that end a program leave no part of a file.
func TestSignals(t *testing.T) {
	folder := t.TempDir()
	var rows strings.Builder
	for i := range 200_000 {
		for c := range 8 {
			if c > 0 {
				rows.WriteByte(',')
			}
			rows.WriteByte(byte('0' + (i*(c+3)+i/7)%10))
		}
		rows.WriteByte('\n')
	}
	vectors := filepath.Join(t.TempDir(), "v.csv")
	if err := os.WriteFile(vectors, []byte(rows.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for end, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		cmd := program(t, folder, "build", vectors, "-o", filepath.Join(folder, "x.ann"), "--on-disk", "--trees", "1000", "--metric", "euclidean")
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		// The tests may run where a signal is ignored, as under nohup, which a child inherits. It does not inherit a handler.
		handled := make(chan os.Signal, 1)
		signal.Notify(handled, end)
		err = cmd.Start()
		signal.Stop(handled)
		if err != nil {
			t.Fatal(err)
		}
		for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			if entries, _ := os.ReadDir(folder); len(entries) > 0 {
				break
			}
			if time.Since(begun) > time.Minute {
				t.Fatal("no temporary file appears")
			}
		}
		if err := cmd.Process.Signal(end); err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(stderr)
		if err != nil || string(said) != "annoy: interrupted\n" {
			t.Errorf("%v: standard error %q, %v", end, said, err)
		}
		ended(t, cmd, code, folder)
	}
}

// TestInterruptedCompare: what was finished is printed.
func TestInterruptedCompare(t *testing.T) {
	folder := t.TempDir()
	var rows strings.Builder
	for i := range 12_000 {
		for c := range 8 {
			fmt.Fprintf(&rows, "%d,", (i*(c+3)+i/7)%101)
		}
		fmt.Fprintf(&rows, "%d\n", i%13)
	}
	vectors := filepath.Join(t.TempDir(), "v.csv")
	if err := os.WriteFile(vectors, []byte(rows.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, folder, "compare", vectors, "--metric", "euclidean", "--env", filepath.Join(folder, "none"), "--trees", "5")
	var out strings.Builder
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for in := bufio.NewReader(stderr); ; {
		line, err := in.ReadString('\n')
		if line == "annoy: pilot: ours, canopy\n" || line == "annoy: round\n" {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			break
		}
	}
	ended(t, cmd, 130, folder)
	if text := out.String(); !strings.Contains(text, "Interrupted") || !strings.Contains(text, "ours, canopy") || !strings.Contains(text, "ours, 5 trees") {
		t.Errorf("printed: %s", text)
	}
}
