package peers

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// workerSource is the Python child's program. It speaks a line of JSON for a line of JSON: worker.py has the operations
// and their answers, request the fields of what is asked.
//
//go:embed worker.py
var workerSource string

// request is a line to the worker; each operation uses some of the fields.
type request struct {
	Op         string         `json:"op"`
	Metric     string         `json:"metric,omitempty"`
	Parameters map[string]any `json:"parameters,omitempty"`
	Base       string         `json:"base,omitempty"`    // npy
	Queries    string         `json:"queries,omitempty"` // npy
	Path       string         `json:"path,omitempty"`    // of the saved index
	Rows       int            `json:"rows,omitempty"`    // of the base
	From       int            `json:"from"`
	Count      int            `json:"count,omitempty"`
	Warm       int            `json:"warm"`
	Repeat     int            `json:"repeat,omitempty"`
	K          int            `json:"k,omitempty"`
	Knob       int            `json:"knob"`
	Extra      int            `json:"extra"`
	Before     int64          `json:"before"`
}

// versions are what a worker runs.
type versions struct {
	Version string `json:"version"`
	NumPy   string `json:"numpy"`
	Python  string `json:"python"`
}

// worker is a Python child with one library.
type worker struct {
	name     string
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	stderr   tail
	versions versions
}

// startWorker starts a child and makes it import its library.
func startWorker(ctx context.Context, python, name string) (*worker, error) {
	return startCommand(name, exec.CommandContext(ctx, python, "-c", workerSource, name))
}

func startCommand(name string, cmd *exec.Cmd) (*worker, error) {
	w := &worker{name: name, cmd: cmd}
	w.cmd.Stderr = &w.stderr
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.in, w.out = in, bufio.NewReader(out)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	if err := w.call(request{Op: "hello"}, &w.versions); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// close ends the child; what it still had to say can no longer matter.
func (w *worker) close() {
	w.in.Close()
	_ = w.cmd.Wait()
}

// workerError is what a library raised.
type workerError struct{ name, op, text string }

func (e *workerError) Error() string { return fmt.Sprintf("annoy: %s: %s: %s", e.name, e.op, e.text) }

// call sends a request and decodes its answer.
func (w *worker) call(r request, answer any) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := w.in.Write(append(line, '\n')); err != nil {
		return w.died(r.Op, err)
	}
	line, err = w.out.ReadBytes('\n')
	if err != nil {
		return w.died(r.Op, err)
	}
	var failure struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(line, &failure); err != nil {
		return fmt.Errorf("annoy: %s: %s: the worker's answer is no JSON: %w", w.name, r.Op, err)
	}
	if failure.Error != "" {
		return &workerError{w.name, r.Op, failure.Error}
	}
	if err := json.Unmarshal(line, answer); err != nil {
		return fmt.Errorf("annoy: %s: %s: %w", w.name, r.Op, err)
	}
	return nil
}

// died is the error of a worker that does not answer.
func (w *worker) died(op string, err error) error {
	w.in.Close()
	text := "it ended"
	// Wait, for its last words are complete only then. What it returns says more than the broken pipe.
	if exit := w.cmd.Wait(); exit != nil {
		text = exit.Error()
	} else if !errors.Is(err, io.EOF) {
		text = err.Error()
	}
	if said := strings.TrimSpace(w.stderr.String()); said != "" {
		text += ": " + said
	}
	return &workerError{w.name, op, text}
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

func (t *tail) String() string { return string(t.kept) }
