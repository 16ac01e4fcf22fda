package annoy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// adding is one call of Add.
type adding struct {
	id  int64
	vec []float32
}

// source is a Source of given vectors; fail, if set, comes instead of the end.
type source struct {
	dim, length int
	rows        []adding
	fail        error
	next        int
}

func (s *source) Dim() int { return s.dim }
func (s *source) Len() int { return s.length }
func (s *source) Next(dst []float32) (int64, error) {
	if s.next == len(s.rows) {
		if s.fail != nil {
			return 0, s.fail
		}
		return 0, io.EOF
	}
	s.next++
	copy(dst, s.rows[s.next-1].vec)
	return s.rows[s.next-1].id, nil
}

// orders of adding the same items: ascending, descending, shuffled, with repeats of which the last counts.
func orders(rng *rand.Rand, tw *twin) map[string][]adding {
	var up []adding
	for _, id := range tw.ids() {
		up = append(up, adding{id, tw.items[id]})
	}
	down, shuffled := slices.Clone(up), slices.Clone(up)
	slices.Reverse(down)
	rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	var repeated []adding
	for i, a := range shuffled {
		if i%3 == 0 {
			repeated = append(repeated, adding{a.id, shuffled[0].vec})
		}
		if i%5 == 0 {
			repeated = append(repeated, adding{up[0].id, a.vec}, adding{up[0].id, up[0].vec})
		}
		repeated = append(repeated, a)
	}
	return map[string][]adding{"ascending": up, "descending": down, "shuffled": shuffled, "repeated": repeated}
}

// TestBuildsAlike: in memory, on disk and from a source, in any order of ids: the same bytes.
func TestBuildsAlike(t *testing.T) {
	vecs := cloud(seeded(60), 900, 11)
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		dialects := []annoy.DotDialect{annoy.DotReleased}
		if m == annoy.Dot {
			dialects = append(dialects, annoy.DotMain)
		}
		for _, d := range dialects {
			for _, n := range []int{900, 9, 1} {
				tw := twinOf(m, vecs[:n], 8)
				o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3, Seed: 9, DotDialect: d}
				want := bytesOf(t, build(t, tw.builder(t, 11, &annoy.BuilderOptions{DotDialect: d}), o))
				for order, rows := range orders(seeded(61), tw) {
					if n < 900 && order != "repeated" { // each build on disk waits for the disk several times
						continue
					}
					dir := t.TempDir()
					disk, file := filepath.Join(dir, "disk.ann"), filepath.Join(dir, "file.ann")
					memory := addedTo(t, m, rows, &annoy.BuilderOptions{DotDialect: d})
					if !bytes.Equal(bytesOf(t, build(t, memory, o)), want) {
						t.Errorf("%d items, %s, in memory: other bytes", n, order)
					}
					build(t, addedTo(t, m, rows, &annoy.BuilderOptions{DotDialect: d, OnDisk: disk}), o)
					src := &source{dim: 11, length: []int{-1, len(rows)}[len(order)%2], rows: rows}
					s, err := annoy.BuildFile(t.Context(), src, m, file, o)
					if err != nil || s.Items != n || s.Trees != 3 || s.Metric != m || s.Bytes != int64(len(want)) {
						t.Fatalf("BuildFile: %+v (%v)", s, err)
					}
					for _, path := range []string{disk, file} {
						if !bytes.Equal(readFile(t, path), want) {
							t.Errorf("%d items, %s, %s: other bytes", n, order, filepath.Base(path))
						}
						if err := open(t, path, nil).Verify(t.Context()); err != nil {
							t.Error(err)
						}
					}
					if names := filesIn(t, dir); !slices.Equal(names, []string{"disk.ann", "disk.ann.meta", "file.ann", "file.ann.meta"}) {
						t.Errorf("files %v", names)
					}
				}
			}
		}
	})
}

func addedTo(t *testing.T, m annoy.Metric, rows []adding, o *annoy.BuilderOptions) *annoy.Builder {
	t.Helper()
	b, err := annoy.NewBuilder(len(rows[0].vec), m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	for _, a := range rows {
		if err := b.Add(int(a.id), a.vec); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// TestOnDiskLarge: more items than the buffers of an on-disk build hold, and enough for the parallel top of a tree.
func TestOnDiskLarge(t *testing.T) {
	for _, m := range []annoy.Metric{annoy.Dot, annoy.Angular} {
		b := largeBuilder(t, m)
		o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 1}
		want := bytesOf(t, build(t, b, o))
		src := &source{dim: b.Dim(), length: -1}
		for _, id := range seeded(62).Perm(b.Len()) {
			if v, err := b.Vector(int64(id)); err == nil {
				src.rows = append(src.rows, adding{int64(id), v})
			}
		}
		path := filepath.Join(t.TempDir(), "x.ann")
		if _, err := annoy.BuildFile(t.Context(), src, m, path, o); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(readFile(t, path), want) {
			t.Errorf("%s: other bytes than in memory", m)
		}
	}
}

// TestNothingLeftBehind: a source that fails, bad vectors and cancelling at any moment leave no file and no harm.
func TestNothingLeftBehind(t *testing.T) {
	broken := errors.New("the disk is on fire")
	rows := func(n int) (rows []adding) {
		for i, v := range cloud(seeded(63), n, 6) {
			rows = append(rows, adding{int64(i), v})
		}
		return rows
	}
	nan := rows(40)
	nan[30].vec[5] = float32(math.NaN())
	large, negative := rows(40), rows(40)
	large[30].id, negative[30].id = 1<<40, -3
	wrapping := rows(40)
	wrapping[30].id = -1<<32 + 5 // 5 as an int of 32 bits
	for name, c := range map[string]struct {
		src  *source
		want error
		says string
	}{
		"source fails at once": {&source{rows: nil, fail: broken}, broken, "fire"},
		"source fails late":    {&source{rows: rows(3000), fail: broken}, broken, "fire"},
		"short read":           {&source{rows: rows(10), fail: io.ErrUnexpectedEOF}, io.ErrUnexpectedEOF, "EOF"},
		"not a number":         {&source{rows: nan}, annoy.ErrNotFinite, "row 30"},
		"id beyond 31 bits":    {&source{rows: large}, annoy.ErrTooLarge, "row 30"},
		"negative id":          {&source{rows: negative}, annoy.ErrOption, "row 30"},
		"very negative id":     {&source{rows: wrapping}, annoy.ErrOption, "id -4294967291"},
	} {
		for _, older := range []bool{false, true} {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.ann")
			var before []byte
			if older {
				if err := twinOf(annoy.Euclidean, cloud(seeded(64), 5, 3), 0).build(t, 3, 1).Save(path); err != nil {
					t.Fatal(err)
				}
				before = readFile(t, path)
			}
			c.src.dim, c.src.length, c.src.next = 6, -1, 0
			_, err := annoy.BuildFile(t.Context(), c.src, annoy.Dot, path, &annoy.BuildOptions{Kind: annoy.Forest})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v", name, err)
			}
			checkUntouched(t, path, before)
		}
	}
}

// checkUntouched wants in the directory of path what was there before: nothing, or the file of these bytes and its sidecar.
func checkUntouched(t *testing.T, path string, before []byte) {
	t.Helper()
	names := filesIn(t, filepath.Dir(path))
	if before == nil && len(names) != 0 || before != nil && !slices.Equal(names, []string{"x.ann", "x.ann.meta"}) {
		t.Errorf("left behind: %v", names)
	}
	if before == nil {
		return
	}
	if !bytes.Equal(readFile(t, path), before) {
		t.Error("the older file changed")
	}
	if err := open(t, path, nil).Verify(t.Context()); err != nil {
		t.Errorf("the older file: %v", err)
	}
}

// TestCancelBuildFile at every progress call, the reading included.
func TestCancelBuildFile(t *testing.T) {
	var rows []adding
	for i, v := range cloud(seeded(65), 1200, 6) {
		rows = append(rows, adding{int64(i), v})
	}
	for _, m := range []annoy.Metric{annoy.Dot, annoy.Hamming} {
		path := filepath.Join(t.TempDir(), "x.ann")
		stages := map[string]int{}
		for stopAt := 0; ; stopAt++ {
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 4, Progress: func(p annoy.Progress) {
				if n++; n > stopAt {
					cancel()
				}
				stages[p.Stage]++
			}}
			_, err := annoy.BuildFile(ctx, &source{dim: 6, length: len(rows), rows: rows}, m, path, o)
			cancel()
			if n <= stopAt { // nobody cancelled
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if err == nil && n == stopAt+1 {
				os.Remove(path) // cancelled by the last call of all
				os.Remove(path + ".meta")
			} else if !errors.Is(err, context.Canceled) {
				t.Fatalf("cancelled at progress %d: %v", stopAt, err)
			}
			checkUntouched(t, path, nil)
		}
		if stages["read"] == 0 || stages["build"] == 0 {
			t.Errorf("stages %v", stages)
		}
	}
}

// TestOnDiskCancelAndGoOn: the builder of a cancelled on-disk build can build again.
func TestOnDiskCancelAndGoOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ann")
	tw := twinOf(annoy.Dot, cloud(seeded(66), 1200, 5), 0)
	b := tw.builder(t, 5, &annoy.BuilderOptions{OnDisk: path})
	ctx, cancel := context.WithCancel(t.Context())
	o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: 4, Progress: func(annoy.Progress) { cancel() }}
	if _, err := b.Build(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := b.Add(1200, []float32{1, 2, 3, 4, 5}); err != nil {
		t.Errorf("Add after a cancelled build: %v", err)
	}
	tw.items[1200] = []float32{1, 2, 3, 4, 5}
	build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3})
	if !bytes.Equal(readFile(t, path), bytesOf(t, tw.build(t, 5, 3))) {
		t.Error("the build after a cancelled one gives other bytes")
	}
	// And after a finished one: other options, more items, the old index in use.
	b.Unbuild()
	old := open(t, path, nil)
	tw.items[7] = []float32{9, 9, 9, 9, 9}
	if err := b.Add(7, tw.items[7]); err != nil {
		t.Fatal(err)
	}
	build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 2})
	if !bytes.Equal(readFile(t, path), bytesOf(t, tw.build(t, 5, 2))) {
		t.Error("the second build on disk gives other bytes")
	}
	if err := old.Verify(t.Context()); err != nil || old.Trees() != 3 {
		t.Errorf("the old index: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if names := filesIn(t, filepath.Dir(path)); !slices.Equal(names, []string{"x.ann", "x.ann.meta"}) {
		t.Errorf("files %v", names)
	}
}

// TestBuilderBeforeBuild: vectors, distances and length of what was added so far, in memory and on disk.
func TestBuilderBeforeBuild(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		tw := twinOf(m, cloud(seeded(67), 60, 70), 4)
		for _, path := range []string{"", filepath.Join(t.TempDir(), "x.ann")} {
			b := tw.builder(t, 70, &annoy.BuilderOptions{OnDisk: path})
			if b.Len() != 60 || b.Dim() != 70 || b.Metric() != m {
				t.Errorf("Len %d, Dim %d, Metric %s", b.Len(), b.Dim(), b.Metric())
			}
			for _, id := range []int64{0, 1, 3, 17, 59, 60, -1, 1 << 40} {
				want, exists := tw.items[id]
				got, err := b.Vector(id)
				if exists {
					want = asStored(m, want)
				}
				if exists && (err != nil || !slices.Equal(got, want)) || !exists && !errors.Is(err, annoy.ErrNotFound) {
					t.Errorf("vector %d: %v (%v), want %v", id, got, err, want)
				}
				d, err := b.Distance(0, id)
				if !exists {
					if !errors.Is(err, annoy.ErrNotFound) {
						t.Errorf("distance to %d: %v", id, err)
					}
					continue
				}
				if right, slack := distance(m, tw.items[0], tw.items[id]); err != nil || !nearDistance(m, float64(d), right, slack) {
					t.Errorf("distance to %d: %v (%v), want %v", id, d, err, right)
				}
			}
		}
	})
}

// asStored is a vector as an index of the metric gives it back.
func asStored(m annoy.Metric, v []float32) []float32 {
	if m != annoy.Hamming {
		return v
	}
	bits := make([]float32, len(v))
	for c, x := range v {
		if x > 0.5 {
			bits[c] = 1
		}
	}
	return bits
}

// TestAutomaticTrees: Annoy's rule adds trees until there are twice as many nodes as items.
func TestAutomaticTrees(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		for _, n := range []int{1, 5, 40, 1000} {
			for _, trees := range []int{0, -1} {
				s, err := twinOf(m, cloud(seeded(68), n, 20), 9).build(t, 20, trees).Stats()
				if err != nil {
					t.Fatal(err)
				}
				own := s.Nodes - s.Trees // without the copies of the roots
				perTree := (own - s.Items) / s.Trees
				if own < 2*s.Items || own-perTree*2 >= 2*s.Items && s.Trees > 1 {
					t.Errorf("%d items: %+v", n, s)
				}
			}
		}
	})
}

// TestProgressIsSparse: some hundred reports, however much is done, the last of all that was done.
func TestProgressIsSparse(t *testing.T) {
	vecs := cloud(seeded(69), 300, 4)
	var rows []adding
	for i := range 150_000 {
		rows = append(rows, adding{int64(i % 300), vecs[i%300]})
	}
	for name, c := range map[string]struct{ length, trees int }{
		"known": {len(rows), 3000}, "unknown": {-1, -1}, "wrong": {7, 3000},
	} {
		calls, last := map[string]int{}, map[string]annoy.Progress{}
		o := &annoy.BuildOptions{Kind: annoy.Forest, Trees: c.trees, Progress: func(p annoy.Progress) {
			if p.Done < last[p.Stage].Done {
				t.Errorf("%s: from %+v back to %+v", name, last[p.Stage], p)
			}
			calls[p.Stage]++
			last[p.Stage] = p
		}}
		src := &source{dim: 4, length: c.length, rows: rows}
		s, err := annoy.BuildFile(t.Context(), src, annoy.Euclidean, filepath.Join(t.TempDir(), "x.ann"), o)
		if err != nil {
			t.Fatal(err)
		}
		if len(calls) != 2 || calls["read"] > 300 || calls["build"] > 300 || calls["read"] < 20 {
			t.Errorf("%s: reports %v", name, calls)
		}
		if r, b := last["read"], last["build"]; r.Done != int64(len(rows)) || b.Done < int64(s.Items*s.Trees) || b.Tree != s.Trees {
			t.Errorf("%s: the last reports are %+v and %+v of %d items, %d trees", name, r, b, s.Items, s.Trees)
		}
	}
}

// TestDimensionErrors: the library names itself once in a message.
func TestDimensionErrors(t *testing.T) {
	for _, dim := range []int{-1, 0, 1<<24 + 1} {
		_, err := annoy.NewBuilder(dim, annoy.Dot, nil)
		want := fmt.Sprintf("annoy: bad option: dimension %d, want 1 to 16777216", dim)
		if !errors.Is(err, annoy.ErrOption) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
