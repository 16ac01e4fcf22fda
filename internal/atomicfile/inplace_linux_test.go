package atomicfile

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// asNobody lets the rest of a test reach files as a user without rights; as such a user it already runs, unless it is root.
func asNobody(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	if _, err := unix.SetfsuidRetUid(65534); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.SetfsuidRetUid(0) }) // so that the folders can be removed
}

// lockedFile is a file that everybody may write, in a folder of this mode.
func lockedFile(t *testing.T, mode os.FileMode, content string) string {
	t.Helper()
	top, err := os.MkdirTemp("", "atomicfile-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	dir := filepath.Join(top, "d")
	path := filepath.Join(dir, "x.ann")
	for _, err := range []error{
		os.Chmod(top, 0o755), os.Mkdir(dir, 0o755), os.WriteFile(path, []byte(content), 0o600), os.Chmod(path, 0o666),
		os.Chmod(dir, mode),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	return path
}

// TestOverwrittenWhereNotReplaceable: a file that can be written in a folder that cannot be gets the new bytes, shorter or longer ones, once they
// are complete, and no temporary file stays.
func TestOverwrittenWhereNotReplaceable(t *testing.T) {
	modes := []os.FileMode{0o555}
	if os.Geteuid() == 0 { // who owns the folder may rename in it, sticky or not
		modes = append(modes, 0o777|os.ModeSticky)
	}
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			path := lockedFile(t, mode, "old content")
			t.Setenv("TMPDIR", t.TempDir())
			if err := os.Chmod(os.TempDir(), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(filepath.Dir(os.TempDir()), 0o755); err != nil {
				t.Fatal(err)
			}
			asNobody(t)
			f, err := Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Abort()
			if _, err := f.WriteString("new"); err != nil {
				t.Fatal(err)
			}
			wantContent(t, path, "old content")
			if err := f.Commit(); err != nil {
				t.Fatal(err)
			}
			if !f.InPlace() {
				t.Error("the file does not say that it was overwritten")
			}
			wantContent(t, path, "new")
			wantNames(t, filepath.Dir(path), "x.ann")
			wantNames(t, os.TempDir())

			f, err = Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Abort()
			if _, err := f.WriteString("published"); err != nil {
				t.Fatal(err)
			}
			r, err := f.Publish()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			got := make([]byte, 9)
			if _, err := r.ReadAt(got, 0); err != nil || string(got) != "published" {
				t.Errorf("Publish gives a file that reads %q (%v)", got, err)
			}
			wantContent(t, path, "published")
			wantNames(t, filepath.Dir(path), "x.ann")
			wantNames(t, os.TempDir())
		})
	}
}

// TestRefusedAtOnce: where neither the folder nor the file can be written, that is said before there are bytes.
func TestRefusedAtOnce(t *testing.T) {
	path := lockedFile(t, 0o555, "old")
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	asNobody(t)
	if f, err := Create(path); err == nil {
		f.Abort()
		t.Fatal("created")
	} else if !Refused(err) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	if f, err := Create(filepath.Join(filepath.Dir(path), "new")); err == nil {
		f.Abort()
		t.Fatal("created a new file")
	}
}
