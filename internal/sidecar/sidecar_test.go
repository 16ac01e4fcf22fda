package sidecar

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var index = bytes.Repeat([]byte("0123456789abcdef"), 5000) // 80,000 bytes: longer than the tail

func describe() Meta {
	return Meta{
		Metric: "dot", Dim: 300, DotDialect: "released", Items: 7, Trees: 3, Seed: 1<<63 + 5,
		Size: int64(len(index)), TailCRC: CRC(0, Tail(index)), CRC: CRC(0, index),
	}
}

// written is the path of an index whose sidecar is that of describe.
func written(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.tree")
	if err := write(path, describe()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRoundTrip(t *testing.T) {
	path := written(t)
	if _, err := os.Stat(path + ".meta"); err != nil {
		t.Fatal(err)
	}
	m, warning := Read(path, index)
	if m == nil || warning != "" {
		t.Fatalf("%+v, warning %q", m, warning)
	}
	want := describe()
	want.Format, want.Version, want.Checksum = format, Version, m.Checksum
	if *m != want {
		t.Errorf("read %+v, want %+v", *m, want)
	}
}

// TestNone: no sidecar is nothing to warn of.
func TestNone(t *testing.T) {
	if m, warning := Read(filepath.Join(t.TempDir(), "x.ann"), index); m != nil || warning != "" {
		t.Errorf("%+v, warning %q", m, warning)
	}
}

// TestLink: a link to an index finds the sidecar beside that, and a sidecar of the link's own name comes first.
func TestLink(t *testing.T) {
	path := written(t)
	link := filepath.Join(t.TempDir(), "current.tree")
	if err := os.WriteFile(path, index, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if m, warning := Read(link, index); m == nil || warning != "" {
		t.Errorf("through the link: %+v, warning %q", m, warning)
	}
	if m, warning := Read(link, index[1:]); m != nil || !strings.Contains(warning, path+Suffix) {
		t.Errorf("of another file, through the link: %+v, warning %q", m, warning)
	}
	if err := os.WriteFile(link+Suffix, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if m, warning := Read(link, index); m != nil || !strings.Contains(warning, link+Suffix) {
		t.Errorf("with a damaged sidecar of its own: %+v, warning %q", m, warning)
	}
}

// TestEveryFlip: with any bit flipped, or any byte short, the sidecar is refused or says the same: JSON has bytes
// without meaning.
func TestEveryFlip(t *testing.T) {
	good, err := os.ReadFile(written(t) + Suffix)
	if err != nil {
		t.Fatal(err)
	}
	want, err := parse(good)
	if err != nil {
		t.Fatal(err)
	}
	for at := range 8 * len(good) {
		b := bytes.Clone(good)
		b[at/8] ^= 1 << (at % 8)
		if m, err := parse(b); err == nil && *m != *want {
			t.Errorf("bit %d of %q: %+v", at, b, m)
		}
	}
	for n := range len(good) - 1 { // the last byte is the end of the line
		if m, err := parse(good[:n]); err == nil {
			t.Errorf("%d bytes of %d: %+v", n, len(good), m)
		}
	}
}

// TestOtherFile: a sidecar is bound to its file by size and by the end.
func TestOtherFile(t *testing.T) {
	path := written(t)
	last := bytes.Clone(index)
	last[len(last)-1] ^= 1
	for name, data := range map[string][]byte{"shorter": index[:len(index)-16], "longer": append(bytes.Clone(index), 0), "another end": last, "empty": nil} {
		if m, warning := Read(path, data); m != nil || warning == "" {
			t.Errorf("%s: %+v, warning %q", name, m, warning)
		}
	}
	// What is before the tail is not read here: that is the whole point.
	first := bytes.Clone(index)
	first[0] ^= 1
	if m, warning := Read(path, first); m == nil || warning != "" || m.CRC == CRC(0, first) {
		t.Errorf("another start: %+v, warning %q", m, warning)
	}
}

// TestLaterVersions: fields that are not known are covered by the checksum and do no harm, other versions are refused.
func TestLaterVersions(t *testing.T) {
	path := written(t)
	good, err := os.ReadFile(path + Suffix)
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func(change func(map[string]json.RawMessage)) {
		t.Helper()
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(good, &fields); err != nil {
			t.Fatal(err)
		}
		change(fields)
		delete(fields, "checksum")
		b, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if fields["checksum"], err = json.Marshal(CRC(0, b)); err != nil {
			t.Fatal(err)
		}
		if b, err = json.Marshal(fields); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+Suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(func(f map[string]json.RawMessage) { f["calibration"] = json.RawMessage(`{"b":[1,2],"a":0.5}`) })
	if m, warning := Read(path, index); m == nil || warning != "" || m.Dim != 300 {
		t.Errorf("a field more: %+v, warning %q", m, warning)
	}
	rewrite(func(f map[string]json.RawMessage) { f["version"] = json.RawMessage("2") })
	if m, warning := Read(path, index); m != nil || !strings.Contains(warning, "version 2") {
		t.Errorf("version 2: %+v, warning %q", m, warning)
	}
	rewrite(func(f map[string]json.RawMessage) { f["format"] = json.RawMessage(`"other"`) })
	if m, warning := Read(path, index); m != nil || !strings.Contains(warning, "other") {
		t.Errorf("another format: %+v, warning %q", m, warning)
	}
}

// TestLarge: what is no sidecar by its size is not read whole.
func TestLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ann")
	f, err := os.Create(path + Suffix)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if m, warning := Read(path, index); m != nil || !strings.Contains(warning, "more than") {
		t.Errorf("%+v, warning %q", m, warning)
	}
	if err := os.Remove(path + Suffix); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+Suffix, 0o700); err != nil {
		t.Fatal(err)
	}
	if m, warning := Read(path, index); m != nil || warning == "" {
		t.Errorf("a directory: %+v, warning %q", m, warning)
	}
}

func TestTailOf(t *testing.T) {
	for _, n := range []int{0, 1, tailSize - 1, tailSize, tailSize + 1, len(index)} {
		got, err := TailOf(bytes.NewReader(index[:n]), int64(n))
		if err != nil || !bytes.Equal(got, Tail(index[:n])) || len(got) != min(n, tailSize) {
			t.Errorf("%d bytes: a tail of %d (%v)", n, len(got), err)
		}
	}
}

// write writes the sidecar of the index file at path.
func write(path string, m Meta) error {
	f, err := Create(path, m)
	if err != nil {
		return err
	}
	return f.Commit()
}
