//go:build invariants

package invariants

import "fmt"

// Enabled tells whether this build checks its invariants.
const Enabled = true

// Check panics with the formatted message when cond is false.
func Check(cond bool, format string, args ...any) {
	if !cond {
		panic("annoy: invariant broken: " + fmt.Sprintf(format, args...))
	}
}
