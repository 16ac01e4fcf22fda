//go:build !unix

package peers

import (
	"errors"
	"time"
)

func checkClocks() error {
	return errors.New("annoy: compare measures CPU time, which it cannot read on this system: it runs on Linux and other Unix systems")
}

func threadCPU() time.Duration { return 0 }

func processCPU() time.Duration { return 0 }
