package atomicfile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// names lists what is in dir, so that a test sees temporary files too.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	got := names(t, dir)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("the directory holds %q, want %q", got, want)
	}
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Fatalf("%s holds %q, want %q", path, got, want)
	}
}

func TestCommitGivesTheNameLast(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ann")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	if f.Path() != path {
		t.Fatalf("Path() = %q, want %q", f.Path(), path)
	}
	if _, err := f.WriteString("new"); err != nil {
		t.Fatal(err)
	}
	got := names(t, dir)
	if len(got) != 1 || !strings.HasPrefix(got[0], ".x.ann.tmp-") {
		t.Fatalf("before Commit the directory holds %q", got)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Abort() // a no-op after Commit
	wantNames(t, dir, "x.ann")
	wantContent(t, path, "new")
	if err := f.Commit(); err == nil {
		t.Fatal("a second Commit succeeded")
	}
}

func TestOpenReaderKeepsOldBytes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows does not replace a file that is open")
	}
	path := filepath.Join(t.TempDir(), "x.ann")
	old := bytes.Repeat([]byte("old "), 4096)
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := WriteFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, old) {
		t.Fatalf("the reader that was open got %d bytes that are not the old %d", len(got), len(old))
	}
	wantContent(t, path, "new")
}

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no Unix modes here")
	}
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain") // what the umask makes of 0644 here
	if f, err := os.OpenFile(plain, os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		t.Fatal(err)
	} else if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	want, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x.ann")
	for _, mode := range []os.FileMode{want.Mode(), 0o600, 0o666} {
		if err := WriteFile(path, nil); err != nil {
			t.Fatal(err)
		}
		got, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode == want.Mode() && got.Mode() != mode {
			t.Fatalf("a new file has mode %v, want %v", got.Mode(), mode)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := WriteFile(path, nil); err != nil {
			t.Fatal(err)
		}
		if got, err = os.Stat(path); err != nil {
			t.Fatal(err)
		}
		if got.Mode() != mode {
			t.Fatalf("a file of mode %v was replaced by one of mode %v", mode, got.Mode())
		}
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ann")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("new"); err != nil {
		t.Fatal(err)
	}
	f.Abort()
	f.Abort()
	wantNames(t, dir, "x.ann")
	wantContent(t, path, "old")
	if err := f.Commit(); err == nil {
		t.Fatal("Commit after Abort succeeded")
	}
}

func TestFailingCommitLeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ann")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	// The name is taken by a directory that is not empty while the bytes are written.
	if err := os.MkdirAll(filepath.Join(path, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err == nil {
		t.Fatal("Commit replaced a directory")
	} else if !strings.Contains(err.Error(), path) {
		t.Fatalf("the error does not name the file: %v", err)
	}
	wantNames(t, dir, "x.ann")
}

func TestCommitAfterForeignCloseFails(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(filepath.Join(dir, "x.ann"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err == nil {
		t.Fatal("Commit of a file that was closed, and perhaps not synced, succeeded")
	}
	wantNames(t, dir)
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	cases := map[string]string{
		dir:                                    "a directory",
		filepath.Join(dir, "missing", "x.ann"): "missing",
	}
	if runtime.GOOS == "linux" {
		// Each replaced link would be one less for every process of the machine: /dev/stdout is one.
		device, folder := filepath.Join(t.TempDir(), "device"), filepath.Join(t.TempDir(), "folder")
		if err := errors.Join(os.Symlink("/dev/null", device), os.Symlink(dir, folder)); err != nil {
			t.Fatal(err)
		}
		cases["/dev/null"], cases[device], cases[folder] = "a device", "a device", "a directory"
	}
	for path, want := range cases {
		f, err := Create(path)
		if err == nil {
			f.Abort()
			t.Errorf("Create(%q) succeeded", path)
		} else if !strings.HasPrefix(err.Error(), "annoy: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("Create(%q): %v; want it to say %q", path, err, want)
		}
	}
	wantNames(t, dir)
}

func TestSymbolicLinkIsReplaced(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if err := WriteFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	wantContent(t, target, "old")
	wantContent(t, link, "new")
}

// TestPublish: the file keeps its bytes and can be published again after a rename that failed; what is returned reads
// the file that was published, whoever takes its name.
func TestPublish(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ann")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	if err := os.MkdirAll(filepath.Join(path, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("new"); err != nil {
		t.Fatal(err)
	}
	if r, err := f.Publish(); err == nil {
		r.Close()
		t.Fatal("Publish replaced a directory")
	} else if !strings.Contains(err.Error(), path) {
		t.Fatalf("the error does not name the file: %v", err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("er"); err != nil {
		t.Fatal(err)
	}
	r, err := f.Publish()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	wantNames(t, dir, "x.ann")
	wantContent(t, path, "newer")
	if again, err := f.Publish(); err == nil {
		again.Close()
		t.Fatal("a second Publish succeeded")
	}
	if runtime.GOOS != "windows" { // which does not replace a file that is open
		if err := WriteFile(path, []byte("other")); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := io.ReadAll(io.NewSectionReader(r, 0, 100)); err != nil || string(got) != "newer" {
		t.Fatalf("what was published reads as %q (%v)", got, err)
	}
}

// TestPublishAfterFailedSync: what could not be brought to the disk once is not said to be there later.
func TestPublishAfterFailedSync(t *testing.T) {
	f, err := Create(filepath.Join(t.TempDir(), "x.ann"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	good := f.File
	if f.File, err = os.Open(f.Name()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, first := f.Publish()
	f.File = good
	if _, again := f.Publish(); first == nil || again == nil || again.Error() != first.Error() {
		t.Fatalf("first %v, then %v", first, again)
	}
	if err := f.Commit(); err == nil || !strings.Contains(err.Error(), errors.Unwrap(first).Error()) {
		t.Fatalf("first %v, Commit then %v", first, err)
	}
}

// TestLongNames: a file may have any name that the system takes, though that of its temporary file is longer.
func TestLongNames(t *testing.T) {
	for _, name := range []string{strings.Repeat("a", 236), strings.Repeat("a", 237), strings.Repeat("a", 255), "a" + strings.Repeat("é", 127)} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Skipf("the system takes no name of %d bytes: %v", len(name), err)
		}
		if err := WriteFile(path, []byte("new")); err != nil {
			t.Fatal(err)
		}
		wantNames(t, dir, name)
		wantContent(t, path, "new")
	}
}
