package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/annoy-go/annoy/internal/sidecar"
)

// checkOutput finds, before work that may take hours, what would stop the
// result from being written to out: a directory that is not there, a
// directory of that name, one of the inputs under whatever name, or the
// sidecar of one. The last is safe from any race that matters, as all files
// are replaced as a whole. An input may be "", for none.
func checkOutput(out string, inputs ...string) error {
	if out == stdinPath {
		return usagef("cannot write %s: results go to a file, not to standard output; ./%[1]s is a file of that name", out)
	}
	dir := filepath.Dir(out)
	if s, err := os.Stat(dir); err != nil {
		return fmt.Errorf("cannot write %s: %w", out, err)
	} else if !s.IsDir() {
		return fmt.Errorf("cannot write %s: %s is not a directory", out, dir)
	}
	if s, err := os.Stat(out); err == nil && s.IsDir() {
		return fmt.Errorf("cannot write %s: it is a directory", out)
	} else if err == nil && !s.Mode().IsRegular() {
		return fmt.Errorf("cannot write %s: it is not a regular file", out)
	}
	return checkNotInput(out, inputs...)
}

// checkNotInput refuses an output that is one of the inputs, or describes one.
func checkNotInput(out string, inputs ...string) error {
	s, err := os.Stat(out)
	if err != nil {
		return nil
	}
	for _, in := range inputs {
		if t, err := statInput(in); err == nil && os.SameFile(s, t) {
			return usagef("%s is both input and output", out)
		}
		for _, meta := range sidecarsOf(in) {
			if t, err := os.Stat(meta); err == nil && os.SameFile(s, t) {
				return usagef("%s describes the input %s: it cannot be an output", out, in)
			}
		}
	}
	return nil
}

// checkIndexOutput is checkOutput for an index and its sidecar. What stands where the sidecar would be does not stop the
// index: it is saved without one, with a warning.
func checkIndexOutput(out string, inputs ...string) error {
	if strings.HasSuffix(out, sidecar.Suffix) {
		return usagef("%s is the name of the file beside an index that describes it; choose another", out)
	}
	if err := checkOutput(out, inputs...); err != nil {
		return err
	}
	return checkNotInput(out+sidecar.Suffix, inputs...)
}

func statInput(in string) (os.FileInfo, error) {
	if in == stdinPath {
		return os.Stdin.Stat()
	}
	return os.Stat(in)
}

// sidecarsOf is where the sidecar of an index may lie: beside it, and beside
// the file that a symbolic link leads to.
func sidecarsOf(path string) []string {
	names := []string{path + sidecar.Suffix}
	if target, err := filepath.EvalSymlinks(path); err == nil && target != path {
		names = append(names, target+sidecar.Suffix)
	}
	return names
}

// samePlace says whether two outputs would take one name, or are one file.
func samePlace(a, b string) bool {
	if x, err := os.Stat(a); err == nil {
		if y, err := os.Stat(b); err == nil && os.SameFile(x, y) {
			return true
		}
	}
	x, errX := os.Stat(filepath.Dir(a))
	y, errY := os.Stat(filepath.Dir(b))
	return errX == nil && errY == nil && os.SameFile(x, y) && filepath.Base(a) == filepath.Base(b)
}
