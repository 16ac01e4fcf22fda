package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
)

// Leftover is a temporary file of a name: one that is being written, or that a process left which died.
type Leftover struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	// Held: a process has the file open to write it, or the system does not tell. The others are removed by the next Create.
	Held bool `json:"held"`
}

// Leftovers lists the temporary files of path. There is no error: what cannot be read is not listed.
func Leftovers(path string) []Leftover {
	var list []Leftover
	for _, name := range temporaries(path) {
		info, err := os.Lstat(name)
		if err == nil && info.Mode().IsRegular() {
			list = append(list, Leftover{Path: name, Bytes: info.Size(), Held: held(name)})
		}
	}
	return list
}

// removeDead removes the temporary files of path that no process holds. Create calls it when it has a file of its own, which is held.
func removeDead(path string) {
	for _, name := range temporaries(path) {
		if info, err := os.Lstat(name); err == nil && info.Mode().IsRegular() {
			removeUnheld(name)
		}
	}
}

// temporaries are the files whose names are those that openTemp gives.
func temporaries(path string) []string {
	prefix := filepath.Base(tempPrefix(path))
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil
	}
	defer dir.Close()
	var found []string
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			if random, ok := strings.CutPrefix(name, prefix); ok && isRandom(random) {
				found = append(found, filepath.Join(filepath.Dir(path), name))
			}
		}
		if err != nil || len(names) == 0 {
			return found
		}
	}
}

// isRandom tells whether the end of a name is one that openTemp makes: up to 13 digits to the base 36.
func isRandom(s string) bool {
	return s != "" && len(s) <= 13 && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}
