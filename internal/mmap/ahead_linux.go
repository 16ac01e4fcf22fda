package mmap

import "golang.org/x/sys/unix"

// FileAhead asks the system to read a part of an open file into the page cache in the background. It is a hint, and much where
// many scattered parts are read: the disk gets all of them at once rather than one after the other. On other systems than
// Linux it does nothing.
func FileAhead(fd uintptr, at, n int64) { _ = unix.Fadvise(int(fd), at, n, unix.FADV_WILLNEED) }
