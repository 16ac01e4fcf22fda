package peers

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// constraints pin all that Setup installs.
//
//go:embed requirements.txt
var constraints string

// DefaultEnv is the Python environment of this user: annoy/compare in os.UserCacheDir.
func DefaultEnv() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("annoy: no place for the Python environment: %w; name one", err)
	}
	return filepath.Join(dir, "annoy", "compare"), nil
}

// environment is a folder with a Python virtual environment, or the place for one.
type environment struct{ dir string }

func environmentOf(dir string) (e environment, err error) {
	if dir == "" {
		if dir, err = DefaultEnv(); err != nil {
			return e, err
		}
	}
	dir, err = filepath.Abs(dir)
	return environment{dir}, err
}

func (e environment) python() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(e.dir, "Scripts", "python.exe")
	}
	return filepath.Join(e.dir, "bin", "python")
}

// start starts a worker with a library of the environment.
func (e environment) start(ctx context.Context, name string) (*worker, error) {
	if _, err := os.Stat(e.python()); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no Python environment at %s: annoy compare --setup makes one", e.dir)
	}
	return startWorker(ctx, e.python(), name)
}

// SetupOptions say what to install and where.
type SetupOptions struct {
	Env    string    // folder of the environment; "": DefaultEnv
	With   []string  // of Names; nil: all
	Python string    // the Python to make it with; "": python3
	Log    io.Writer // told every step; nil: nobody
}

// Installed is the outcome for one peer.
type Installed struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Reason  string `json:"reason,omitempty"` // why it is not available, "" where it is
}

// Setup makes a Python virtual environment, unless the folder is one already, and installs pinned versions of the peers
// from PyPI into it. It is the only function here that uses the network. A peer that cannot be installed, or imported, is named
// with the reason and the others go on; without Python, without NumPy, or in a folder that is something else, it is an error.
func Setup(ctx context.Context, o SetupOptions) ([]Installed, error) {
	chosen, err := find(o.With)
	if err != nil {
		return nil, err
	}
	e, err := environmentOf(o.Env)
	if err != nil {
		return nil, err
	}
	log := o.Log
	if log == nil {
		log = io.Discard
	}
	if err := e.create(ctx, o.Python, log); err != nil {
		return nil, err
	}
	pins, err := os.CreateTemp("", "annoy-pins-*.txt")
	if err != nil {
		return nil, fmt.Errorf("annoy: %w", err)
	}
	defer os.Remove(pins.Name())
	_, err = pins.WriteString(constraints)
	if err := errors.Join(err, pins.Close()); err != nil {
		return nil, fmt.Errorf("annoy: %w", err)
	}
	install := func(distribution string) error {
		fmt.Fprintf(log, "installing %s\n", distribution)
		return run(ctx, e.python(), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--no-input", "-c", pins.Name(), distribution)
	}
	if err := install("numpy"); err != nil {
		return nil, fmt.Errorf("annoy: numpy, which all peers need: %w", err)
	}
	var all []Installed
	for _, l := range chosen {
		i := Installed{Name: l.name}
		if err := install(l.distribution); err != nil {
			i.Reason = err.Error()
		} else if w, err := e.start(ctx, l.name); err != nil {
			i.Reason = reason(err)
		} else {
			i.Version = w.versions.Version
			w.Close()
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

// create makes the environment where there is none.
func (e environment) create(ctx context.Context, python string, log io.Writer) error {
	if _, err := os.Stat(filepath.Join(e.dir, "pyvenv.cfg")); err == nil {
		fmt.Fprintf(log, "using the Python environment %s\n", e.dir)
		return nil
	}
	if entries, err := os.ReadDir(e.dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("annoy: %s is not empty and not a Python environment: nothing was installed", e.dir)
	}
	if python == "" {
		python = "python3"
	}
	found, err := exec.LookPath(python)
	if err != nil {
		return fmt.Errorf("annoy: the peers are Python packages, and there is no Python: %w", err)
	}
	fmt.Fprintf(log, "making the Python environment %s\n", e.dir)
	if err := run(ctx, found, "-m", "venv", e.dir); err != nil {
		return fmt.Errorf("annoy: %s -m venv: %w", found, err)
	}
	return nil
}

// run runs a command; its error ends with the last line that the command had to say of errors.
func run(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", err, lastWords(out))
}

// lastWords is the last line of a command's output with the word error, or the last of all.
func lastWords(out []byte) string {
	last := ""
	for _, line := range strings.Split(string(bytes.TrimSpace(out)), "\n") {
		line = strings.TrimSpace(line)
		if line != "" && (strings.Contains(strings.ToLower(line), "error") || !strings.Contains(strings.ToLower(last), "error")) {
			last = line
		}
	}
	return last
}
