//go:build !js && !wasip1

package annoy_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/cmd/annoy/command"
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

// TestReadmeCommands runs the README's blocks that use annoy as they stand, in an empty folder: what a line needs, an
// earlier one makes.
func TestReadmeCommands(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skipf("the README's commands are for a shell: %v", err)
	}
	blocks, ran := readmeBlocks(t, "sh"), 0
	t.Chdir(t.TempDir())
	for _, block := range blocks {
		if !strings.Contains("\n"+block, "\nannoy ") {
			continue
		}
		for line := range strings.Lines(block) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "annoy ") {
				runReadmeCommand(t, line)
				ran++
			} else if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
				t.Errorf("%s\n%v: %s", line, err, out)
			}
		}
	}
	if ran < 8 {
		t.Errorf("README.md has %d command lines, want 8 or more", ran)
	}
}

func runReadmeCommand(t *testing.T, line string) {
	t.Helper()
	args, err := shellWords(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	var stdout, stderr bytes.Buffer
	if code := command.Run(t.Context(), args[1:], &stdout, &stderr); code != 0 || stderr.Len() > 0 || stdout.Len() == 0 {
		t.Errorf("%s\nexit code %d, %d bytes on standard output, standard error: %s", line, code, stdout.Len(), stderr.String())
	}
}

// shellWords splits a command line as a shell does, as far as the README goes: blanks, single quotes, and a comment
// after " #".
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
