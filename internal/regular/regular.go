// Package regular opens regular files for reading, with few system calls: opening a small index takes little else.
package regular

import (
	"fmt"
	"os"
)

// Open opens the regular file at path for reading and tells its size. What is something else is not opened: a pipe would wait for its
// writer, a device might act.
func Open(path string) (f *os.File, size int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a regular file but of type %s", path, typeName(info))
	}
	f, err = open(path)
	if err != nil {
		return nil, 0, err
	}
	if info, err = f.Stat(); err != nil {
		_ = f.Close() // only to be read
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func typeName(info os.FileInfo) string {
	if info.IsDir() {
		return "directory"
	}
	return info.Mode().Type().String()
}
