package command

import (
	"context"
	"fmt"
	"os"
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
