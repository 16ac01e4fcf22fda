package atomicfile

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestLeftovers: a temporary file that nobody holds goes with the next Create of the name; what is held, and what only looks alike, stays.
func TestLeftovers(t *testing.T) {
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("this system does not tell who holds a file")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "x.ann")
	dead := filepath.Join(dir, ".x.ann.tmp-1abc")
	stay := []string{".x.ann.tmp-", ".x.ann.tmp-abc.tmp-1", ".x.ann.tmp-ABC", ".x.ann.meta.tmp-1abc", ".y.ann.tmp-1abc", ".x.ann.tmp-12345678901234"}
	for _, name := range append(stay, filepath.Base(dead)) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if list := Leftovers(path); len(list) != 1 || list[0] != (Leftover{Path: dead, Bytes: 4}) {
		t.Errorf("left over: %+v", list)
	}
	first, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Abort()
	if _, err := os.Lstat(dead); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dead, err)
	}
	second, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Abort()
	for _, name := range append(stay, filepath.Base(first.Name())) {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s was removed", name)
		}
	}
	for _, l := range Leftovers(path) {
		if !l.Held {
			t.Errorf("%s is held, and not said to be", l.Path)
		}
	}
	if err := second.Commit(); err != nil {
		t.Fatal(err)
	}
	first.Abort()
	if list := Leftovers(path); len(list) != 0 {
		t.Errorf("left over: %+v", list)
	}
}
