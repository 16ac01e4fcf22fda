package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/vecio"
)

// asAnnoy makes the test binary behave as the program itself, for tests that
// need a second process.
const asAnnoy = "ANNOY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asAnnoy) != "" {
		os.Exit(Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// run executes a command line in this process.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runContext(t, t.Context(), args...)
}

func runContext(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Run(ctx, args, &out, &err)
	return code, out.String(), err.String()
}

// mustRun executes a command line that succeeds without a word on stderr.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := run(t, args...)
	if code != exitOK || stderr != "" {
		t.Fatalf("annoy %s: exit code %d, stderr: %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// fails executes a command line that must end with code and an error that has
// all of the parts.
func fails(t *testing.T, code int, args []string, parts ...string) {
	t.Helper()
	got, stdout, stderr := run(t, args...)
	if got != code {
		t.Errorf("annoy %q: exit code %d, want %d; stderr: %s", args, got, code, stderr)
	}
	if !strings.HasPrefix(stderr, "annoy: ") {
		t.Errorf("annoy %q: error does not begin with annoy: %q", args, stderr)
	}
	if n := strings.Count(stderr, "annoy:"); n != 1 {
		t.Errorf("annoy %q: the error says annoy: %d times: %q", args, n, stderr)
	}
	for _, p := range parts {
		if !strings.Contains(stderr, p) {
			t.Errorf("annoy %q: error lacks %q: %q", args, p, stderr)
		}
	}
	if stdout != "" {
		t.Errorf("annoy %q: failed, and printed %q", args, stdout)
	}
}

// decode parses s, one JSON value without unknown fields, into v.
func decode(t *testing.T, s string, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(s))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in %q", err, s)
	}
	if d.More() {
		t.Fatalf("more than one JSON value in %q", s)
	}
}

// decodeLoosely parses s, one JSON value with more fields than v has, into v.
func decodeLoosely(t *testing.T, s string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), v); err != nil {
		t.Fatalf("%v in %q", err, s)
	}
}

// randomRows gives n vectors of small integers, which every element type
// holds.
func randomRows(n, dim int) [][]float32 {
	r := rand.New(rand.NewPCG(7, 11))
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = make([]float32, dim)
		for c := range rows[i] {
			rows[i][c] = float32(r.IntN(100))
		}
	}
	return rows
}

// writeRows writes a vector file named name in a new directory.
func writeRows(t *testing.T, name string, rows [][]float32) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := vecio.Create(path, len(rows[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeText(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// buildIndex builds an index of rows with the flags given.
func buildIndex(t *testing.T, rows [][]float32, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "x.ann")
	mustRun(t, append([]string{"build", writeRows(t, "rows.npy", rows), "-o", out}, flags...)...)
	return out
}

// files lists the names in a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func jsonVector(v []float32) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprint(err))
	}
	return string(b)
}
