package atomicfile

import (
	"errors"
	"os"
	"time"
)

// move renames the file and opens it for reading. Windows renames no file that is open, so it is closed meanwhile.
func (f *File) move() (*os.File, error) {
	name := f.Name()
	if err := f.Close(); err != nil {
		return nil, err
	}
	over, err := f.take()
	if err != nil {
		again, openErr := openAgain(name, os.O_RDWR)
		if openErr == nil {
			f.File = again
		}
		return nil, errors.Join(err, openErr)
	}
	if over != nil {
		_ = os.Remove(name)
		return over, nil
	}
	return openAgain(f.path, os.O_RDONLY)
}

// openAgain opens a file that was open a moment ago. A scanner of viruses may hold a file that was just written, but
// not for long.
func openAgain(name string, flag int) (*os.File, error) {
	for try := 0; ; try++ {
		f, err := os.OpenFile(name, flag, 0)
		if err == nil || try == 20 {
			return f, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}
