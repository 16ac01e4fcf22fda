//go:build !windows

package atomicfile

import "os"

// move renames the file, and returns it as it is open: a rename does not disturb that. After an error nothing has changed.
func (f *File) move() (*os.File, error) {
	over, err := f.take()
	if err != nil {
		return nil, err
	}
	if over == nil {
		return f.File, nil
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
	return over, nil
}
