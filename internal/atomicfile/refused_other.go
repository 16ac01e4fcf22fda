//go:build !unix

package atomicfile

import (
	"errors"
	"io/fs"
)

// Refused tells whether an error means that a directory takes no new file, or does not let one be replaced.
func Refused(err error) bool { return errors.Is(err, fs.ErrPermission) }
