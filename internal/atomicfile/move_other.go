//go:build !windows

package atomicfile

import "os"

// move renames the file and opens it for reading; after an error nothing has changed. It is opened by its temporary
// name, which nobody else takes.
func (f *File) move() (*os.File, error) {
	published, err := os.Open(f.Name())
	if err != nil {
		return nil, err
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		_ = published.Close()
		return nil, err
	}
	_ = f.Close() // synced: there is nothing left to lose
	return published, nil
}
