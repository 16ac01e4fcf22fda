//go:build unix && !solaris && !aix

package atomicfile

import (
	"os"
	"syscall"
)

// hold marks a temporary file as being written, until it is closed or the process dies: by a lock of the open file. False where the file
// was removed before it was marked, by a process that took it for a dead one's. A file system without locks leaves it unmarked:
// nobody else can mark it either, and so nobody removes it.
func hold(f *os.File) bool {
	if lock(f) == syscall.EWOULDBLOCK {
		return false // another process is about to remove it
	}
	info, err := f.Stat()
	if err != nil {
		return true
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || s.Nlink > 0
}

// held tells whether a process has marked the file, or the system does not tell.
func held(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return true
	}
	defer f.Close() // which ends the lock
	return lock(f) != nil
}

// removeUnheld removes the file unless a process has marked it.
func removeUnheld(name string) {
	f, err := os.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	if lock(f) == nil {
		_ = os.Remove(name) // under the lock: whoever made the file a moment ago finds it gone, and makes another
	}
}

// lock takes the lock of an open file, without waiting.
func lock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			return err
		}
	}
}
