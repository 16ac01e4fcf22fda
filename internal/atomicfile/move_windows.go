package atomicfile

import (
	"errors"
	"os"
)

// move renames the file and opens it for reading. Windows renames no file that is open, so it is closed meanwhile.
func (f *File) move() (*os.File, error) {
	name := f.Name()
	if err := f.Close(); err != nil {
		return nil, err
	}
	if err := os.Rename(name, f.path); err != nil {
		again, openErr := os.OpenFile(name, os.O_RDWR, 0)
		if openErr == nil {
			f.File = again
		}
		return nil, errors.Join(err, openErr)
	}
	return os.Open(f.path)
}
