//go:build !js && !wasip1

package annoy_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/cmd/annoy/command"
	"github.com/annoy-go/annoy/vecio"
)

// readmeBlocks is the fenced blocks of README.md in one language.
func readmeBlocks(t *testing.T, language string) []string {
	t.Helper()
	var blocks []string
	text := string(readFile(t, "README.md"))
	for _, part := range strings.Split(text, "\n```"+language+"\n")[1:] {
		block, _, found := strings.Cut(part, "\n```\n")
		if !found {
			t.Fatalf("README.md: a block of %s does not end", language)
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// TestReadmeGo: the README's Go is that of the example that runs, line by line.
func TestReadmeGo(t *testing.T) {
	source := string(readFile(t, "example_readme_test.go"))
	blocks := readmeBlocks(t, "go")
	if len(blocks) < 2 {
		t.Fatalf("README.md has %d blocks of Go, want 2 or more", len(blocks))
	}
	for _, block := range blocks {
		if !strings.Contains(source, "\n"+block+"\n") {
			t.Errorf("example_readme_test.go does not have this block of README.md:\n%s", block)
		}
	}
}

// TestReadmeCommands runs every line of the README's shell blocks that begins with annoy, in one folder with the
// files that these lines name.
func TestReadmeCommands(t *testing.T) {
	var lines []string
	for _, block := range readmeBlocks(t, "sh") {
		for line := range strings.Lines(block) {
			if strings.HasPrefix(line, "annoy ") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
	}
	if len(lines) < 8 {
		t.Fatalf("README.md has %d command lines, want 8 or more: %q", len(lines), lines)
	}
	dir := t.TempDir()
	writeReadmeFiles(t, dir)
	t.Chdir(dir)
	for _, line := range lines {
		args, err := shellWords(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var stdout, stderr bytes.Buffer
		if code := command.Run(t.Context(), args[1:], &stdout, &stderr); code != 0 || stderr.Len() > 0 || stdout.Len() == 0 {
			t.Errorf("%s\nexit code %d, %d bytes on standard output, standard error: %s", line, code, stdout.Len(), stderr.String())
		}
	}
}

// writeReadmeFiles makes the files that the README's commands read but no earlier one of them writes.
func writeReadmeFiles(t *testing.T, dir string) {
	t.Helper()
	rng := seeded(41)
	for name, rows := range map[string]int{"vectors.npy": 300, "queries.npy": 5} {
		w, err := vecio.Create(filepath.Join(dir, name), 3, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range rows {
			if err := w.Write(gauss(rng, 3, 1)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "allowed.txt"), []byte("1\n2\n3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// An index of Annoy's has no sidecar.
	other := filepath.Join(dir, "other.tree")
	if err := os.WriteFile(other, bytesOf(t, twinOf(annoy.Angular, cloud(rng, 300, 40), 0).build(t, 40, 5)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// shellWords splits a command line as a shell does, as far as the README goes: blanks, single quotes, and a comment after " #".
func shellWords(line string) (words []string, err error) {
	line, _, _ = strings.Cut(line, " #")
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	if strings.Count(line, "'")%2 == 1 {
		return nil, fmt.Errorf("a quote is not closed")
	}
	return words, nil
}
