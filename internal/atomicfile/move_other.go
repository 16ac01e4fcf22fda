//go:build !windows

package atomicfile

import "os"

// move renames the file, and returns it as it is open: a rename does not disturb that. After an error nothing has changed.
func (f *File) move() (*os.File, error) {
	if err := os.Rename(f.Name(), f.path); err != nil {
		return nil, err
	}
	return f.File, nil
}
