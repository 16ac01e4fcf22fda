package command

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what is written to the file is read, at
// the end, by the function.
func terminal(t *testing.T) (tty *os.File, shown func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err) // as in some containers
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	text := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(master) // ends with EIO when the terminal is closed
		text <- string(b)
	}()
	return tty, func() string {
		tty.Close()
		select {
		case s := <-text:
			return s
		case <-time.After(time.Minute):
			t.Fatal("somebody still has the terminal open")
			return ""
		}
	}
}

// TestQueryProgress: a bar for a file of queries, unless the answers
// themselves scroll by.
func TestQueryProgress(t *testing.T) {
	rows := randomRows(40, 4)
	ix, queries := buildIndex(t, rows, "--trees", "2"), writeRows(t, "q.npy", rows)
	for _, c := range []struct {
		name  string
		extra []string
		bar   bool
	}{
		{"to a file", nil, true},
		{"quiet", []string{"--quiet"}, false},
		{"JSON", []string{"--json"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tty, shown := terminal(t)
			var out strings.Builder
			args := append([]string{"query", ix, "--vectors", queries, "-k", "1"}, c.extra...)
			if code := Run(t.Context(), args, &out, tty); code != exitOK {
				t.Errorf("exit code %d", code)
			}
			if text := shown(); strings.Contains(text, "query") != c.bar {
				t.Errorf("a bar is %v, the terminal shows %q", c.bar, text)
			}
			if strings.Count(out.String(), "\n") < len(rows) {
				t.Errorf("standard output: %s", out.String())
			}
		})
	}
	t.Run("to a terminal", func(t *testing.T) {
		tty, shown := terminal(t)
		Run(t.Context(), []string{"query", ix, "--vectors", queries, "-k", "1"}, tty, tty)
		if text := shown(); strings.Contains(text, "query") || !strings.Contains(text, "DISTANCE") {
			t.Errorf("the terminal shows %q", text)
		}
	})
}

// TestVerifyProgress: the check of a large file shows how far it is.
func TestVerifyProgress(t *testing.T) {
	ix := buildIndex(t, randomRows(40, 4), "--trees", "2")
	for _, c := range []struct {
		args []string
		bar  bool
	}{
		{[]string{"verify", ix}, true},
		{[]string{"verify", ix, "--quiet"}, false},
		{[]string{"verify", ix, "--json"}, false},
	} {
		tty, shown := terminal(t)
		var out strings.Builder
		if code := Run(t.Context(), c.args, &out, tty); code != exitOK {
			t.Errorf("%q: exit code %d", c.args, code)
		}
		// So few nodes are checked at one go; the sidecar's checksum has a stage of its own.
		if text := shown(); strings.Contains(text, "checksum") != c.bar {
			t.Errorf("%q: a bar is %v, the terminal shows %q", c.args, !c.bar, text)
		}
	}
}
