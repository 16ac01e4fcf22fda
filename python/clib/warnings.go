//go:build clib

package main

import (
	"strings"
	"sync"
	"sync/atomic"
)

// warnings are what the library has to tell of an object. They are kept until a call succeeds, which passes them to Python.
// A build adds to them without the object's lock, so that they have a lock of their own.
type warnings struct {
	some  atomic.Bool // spares calls the lock
	mu    sync.Mutex
	texts []string
}

func (w *warnings) add(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, "annoy: "+text)
	w.some.Store(true)
}

// take returns all of them as one text and forgets them.
func (w *warnings) take() string {
	if !w.some.Load() {
		return ""
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	text := strings.Join(w.texts, "; ")
	w.texts = nil
	w.some.Store(false)
	return text
}
