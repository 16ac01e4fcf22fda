package mmap

import (
	"errors"

	"golang.org/x/sys/unix"
)

// prefault reads all pages in with one call where the kernel has it (5.14 and later).
func prefault(data []byte) error {
	for {
		err := unix.Madvise(data, unix.MADV_POPULATE_READ)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
			// EINVAL: an older kernel. EFAULT and others: touching finds out at which offset.
			return touch(data)
		}
	}
}
