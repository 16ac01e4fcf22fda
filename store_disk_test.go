package annoy

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// itemsOnDisk is a store of the given number of items, and what is expected of it.
func itemsOnDisk(t *testing.T, n int) (*diskItems, func()) {
	t.Helper()
	l, err := annfile.NewLayout(annfile.Euclidean, 100, annfile.Released)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newDiskItems(l, filepath.Join(t.TempDir(), "x.ann"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.abort)
	for i := range n {
		if err := s.put(int64(i), nodeOf(&l, i)); err != nil {
			t.Fatal(err)
		}
	}
	return s, func() {
		t.Helper()
		got := make([]byte, l.Size)
		for i := range s.len() {
			if err := s.get(i, got); err != nil || !bytes.Equal(got, nodeOf(&l, int(i))) {
				t.Fatalf("item %d of %d is not what was put (%v)", i, s.len(), err)
			}
		}
	}
}

// nodeOf is a node that tells its number.
func nodeOf(l *annfile.Layout, i int) []byte {
	node := alignedBytes(int(l.Size))
	node[0], node[l.Vec], node[l.Vec+1], node[l.Vec+2] = 1, byte(i), byte(i>>8), byte(i>>16)
	return node
}

// TestSidecarNotRenamed: the index has its name, its sidecar has not. The items are kept.
func TestSidecarNotRenamed(t *testing.T) {
	s, check := itemsOnDisk(t, 3000)
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	side, err := sidecar.Create(s.path, sidecar.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer side.Abort()
	if err := os.MkdirAll(filepath.Join(s.path+sidecar.Suffix, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.published(commitPair(s.file, side)); err == nil {
		t.Fatal("a directory was replaced")
	}
	check()
	if err := s.reopen(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.put(3000, nodeOf(&s.layout, 3000)); err != nil {
		t.Fatal(err)
	}
	check()
}

// TestCopyStops: the copy of a built index looks at its context, and what is not copied is not lost.
func TestCopyStops(t *testing.T) {
	s, check := itemsOnDisk(t, 100)
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.commit(&sidecar.Meta{Size: s.size()}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.reopen(ctx); err == nil {
		t.Fatal("a cancelled copy went through")
	}
	check()
}

// TestFailedFlush: what the disk did not take is kept, and is written when it does.
func TestFailedFlush(t *testing.T) {
	s, check := itemsOnDisk(t, 5)
	good := s.file.File
	full, err := os.Open(good.Name()) // takes nothing: open for reading
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	s.file.File = full
	added, refused := 5, 0
	for refused < 3 {
		if err := s.put(int64(added), nodeOf(&s.layout, added)); err == nil {
			added++
		} else {
			refused++
		}
	}
	if err := s.get(0, make([]byte, s.layout.Size)); err == nil {
		t.Error("an item was read that is not there yet")
	}
	if _, err := s.buildForest(context.Background(), &treeJob{metric: Euclidean, layout: s.layout}); err == nil {
		t.Error("a build without its items went through")
	}
	s.file.File = good
	if s.len() != int64(added) {
		t.Errorf("%d items, want the %d that were taken", s.len(), added)
	}
	check()
}
