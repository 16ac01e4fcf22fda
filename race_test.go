//go:build race

package annoy_test

// raceEnabled: the race detector makes sync.Pool forget what it holds, at random.
const raceEnabled = true
