package annoy

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/annoy-go/annoy/internal/sidecar"
)

// TestWatchGivesUp: at once where no save can be under way, soon where nothing changes, later where all changes.
func TestWatchGivesUp(t *testing.T) {
	clock := time.Now()
	path := filepath.Join(t.TempDir(), "x.ann")
	write := func(name string, age time.Duration) {
		t.Helper()
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		then := clock.Add(-age)
		if err := os.Chtimes(name, then, then); err != nil {
			t.Fatal(err)
		}
	}
	count := func(between func()) (n int) {
		w := newWatch(path)
		w.now, w.sleep = func() time.Time { return clock }, func(d time.Duration) { clock = clock.Add(d) }
		for ; w.again(); n++ {
			between()
		}
		return n
	}
	nothing := func() {}
	if n := count(nothing); n != 0 {
		t.Errorf("no file: opened again %d times", n)
	}
	write(path, time.Hour)
	if n := count(nothing); n != 0 {
		t.Errorf("an old index without sidecar: opened again %d times", n)
	}
	write(path, 0)
	if n := count(nothing); n != 11 {
		t.Errorf("a new index without sidecar: opened again %d times, want 11", n)
	}
	write(path, time.Hour)
	write(path+sidecar.Suffix, time.Hour)
	if n := count(nothing); n != 0 {
		t.Errorf("an old index with a damaged sidecar: opened again %d times", n)
	}
	if err := os.Remove(path + sidecar.Suffix); err != nil { // of which only a sidecar takes the place
		t.Fatal(err)
	}
	side, err := sidecar.Create(path, sidecar.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if err := side.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := count(nothing); n != 11 {
		t.Errorf("an index with another's sidecar: opened again %d times, want 11", n)
	}
	const step = 10 * time.Millisecond
	age, changes := time.Hour, int(patience/step)
	if n := count(func() { age += time.Minute; write(path, age); clock = clock.Add(step) }); n < changes*9/10 || n > changes+1 {
		t.Errorf("an index that changes all the time: opened again %d times, want about %d", n, changes)
	}
}
