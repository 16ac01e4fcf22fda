package peers

import (
	"context"
	_ "embed"
	"fmt"
	"os/exec"

	"github.com/annoy-go/annoy/internal/jsonline"
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
	*jsonline.Child
	name     string
	versions versions
}

// startWorker starts a child and makes it import its library.
func startWorker(ctx context.Context, python, name string) (*worker, error) {
	return startCommand(name, exec.CommandContext(ctx, python, "-c", workerSource, name))
}

// quietThreads let the threads of OpenMP's implementations sleep, and not spin, while they wait for each other: spinning is
// CPU time that no work was done in. Where other programs keep a core busy it made faiss's build cost twenty times as much.
var quietThreads = []string{"OMP_WAIT_POLICY=passive", "GOMP_SPINCOUNT=0", "KMP_BLOCKTIME=0"}

func startCommand(name string, cmd *exec.Cmd) (*worker, error) {
	cmd.Env = append(cmd.Environ(), quietThreads...)
	child, err := jsonline.Start(cmd)
	if err != nil {
		return nil, err
	}
	w := &worker{Child: child, name: name}
	if err := w.call(request{Op: "hello"}, &w.versions); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// workerError is what a library raised, or how its child ended.
type workerError struct{ name, op, text string }

func (e *workerError) Error() string { return fmt.Sprintf("annoy: %s: %s: %s", e.name, e.op, e.text) }

// call sends a request and decodes its answer.
func (w *worker) call(r request, answer any) error {
	if err := w.Call(r, answer); err != nil {
		return &workerError{w.name, r.Op, err.Error()}
	}
	return nil
}
