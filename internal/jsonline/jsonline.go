// Package jsonline talks to a child process that answers each line of JSON with a line of JSON. It is for measurements,
// whose other side is a program of another language or this one again; the library does not link it.
package jsonline

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Child is a process that is running. It is not safe for concurrent use.
type Child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr tail
}

// Start starts a command, whose standard input, output and error it takes.
func Start(cmd *exec.Cmd) (*Child, error) {
	c := &Child{cmd: cmd}
	cmd.Stderr = &c.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.in, c.out = in, bufio.NewReader(out)
	return c, cmd.Start()
}

// Raised is what the child answered instead: {"error": "…"}.
type Raised string

func (r Raised) Error() string { return string(r) }

// Call sends a request and decodes the answer to it. Errors: Raised; an answer that is no JSON or of another form; the end
// of the child, with the last that it wrote to standard error.
func (c *Child) Call(request, answer any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return c.died(err)
	}
	line, err = c.out.ReadBytes('\n')
	if err != nil {
		return c.died(err)
	}
	var failure struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(line, &failure); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	if failure.Error != "" {
		return Raised(failure.Error)
	}
	return json.Unmarshal(line, answer)
}

// Close ends the child, by the end of its input; what it still had to say can no longer matter.
func (c *Child) Close() {
	c.in.Close()
	_ = c.cmd.Wait()
}

// died is the error of a child that does not answer.
func (c *Child) died(err error) error {
	c.in.Close()
	text := "it ended"
	// Wait, for its last words are complete only then. What it returns says more than the broken pipe.
	if exit := c.cmd.Wait(); exit != nil {
		text = exit.Error()
	} else if !errors.Is(err, io.EOF) {
		text = err.Error()
	}
	if said := strings.TrimSpace(string(c.stderr.kept)); said != "" {
		text += ": " + said
	}
	return errors.New(text)
}

// tailBytes is what is kept of a child's standard error: libraries are talkative, and the last words say why it died.
const tailBytes = 2000

// tail keeps the last bytes written to it. Its buffer is not embedded: io.Copy would read into that past Write.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-tailBytes):]
	return len(p), nil
}
