//go:build !unix

package cputime

import (
	"errors"
	"time"
)

// Check tells whether this system says how much CPU time was used: an error where it does not.
func Check() error {
	return errors.New("annoy: CPU time, which this measures by, cannot be read on this system: it runs on Linux and other Unix systems")
}

// Thread is 0.
func Thread() time.Duration { return 0 }

// Process is 0.
func Process() time.Duration { return 0 }
