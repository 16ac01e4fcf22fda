package command

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPipeAsSidecar: nobody waits for the writer of a pipe that lies where a sidecar would.
func TestPipeAsSidecar(t *testing.T) {
	ix := buildIndex(t, randomRows(20, 4))
	if err := os.Remove(ix + ".meta"); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(ix+".meta", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"info", "verify"} {
		fails(t, exitUsage, []string{verb, ix}, "--dim", "not a regular file")
	}
}
