package peers

import (
	"time"

	"golang.org/x/sys/unix"
)

// checkClocks tells whether this system has what the measurements need.
func checkClocks() error { return nil }

// threadCPU is the CPU time of the calling thread: meaningful only between two calls on a locked thread.
func threadCPU() time.Duration { return cpuClock(unix.CLOCK_THREAD_CPUTIME_ID) }

// processCPU is the CPU time of all threads of the process.
func processCPU() time.Duration { return cpuClock(unix.CLOCK_PROCESS_CPUTIME_ID) }

func cpuClock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		return 0 // the kernel has had both clocks since 2.6
	}
	return time.Duration(t.Nano())
}
