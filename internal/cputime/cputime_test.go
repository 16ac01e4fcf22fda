package cputime

import (
	"runtime"
	"testing"
	"time"
)

// Both clocks advance with work, by no more than it can have been, and not with sleep.
func TestClocks(t *testing.T) {
	if err := Check(); err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	wall, thread, process := time.Now(), Thread(), Process()
	x := 1.0
	for Thread()-thread < 20*time.Millisecond {
		for range 1000 {
			x = x*1.0000001 + 1e-9
		}
	}
	worked, all, passed := Thread()-thread, Process()-process, time.Since(wall)
	if x <= 1 || worked > passed+time.Millisecond || worked > all+time.Millisecond {
		t.Errorf("thread worked %v, process %v, in %v", worked, all, passed)
	}
	thread = Thread()
	time.Sleep(50 * time.Millisecond)
	if slept := Thread() - thread; runtime.GOOS == "linux" && slept > 25*time.Millisecond {
		t.Errorf("50 ms of sleep counted as %v of work", slept)
	}
}
