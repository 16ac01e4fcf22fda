//go:build unix

package sidecar

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPipe: a pipe under the sidecar's name is not waited for.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ann")
	if err := unix.Mkfifo(path+Suffix, 0o600); err != nil {
		t.Fatal(err)
	}
	if m, warning := Read(path, index); m != nil || !strings.Contains(warning, "not a regular file") {
		t.Errorf("%+v, warning %q", m, warning)
	}
}
