package command

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestInfo(t *testing.T) {
	ix := buildIndex(t, randomRows(100, 6), "--metric", "dot", "--trees", "4", "--seed", "77")
	got := mustRun(t, "info", ix)
	for _, want := range []string{
		"metric         dot\n", "dimension      6\n", "items          100\n", "trees          4\n",
		"dot dialect    released\n", "seed           77\n", "described by   " + ix + ".meta\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("info lacks %q:\n%s", want, got)
		}
	}
	var r map[string]any
	decode(t, mustRun(t, "info", ix, "--json"), &r)
	for key, want := range map[string]any{
		"path": ix, "kind": "forest", "metric": "dot", "dim": 6., "items": 100., "holes": 0., "trees": 4.,
		"dot_dialect": "released", "seed": 77., "sidecar": true,
	} {
		if r[key] != want {
			t.Errorf("info --json: %q is %v, want %v", key, r[key], want)
		}
	}
}

// TestInfoDialect: only dot has dialects, and it has one even when that is the first.
func TestInfoDialect(t *testing.T) {
	for metric, want := range map[string]bool{"angular": false, "hamming": false, "dot": true} {
		out := mustRun(t, "info", buildIndex(t, randomRows(20, 6), "--metric", metric), "--json")
		if strings.Contains(out, `"dot_dialect":"released"`) != want || strings.Count(out, "dot_dialect") > 1 {
			t.Errorf("%s: %s", metric, out)
		}
	}
}

// TestCutShort: an index that its sidecar does not describe is called so, not
// one without a sidecar.
func TestCutShort(t *testing.T) {
	ix := buildIndex(t, randomRows(100, 6), "--trees", "4")
	link := filepath.Join(t.TempDir(), "link.ann")
	if err := os.Symlink(ix, link); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(ix)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ix, b[:len(b)-360], 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{ix, link} {
		for _, args := range [][]string{{"info", path}, {"query", path, "--id", "1"}, {"convert", path, filepath.Join(t.TempDir(), "x.npy")}} {
			fails(t, exitFailure, args, path, "corrupt, or not the file that "+ix+".meta describes", "--dim and --metric")
		}
		fails(t, exitFailure, []string{"verify", path}, path, "corrupt")
	}
	// Of a sidecar that is none nothing is known.
	if err := os.WriteFile(ix+".meta", []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, exitUsage, []string{"info", ix}, ix, "give --dim and --metric")
}

func TestWarnings(t *testing.T) {
	ix := buildIndex(t, randomRows(100, 6), "--trees", "4")
	other := buildIndex(t, randomRows(90, 6), "--trees", "4")
	meta, err := os.ReadFile(other + ".meta")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ix+".meta", meta, 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"info", ix, "--dim", "6", "--metric", "angular"}
	code, _, stderr := run(t, args...)
	if code != exitOK || !strings.HasPrefix(stderr, "annoy: warning: ") || strings.Count(stderr, "annoy:") != 1 {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	var w struct{ Warning string }
	_, _, stderr = run(t, append(args, "--json")...)
	if decode(t, stderr, &w); w.Warning == "" {
		t.Errorf("with --json: %q", stderr)
	}
	mustRun(t, append(args, "--quiet")...) // not a word on stderr
}

func TestVerify(t *testing.T) {
	ix := buildIndex(t, randomRows(500, 6), "--metric", "euclidean", "--trees", "4")
	if got, want := mustRun(t, "verify", ix), ix+": sound: 500 items, 4 trees, "; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q…", got, want)
	}
	var r verifyResult
	decode(t, mustRun(t, "verify", ix, "--json"), &r)
	if !r.OK || r.Path != ix || r.Items != 500 || r.Trees != 4 || r.Bytes == 0 {
		t.Errorf("%+v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, _ := runContext(t, ctx, "verify", ix); code != exitSignal+int(sigint) {
		t.Errorf("cancelled: exit code %d", code)
	}
}

// TestVerifyCorrupt breaks a child's number in a split: the file opens, and
// verify finds the place.
func TestVerifyCorrupt(t *testing.T) {
	const dim = 6
	ix := buildIndex(t, randomRows(500, dim), "--metric", "euclidean", "--trees", "4")
	b, err := os.ReadFile(ix)
	if err != nil {
		t.Fatal(err)
	}
	const node = 16 + 4*dim
	at := -1
	for off := 500 * node; off < len(b)-8*node; off += node {
		if n := int(b[off]) | int(b[off+1])<<8; n > dim+2+4 && n < 500 {
			at = off // a split inside a tree
			break
		}
	}
	if at < 0 {
		t.Fatal("no split in the file")
	}
	b[at+8+3] = 0x7f // the high byte of children[0]
	if err := os.WriteFile(ix, b, 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, exitFailure, []string{"verify", ix}, ix, "corrupt", fmt.Sprintf("at byte %d", at))

	// A file cut short fails as well.
	if err := os.WriteFile(ix, b[:len(b)-node/2], 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, exitFailure, []string{"verify", ix}, ix, "corrupt")

	// As does one whose structure is sound, and whose bytes are others'.
	other := buildIndex(t, randomRows(400, dim), "--metric", "euclidean", "--trees", "4")
	if b, err = os.ReadFile(other); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ix, b, 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, exitFailure, []string{"verify", ix}, ix, ix+".meta", "corrupt")
}

// TestVerifyFault: with --json the verdict is one result, and the only word.
func TestVerifyFault(t *testing.T) {
	ix := buildIndex(t, randomRows(500, 6), "--metric", "euclidean", "--trees", "4")
	sound, err := os.ReadFile(ix)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(sound)
	flipped[20]++ // within a vector: the sidecar's checksum alone tells
	for what, b := range map[string][]byte{"flipped": flipped, "cut short": sound[:len(sound)-40], "cut within a node": sound[:len(sound)-3]} {
		if err := os.WriteFile(ix, b, 0o644); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := run(t, "verify", ix, "--json")
		var r verifyFault
		decode(t, stdout, &r)
		if code != exitFailure || stderr != "" || r.OK || r.Path != ix || !strings.Contains(r.Error, "corrupt") || strings.Contains(r.Error, "annoy:") {
			t.Errorf("%s: exit code %d, %s, standard error %q", what, code, stdout, stderr)
		}
	}
	fails(t, exitFailure, []string{"verify", ix}, "corrupt")
	// No verdict without a file.
	code, stdout, stderr := run(t, "verify", ix+"x", "--json")
	if code != exitFailure || stdout != "" || !strings.HasPrefix(stderr, `{"error":`) {
		t.Errorf("missing: exit code %d, %q, %q", code, stdout, stderr)
	}
}
