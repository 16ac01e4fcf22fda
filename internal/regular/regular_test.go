package regular

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, size, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "hello" || size != 5 || f.Name() != path {
		t.Errorf("read %q of %s, %v; the size is %d", b, f.Name(), err, size)
	}
	if _, _, err := Open(path + ".none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a file that is not there: %v", err)
	}
	if _, _, err := Open(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "not a regular file but of type directory") {
		t.Errorf("of a directory: %v", err)
	}
}

func TestOpenAllocations(t *testing.T) {
	if runtime.GOARCH == "wasm" {
		t.Skip("each system call there allocates, in JavaScript's bridge")
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() {
		f, _, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}); n > 16 {
		t.Errorf("%v allocations", n)
	}
}
