package annoy

import (
	"os"
	"time"

	"github.com/annoy-go/annoy/internal/sidecar"
)

// watch decides whether an index that was opened without a sidecar of its own is worth opening again. A save renames the
// index and then the sidecar; who opens it in between has the new index and the old sidecar, or none.
type watch struct {
	path  string
	seen  *sight // at the last look
	start time.Time
	pause time.Duration // of the next wait

	now   func() time.Time    // time.Now, but in tests
	sleep func(time.Duration) // time.Sleep
}

func newWatch(path string) *watch { return &watch{path: path, now: time.Now, sleep: time.Sleep} }

const (
	firstPause = 100 * time.Microsecond
	lastPause  = 512 * firstPause // while nothing changes: 0.1 s in all
	patience   = time.Second      // with files that change all the time
	justSaved  = 2 * time.Second  // so young an index may still get its sidecar
)

// again tells whether to open once more, after a pause that it makes. The first time costs no pause: the save may be over.
func (w *watch) again() bool {
	after := look(w.path)
	before := w.seen
	w.seen = &after
	switch {
	case before == nil:
		w.start, w.pause = w.now(), firstPause
		return w.unfinished()
	case w.now().Sub(w.start) > patience:
		return false
	case !after.same(before):
		w.pause = firstPause
	case w.pause > lastPause || !w.unfinished():
		return false
	}
	w.sleep(w.pause)
	w.pause *= 2
	return true
}

// sight is what there is of an index and its sidecar; nil where there is none.
type sight struct{ index, side os.FileInfo }

func look(path string) (s sight) {
	if info, err := os.Stat(path); err == nil {
		s.index = info
	}
	if info, err := os.Stat(sidecar.Path(path)); err == nil {
		s.side = info
	}
	return s
}

func (s *sight) same(o *sight) bool { return sameFile(s.index, o.index) && sameFile(s.side, o.side) }

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// unfinished: the index is so new that it may just not have its sidecar yet, or there is a good one of another index.
func (w *watch) unfinished() bool {
	index := w.seen.index
	if index == nil {
		return false
	}
	_, sound := sidecar.Claim(w.path)
	return sound || w.now().Sub(index.ModTime()).Abs() < justSaved
}
