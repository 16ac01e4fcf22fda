//go:build unix

package peers

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// fakePython makes environments of itself, whose pip knows all but hnswlib, and whose libraries import all but faiss.
const fakePython = `#!/bin/sh
case "$*" in
"-m venv "*) mkdir -p "$3/bin" && touch "$3/pyvenv.cfg" && cp "$0" "$3/bin/python" ;;
"-m pip install "*hnswlib) echo "building" >&2; echo "error: no C++ compiler" >&2; echo "see above" >&2; exit 1 ;;
"-m pip install "*) test -s "$8" ;;
*" faiss") read line; echo '{"error":"ImportError: libgomp"}' ;;
"-c "*) while read line; do echo '{"version":"9.9","numpy":"1","python":"3"}'; done ;;
*) exit 7 ;;
esac
`

func TestSetup(t *testing.T) {
	dir := t.TempDir()
	python := filepath.Join(dir, "python")
	if err := os.WriteFile(python, []byte(fakePython), 0o755); err != nil {
		t.Fatal(err)
	}
	env := filepath.Join(dir, "some where", "env")
	var log bytes.Buffer
	o := SetupOptions{Env: env, Python: python, With: []string{"faiss", "annoy", "hnswlib"}, Log: &log}
	for range 2 { // the second time the environment is there
		got, err := Setup(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		want := []Installed{
			{Name: "annoy", Version: "9.9"},
			{Name: "hnswlib", Reason: "exit status 1: error: no C++ compiler"},
			{Name: "faiss", Reason: "hello: ImportError: libgomp"},
		}
		if !slices.Equal(got, want) {
			t.Errorf("installed %+v, want %+v", got, want)
		}
	}
	for _, line := range []string{"making the Python environment " + env, "using the Python environment " + env, "installing numpy", "installing faiss-cpu"} {
		if !strings.Contains(log.String(), line+"\n") {
			t.Errorf("the log lacks %q:\n%s", line, log.String())
		}
	}
}

func TestSetupRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "diary.txt"), []byte("dear"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Setup(t.Context(), SetupOptions{Env: full}); err == nil || !strings.Contains(err.Error(), "nothing was installed") {
		t.Errorf("a folder of something else: %v", err)
	}
	if left, _ := os.ReadDir(full); len(left) != 1 {
		t.Errorf("the folder has %d entries", len(left))
	}
	none := SetupOptions{Env: filepath.Join(t.TempDir(), "env"), Python: "no-such-python"}
	if _, err := Setup(t.Context(), none); err == nil || !strings.Contains(err.Error(), "no-such-python") {
		t.Errorf("no Python: %v", err)
	}
	if _, err := Setup(t.Context(), SetupOptions{Env: full, With: []string{"word2vec"}}); !errors.Is(err, annoy.ErrOption) {
		t.Errorf("no such peer: %v", err)
	}
}

func TestLastWords(t *testing.T) {
	for out, want := range map[string]string{
		"": "", "one\ntwo\n": "two", "ERROR: first\nnote: a hint\n": "ERROR: first", "error: a\nerror: b\nbye": "error: b",
	} {
		if got := lastWords([]byte(out)); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
}
