package hostile

import (
	"syscall"
	"testing"
)

// limitMemory lets the process have a gigabyte of data.
func limitMemory(t *testing.T) {
	t.Helper()
	if raceEnabled {
		return // the detector's own memory is larger
	}
	const most = 1 << 30
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
		t.Fatal(err)
	}
}

// limitTime lets the process have some more seconds of CPU time, however long it waits for the processor.
func limitTime(t *testing.T) {
	t.Helper()
	var used syscall.Rusage
	var limit syscall.Rlimit
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Getrlimit(syscall.RLIMIT_CPU, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = min(limit.Max, uint64(used.Utime.Sec+used.Stime.Sec)+10)
	if err := syscall.Setrlimit(syscall.RLIMIT_CPU, &limit); err != nil {
		t.Fatal(err)
	}
}
