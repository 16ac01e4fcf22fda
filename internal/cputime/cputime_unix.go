//go:build unix && !linux

package cputime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Check tells whether this system says how much CPU time was used: an error where it does not.
func Check() error { return nil }

// Thread is that of the whole process: it serves where only the calling thread works.
func Thread() time.Duration { return Process() }

// Process is the CPU time of all threads of the process.
func Process() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
