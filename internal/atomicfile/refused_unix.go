//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"syscall"
)

// Refused tells whether an error means that a directory takes no new file, or does not let one be replaced: no permission, a
// read-only file system, or a file that is a mount point.
func Refused(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EBUSY)
}
