//go:build race

package accuracy

// raceEnabled: the race detector makes sync.Pool forget what it holds, at random.
const raceEnabled = true
