package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Some files can be written but not replaced: their directory is read-only, or sticky and they are another user's, or they
// are mounted by themselves, as containers do. Then the new bytes are complete in a temporary file first, and are copied
// over the old ones at the end. What is lost is the single step: while it lasts, readers see old and new bytes mixed, and a
// crash leaves them so.

// InPlace tells, once the file has its name, whether the old file was overwritten instead of replaced.
func (f *File) InPlace() bool { return f.inPlace }

// writable tells whether this process may write to the file at path.
func writable(path string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	return err == nil && f.Close() == nil
}

// take gives the bytes their name: by a rename, or where that is refused by a copy over the file that has the name. Of a
// copy it returns the file, open; the temporary file then remains to be removed.
func (f *File) take() (*os.File, error) {
	if !f.staged {
		err := os.Rename(f.Name(), f.path)
		if !Refused(err) || !writable(f.path) {
			return nil, err
		}
	}
	to, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := copyOver(to, f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("it had to be overwritten in place, and is now incomplete: %w", err), to.Close())
	}
	f.inPlace = true
	return to, nil
}

// copyOver makes the bytes of the file from those of to. The length comes last: a mapping of the old file loses no page that
// the new one has.
func copyOver(to *os.File, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	n, err := io.Copy(to, in)
	if err != nil {
		return err
	}
	if err := to.Truncate(n); err != nil {
		return err
	}
	return to.Sync()
}
