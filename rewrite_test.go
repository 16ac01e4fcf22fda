package annoy_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/annfile"
)

// rewrittenFor is how long a file is read while its bytes change: longer where there are whole trees to lose the way in.
func (f *fixture) rewrittenFor() time.Duration {
	if strings.HasSuffix(f.name, "trees") {
		return 300 * time.Millisecond
	}
	return 30 * time.Millisecond
}

// TestRewrittenWhileRead: bytes that change under a reader, which may see a number change between two looks at it,
// give errors, or answers of ids in range. The races are the point, so the race detector has nothing to say here.
func TestRewrittenWhileRead(t *testing.T) {
	if raceEnabled {
		t.Skip("the test is a data race, as reading a file that somebody rewrites is")
	}
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			data := aligned(bytes.Clone(f.data))
			ix := load(t, data, f.metric, f.dim)
			rewrite(t, f, ix, data, func(at int, word uint32) error {
				atomic.StoreUint32((*uint32)(unsafe.Pointer(&data[at])), word)
				return nil
			})
		})
		t.Run(f.name+" mapped", func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.ann")
			writeFile(t, path, f.data)
			ix := open(t, path, &annoy.OpenOptions{Metric: f.metric, Dim: f.dim})
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			rewrite(t, f, ix, nil, func(at int, word uint32) error {
				_, err := file.WriteAt(binary.LittleEndian.AppendUint32(nil, word), int64(at))
				return err
			})
		})
	}
}

// rewrite changes words of the nodes' headers to and fro while the index is read in every way. data, if not nil, is
// the bytes themselves, for opening them over and over.
func rewrite(t *testing.T, f fixture, ix *annoy.Index, data []byte, write func(at int, word uint32) error) {
	var stop atomic.Bool
	var writing, reading sync.WaitGroup
	writing.Go(func() {
		rng := rand.New(rand.NewPCG(1, uint64(len(f.name))))
		// The vector's first words too: a leaf's ids and hamming's position lie there.
		words := min(int(f.layout.Vec)+8, int(f.layout.Size)) / 4
		values := []uint32{0, 1, 2, math.MaxUint32, 1 << 31, math.MaxInt32, uint32(ix.Len()), uint32(f.layout.LeafCap), uint32(f.layout.LeafCap + 1), 1 << 20}
		nodes := len(f.data) / int(f.layout.Size)
		for !stop.Load() {
			node := rng.IntN(nodes)
			if rng.IntN(2) == 0 {
				node = nodes - 1 - node%ix.Trees() // a root, which every search reads
			}
			at := node*int(f.layout.Size) + 4*rng.IntN(words)
			old, bad := binary.LittleEndian.Uint32(f.data[at:]), values[rng.IntN(len(values))]
			for range 200 {
				if err := errors.Join(write(at, bad), write(at, old)); err != nil {
					t.Error(err)
					return
				}
			}
			runtime.Gosched() // WebAssembly has one thread, which nobody is taken from
		}
	})
	deadline := time.Now().Add(f.rewrittenFor())
	for _, read := range readers(t, f, ix, data) {
		reading.Go(func() {
			for !t.Failed() && time.Now().Before(deadline) {
				read()
			}
		})
	}
	reading.Wait()
	stop.Store(true)
	writing.Wait()
}

// readers are the ways to read an index, each for a goroutine of its own.
func readers(t *testing.T, f fixture, ix *annoy.Index, data []byte) []func() {
	q := make([]float32, f.dim)
	for c := range q {
		q[c] = float32(c%3) - 0.4
	}
	check := func(what string, err error) {
		if err != nil && !errors.Is(err, annoy.ErrCorrupt) && !errors.Is(err, annoy.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	valid := func(what string, hits []annoy.Neighbor, err error) {
		check(what, err)
		for _, h := range hits {
			if h.ID < 0 || h.ID >= int64(ix.Len()) {
				t.Errorf("%s: hit %+v of %d items", what, h, ix.Len())
			}
		}
	}
	odd := &annoy.SearchOptions{SearchK: 5, Filter: filterFunc(func(id int64) bool { return id%2 == 1 })}
	search := func() {
		for range 50 {
			hits, err := ix.Search(q, 3, nil)
			valid("Search", hits, err)
			hits, err = ix.Search(q, 2, odd)
			valid("Search with a filter", hits, err)
			hits, err = ix.SearchByID(1, 3, nil)
			valid("SearchByID", hits, err)
		}
	}
	verify := func() {
		check("Verify", ix.Verify(context.Background()))
		_, err := ix.Stats()
		check("Stats", err)
		_, err = ix.Vector(int64(ix.Len()) - 1)
		check("Vector", err)
		_, err = ix.WriteTo(io.Discard)
		check("WriteTo", err)
	}
	all := []func(){search, verify}
	if data == nil {
		return all
	}
	return append(all, func() {
		im, err := annfile.Parse(f.layout, data)
		if check("Parse", err); err == nil && f.metric == annoy.Dot {
			for _, d := range []annfile.Dialect{annfile.Released, annfile.Main} {
				_, err := annfile.Convert(im, d)
				check("Convert", err)
			}
		}
	})
}
