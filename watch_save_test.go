package annoy_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/annoy-go/annoy"
)

// TestOpenBesideSaves: who opens an index by its sidecar while it is replaced, or saved for the first time, finds both.
func TestOpenBesideSaves(t *testing.T) {
	const saves = 40
	vecs := cloud(seeded(98), 900, 8)
	versions := []*annoy.Index{
		twinOf(annoy.Euclidean, vecs[:300], 0).build(t, 8, 2),
		twinOf(annoy.Angular, vecs[300:], 0).build(t, 8, 3),
	}
	dir := t.TempDir()
	for name, path := range map[string]func(i int) string{
		"replaced": func(int) string { return filepath.Join(dir, "x.ann") },
		"new":      func(i int) string { return filepath.Join(dir, fmt.Sprintf("%d.ann", i)) },
	} {
		var at atomic.Int64 // the save under way; the opener follows it
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range saves {
				at.Store(int64(i))
				if err := versions[i%2].Save(path(i)); err != nil {
					t.Error(err)
				}
			}
			at.Store(saves)
		}()
		opened, early := 0, 0
		for at.Load() < saves {
			ix, err := annoy.Open(path(int(at.Load())), nil)
			if errors.Is(err, fs.ErrNotExist) {
				time.Sleep(50 * time.Microsecond)
				continue
			}
			if errors.Is(err, annoy.ErrNeedDimMetric) {
				early++ // the saver may be held up between its two renames for longer than Open waits
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
			if want := versions[ix.Trees()-2]; ix.Len() != want.Len() || ix.Metric() != want.Metric() || len(ix.Warnings()) > 0 {
				t.Errorf("%s: %d items, %s, warnings %q", name, ix.Len(), ix.Metric(), ix.Warnings())
			}
			ix.Close()
			opened++
		}
		<-done
		// Without the wait it was two opens of five.
		if opened == 0 || early > 3 && early > opened/5 {
			t.Errorf("%s: opened %d times, and %d times without the sidecar", name, opened, early)
		}
	}
}
