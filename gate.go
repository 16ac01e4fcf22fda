package annoy

import "sync/atomic"

// gate lets calls in until it is closed, and closing waits for those inside. Unlike
// a read-write mutex it may be entered again by a call that is already inside.
type gate struct {
	inside atomic.Int64
	closed atomic.Bool
	idle   chan struct{} // capacity 1: somebody left last after the gate was closed
}

func newGate() gate { return gate{idle: make(chan struct{}, 1)} }

// enter tells whether the gate is open; if so the caller must leave.
func (g *gate) enter() bool {
	g.inside.Add(1)
	if g.closed.Load() {
		g.leave()
		return false
	}
	return true
}

func (g *gate) leave() {
	if g.inside.Add(-1) == 0 && g.closed.Load() {
		g.wake()
	}
}

// wake wakes one call of close, now or when it comes to wait.
func (g *gate) wake() {
	select {
	case g.idle <- struct{}{}:
	default:
	}
}

// close shuts the gate and waits until nobody is inside. It tells whether this call was the first.
func (g *gate) close() bool {
	first := !g.closed.Swap(true)
	for g.inside.Load() > 0 {
		<-g.idle
	}
	g.wake() // another that waits: the last to leave woke one
	return first
}
