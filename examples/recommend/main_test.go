package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func runInRoot(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Chdir("../..")
	var out strings.Builder
	err := run(t.Context(), args, &out)
	return out.String(), err
}

// TestHitRate expects the held-out words to be found twice as often as by popularity, and about as often as by exact search.
func TestHitRate(t *testing.T) {
	out, err := runInRoot(t)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`for ([0-9.]+) % of them, by exact search ([0-9.]+) %, by popularity alone ([0-9.]+) %\nrecall of the index ([0-9.]+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no hit rates:\n%s", out)
	}
	var rates [4]float64
	for i := range rates {
		rates[i], _ = strconv.ParseFloat(m[i+1], 64)
	}
	if rates[0] < 2*rates[2] || rates[0] < 0.9*rates[1] || rates[3] < 0.94 {
		t.Errorf("the held-out word is found for %v %%, by exact search %v %%, by popularity %v %%, recall %v", rates[0], rates[1], rates[2], rates[3])
	}
}

// TestEvents reads events of which nothing can be learned: what a third of the users have says nothing, nor what one has.
func TestEvents(t *testing.T) {
	var lines strings.Builder
	for u := range 200 {
		for i := range 5 {
			if i != u/2%5 {
				lines.WriteString("u" + strconv.Itoa(u) + "\titem" + strconv.Itoa(5*(u%2)+i) + "\n")
			}
		}
		lines.WriteString("u" + strconv.Itoa(u) + "\trare" + strconv.Itoa(u) + "\n")
	}
	path := filepath.Join(t.TempDir(), "events.tsv")
	if err := os.WriteFile(path, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	users, err := readEvents(path)
	if err != nil || len(users) != 200 {
		t.Fatalf("%d users, %v", len(users), err)
	}
	if _, err := runInRoot(t, "-events", path); err == nil || !strings.Contains(err.Error(), "too few events") {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(path, []byte("u1\ta\nu2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readEvents(path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a line without an item: %v", err)
	}
}
