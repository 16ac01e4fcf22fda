package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// hostile is a name that clears the screen, goes on in a new line and turns the direction of text.
const hostile = "a\x1b[2J\u009b1m\u202eb"

// Nothing that a terminal obeys comes from a file, its contents or its name.
func TestControlCharactersAreShown(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	b, err := os.ReadFile(hdf5File)
	if err != nil {
		t.Fatal(err)
	}
	metric, set := []byte("euclidean"), []byte("neighbors\x00")
	if bytes.Count(b, metric) != 1 || bytes.Count(b, set) != 1 {
		t.Fatalf("%s has no attribute or dataset to change", hdf5File)
	}
	attribute := write("attribute.hdf5", string(bytes.Replace(b, metric, []byte("\x1b[2Jdean\r"), 1)))
	dataset := write("dataset.hdf5", string(bytes.Replace(b, set, []byte("n\x1b[2Jburs\x00"), 1)))
	rows := write(hostile+".csv", "1,2\n3,4\n5,6\n")
	bad := write(hostile+"\nbad.csv", "1,2\n3,\x1b[2J\n")
	keys := write("keys.txt", "one\ntw\x1b[2Jo\nth\u202eree\n")
	index := filepath.Join(dir, hostile+".canopy")

	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"build", attribute, "-o", filepath.Join(dir, "x.ann")}, `"\x1b[2Jdean\r"`},
		{[]string{"build", attribute, "-o", filepath.Join(dir, "y.ann"), "--metric", "dot", "--trees", "1"}, `"\x1b[2Jdean\r"`},
		{[]string{"convert", dataset, filepath.Join(dir, "x.npy"), "--dataset", "no"}, `"n\x1b[2Jburs"`},
		{[]string{"convert", bad, filepath.Join(dir, "x.npy")}, `\nbad.csv: row 1 (line 2), column 1: "\x1b[2J" is not a number`},
		{[]string{"build", filepath.Join(dir, "no"+hostile+".csv"), "-o", index}, `noa\u001b[2J`},
		{[]string{"build", rows, "-o", index, "--keys", keys}, `\u001b[2J`},
		{[]string{"query", index, "--vector", "[1,2]"}, `"tw\x1b[2Jo"`},
		{[]string{"query", index, "--vector", "[1,2]", "--json"}, `tw\u001b[2Jo`},
		{[]string{"info", index}, `\u001b[2J`},
		{[]string{"verify", index}, `\u001b[2J`},
		{[]string{"eval", index, "--queries", rows, "-k", "1", "--min-time", "1ms"}, ""},
		{[]string{"query", index, "--key", "no" + hostile}, `\x1b[2J`},
		{[]string{"info", "no\nannoy: such\r"}, "no\n  annoy: such\\u000d"},
	} {
		_, stdout, stderr := run(t, tc.args...)
		text := stdout + stderr
		if !strings.Contains(text, tc.want) {
			t.Errorf("%q: %q lacks %q", tc.args, text, tc.want)
		}
		if i := strings.IndexFunc(text, func(r rune) bool {
			return unicode.IsControl(r) && r != '\n' && r != '\t' || r == '\u202e'
		}); i >= 0 {
			t.Errorf("%q: passed on %q", tc.args, text[i:min(i+20, len(text))])
		}
	}
}
