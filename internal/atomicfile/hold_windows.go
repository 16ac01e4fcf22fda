package atomicfile

import (
	"os"
	"syscall"
)

// Windows removes no file that a process has open, so that nothing need mark it.

func hold(*os.File) bool { return true }

// held tells whether a process has the file open: it cannot be opened to be written by this one alone then.
func held(name string) bool {
	f, err := openAlone(name)
	if err != nil {
		return true
	}
	return f.Close() != nil
}

// openAlone opens a file that nobody else has open.
func openAlone(name string) (*os.File, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(path, syscall.GENERIC_READ, 0, nil, syscall.OPEN_EXISTING, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), name), nil
}

func removeUnheld(name string) { _ = os.Remove(name) }
