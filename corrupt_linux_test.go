package annoy_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestTruncatedWhileMapped: every method of an index whose file is cut short, or overwritten, under its mapping gives
// ErrCorrupt or an answer of existing ids. Nothing crashes, and Close still works.
func TestTruncatedWhileMapped(t *testing.T) {
	const n, dim = 4000, 64
	vecs := cloud(seeded(80), n, dim)
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		built := twinOf(m, vecs, 0).build(t, dim, 3)
		for name, damage := range map[string]func(path string) error{
			"to nothing":  func(path string) error { return os.Truncate(path, 0) },
			"to one page": func(path string) error { return os.Truncate(path, 4096) },
			"to half":     func(path string) error { return os.Truncate(path, int64(len(bytesOf(t, built))/2)) },
			"overwritten": func(path string) error { return os.WriteFile(path, make([]byte, 64<<10), 0o600) },
		} {
			path := saved(t, built)
			ix := open(t, path, nil)
			if s, err := ix.Stats(); err != nil || !s.Mapped {
				t.Fatalf("%+v (%v)", s, err)
			}
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			corrupt := 0
			check := func(what string, err error) {
				if errors.Is(err, annoy.ErrCorrupt) {
					corrupt++
				} else if err != nil && !errors.Is(err, annoy.ErrNotFound) { // a hole where zeros are
					t.Errorf("%s, %s: %v", name, what, err)
				}
			}
			for _, q := range vecs[:20] {
				hits, err := ix.Search(q, 10, nil)
				check("Search", err)
				for _, h := range hits {
					if h.ID < 0 || h.ID >= n {
						t.Errorf("%s: hit %v", name, h)
					}
				}
				_, err = ix.Search(q, 10, &annoy.SearchOptions{Filter: filterFunc(func(id int64) bool { return id%2 == 0 })})
				check("Search with a filter", err)
			}
			for id := int64(0); id < n; id += 99 {
				_, err := ix.Vector(id)
				check("Vector", err)
				_, err = ix.Distance(id, n-1)
				check("Distance", err)
				_, err = ix.SearchByID(id, 10, nil)
				check("SearchByID", err)
			}
			_, err := ix.SearchBatch(t.Context(), vecs[:50], 10, everything(ix))
			check("SearchBatch", err)
			for item, err := range ix.All() {
				if check("All", err); item.ID < 0 || item.ID >= n {
					t.Errorf("%s: All yields %d", name, item.ID)
				}
			}
			_, err = ix.Stats()
			check("Stats", err)
			err = ix.Verify(t.Context())
			if check("Verify", err); err == nil {
				t.Errorf("%s: Verify finds nothing", name)
			}
			_, err = ix.WriteTo(io.Discard)
			check("WriteTo", err)
			copied := filepath.Join(t.TempDir(), "y.ann")
			if err := ix.Save(copied); err != nil {
				check("Save", err)
				if names := filesIn(t, filepath.Dir(copied)); len(names) != 0 {
					t.Errorf("%s: a failed save left %v", name, names)
				}
			}
			if m == annoy.Dot {
				check("SaveDialect", ix.SaveDialect(copied, annoy.DotMain))
			}
			if corrupt < 10 {
				t.Errorf("%s: only %d calls found the damage", name, corrupt)
			}
			if err := ix.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestWriteToOfTruncated: whatever the writer does with the bytes, and on whichever goroutine, it never meets the
// missing pages.
func TestWriteToOfTruncated(t *testing.T) {
	built := twinOf(annoy.Euclidean, cloud(seeded(81), 4000, 64), 0).build(t, 64, 3)
	size := int64(len(bytesOf(t, built)))
	cut := func(t *testing.T) *annoy.Index {
		path := saved(t, built)
		ix := open(t, path, nil)
		if err := os.Truncate(path, size/2); err != nil {
			t.Fatal(err)
		}
		return ix
	}
	check := func(t *testing.T, n int64, err error) {
		if !errors.Is(err, annoy.ErrCorrupt) || n > size/2+4096 {
			t.Errorf("%d bytes written of %d (%v), want ErrCorrupt", n, size, err)
		}
	}
	t.Run("pipe", func(t *testing.T) {
		r, w := io.Pipe()
		read := make(chan int64)
		go func() {
			n, _ := io.Copy(io.Discard, r)
			read <- n
		}()
		n, err := cut(t).WriteTo(w)
		w.Close()
		check(t, n, err)
		if got := <-read; got != n {
			t.Errorf("%d bytes read of %d written", got, n)
		}
	})
	t.Run("file", func(t *testing.T) {
		f, err := os.Create(filepath.Join(t.TempDir(), "y.ann"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		n, err := cut(t).WriteTo(f)
		check(t, n, err)
	})
}

// TestShrinkingWhileOpened: a file that has fewer bytes than it claims, as one cut short while Open reads it, is corrupt.
func TestShrinkingWhileOpened(t *testing.T) {
	// The system's own files claim a page, hold less and cannot be mapped.
	const short = "/sys/kernel/mm/transparent_hugepage/enabled"
	if info, err := os.Stat(short); err != nil || !info.Mode().IsRegular() || info.Size() < 100 {
		t.Skipf("no %s of a page here: %v", short, err)
	}
	_, err := annoy.Open(short, &annoy.OpenOptions{Dim: 3, Metric: annoy.Euclidean, Prefault: true})
	if where := (*annoy.CorruptError)(nil); !errors.As(err, &where) || where.Offset <= 0 || !strings.Contains(err.Error(), short) {
		t.Errorf("%v, want the offset and name of a file cut short", err)
	}
}

// TestShrinkingWhilePrefaulted cuts a file again and again while it is opened: opened, or corrupt.
func TestShrinkingWhilePrefaulted(t *testing.T) {
	path := saved(t, twinOf(annoy.Euclidean, cloud(seeded(82), 20_000, 64), 0).build(t, 64, 1))
	whole := readFile(t, path)
	stop, done := make(chan struct{}), make(chan struct{})
	defer func() { close(stop); <-done }()
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := errors.Join(os.Truncate(path, 4096), os.WriteFile(path, whole, 0o600)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	corrupt := 0
	for range 300 {
		ix, err := annoy.Open(path, &annoy.OpenOptions{Dim: 64, Metric: annoy.Euclidean, Prefault: true, IgnoreSidecar: true})
		if err == nil {
			ix.Close()
		} else if !errors.Is(err, annoy.ErrCorrupt) {
			t.Fatal(err)
		} else {
			corrupt++
		}
	}
	t.Logf("%d of 300 were corrupt", corrupt)
}
