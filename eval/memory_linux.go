package eval

import (
	"os"
	"strconv"
	"strings"
)

// memory reads what proc_pid_status(5) documents.
func memory() (m Memory) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(f[1], 10, 64) // not a number: not one of the lines below
		switch f[0] {
		case "RssAnon:":
			m.Private = kib << 10
		case "RssFile:":
			m.Mapped = kib << 10
		}
	}
	return m
}
