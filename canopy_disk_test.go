package annoy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestCanopyBuildsAlike: in memory, on disk and from a source, within any memory: the same bytes, where ids ascend. In any
// order of ids: the same items.
func TestCanopyBuildsAlike(t *testing.T) {
	vecs := cloud(seeded(130), 900, 11)
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		for _, n := range []int{900, 1} {
			tw := twinOf(m, vecs[:n], 8)
			o := annoy.BuildOptions{Calibrate: 20, Seed: 9, Metadata: []byte("alike")}
			want := bytesOf(t, build(t, tw.builder(t, 11, nil), &o))
			for order, rows := range orders(seeded(131), tw) {
				dir := t.TempDir()
				disk, file := filepath.Join(dir, "disk.canopy"), filepath.Join(dir, "file.canopy")
				if !bytes.Equal(bytesOf(t, build(t, addedTo(t, m, rows, nil), &o)), want) {
					t.Errorf("%d items, %s, in memory: other bytes", n, order)
				}
				b := addedTo(t, m, rows, &annoy.BuilderOptions{OnDisk: disk})
				onDisk := build(t, b, &o)
				little := o
				little.MaxMemory = 5000
				src := &source{dim: 11, length: []int{-1, len(rows)}[len(order)%2], rows: rows}
				s, err := annoy.BuildFile(t.Context(), src, m, file, &little)
				if err != nil || s.Items != len(tw.items) || s.Metric != m || s.Bytes != int64(len(readFile(t, file))) || s.Kind != annoy.Canopy {
					t.Fatalf("BuildFile: %+v (%v)", s, err)
				}
				if !bytes.Equal(readFile(t, file), readFile(t, disk)) || order == "ascending" && !bytes.Equal(readFile(t, file), want) {
					t.Errorf("%d items, %s, on disk: other bytes", n, order)
				}
				for _, ix := range []*annoy.Index{onDisk, open(t, file, nil)} {
					if err := ix.Verify(t.Context()); err != nil {
						t.Error(err)
					}
					tw.checkItems(t, ix)
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
				if names := filesIn(t, dir); !slices.Equal(names, []string{"disk.canopy", "file.canopy"}) {
					t.Errorf("files %v", names)
				}
			}
		}
	})
}

// TestCanopyOnDisk: the builder has its items before the build and after it, and builds again with more of them while an
// older index is in use.
func TestCanopyOnDisk(t *testing.T) {
	vecs := cloud(seeded(132), 600, 40)
	path := filepath.Join(t.TempDir(), "x.canopy")
	tw := twinOf(annoy.Hamming, vecs[:500], 6)
	b := tw.builder(t, 40, &annoy.BuilderOptions{OnDisk: path})
	look := func() {
		t.Helper()
		for _, id := range []int64{0, 1, 17, 499, 5, 900, -3} {
			v, err := b.Vector(id)
			if want, exists := tw.items[id]; exists && (err != nil || !slices.Equal(v, asStored(tw.metric, want))) || !exists && !errors.Is(err, annoy.ErrNotFound) {
				t.Errorf("vector %d: %v", id, err)
			}
		}
		if _, err := b.Distance(1, 2); err != nil {
			t.Error(err)
		}
	}
	look()
	o := &annoy.BuildOptions{Calibrate: -1}
	if _, err := b.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest}); !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), path) {
		t.Errorf("a forest under the name of a canopy: %v", err)
	}
	first := build(t, b, o)
	look()
	if err := b.Add(3, vecs[3]); !errors.Is(err, annoy.ErrBuilt) {
		t.Errorf("Add after the build: %v", err)
	}
	b.Unbuild()
	old := copyOf(tw.items)
	for id, at := range map[int64]int{900: 550, -3: 551, 17: 552, 499: 553} {
		tw.items[id] = vecs[at]
		if err := b.Add(int(id), vecs[at]); err != nil {
			t.Fatal(err)
		}
	}
	look()
	second := build(t, b, o)
	tw.checkItems(t, second)
	(&twin{tw.metric, old}).checkItems(t, first)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if names := filesIn(t, filepath.Dir(path)); !slices.Equal(names, []string{"x.canopy"}) {
		t.Errorf("files %v", names)
	}
	if _, err := annoy.NewBuilder(3, annoy.Dot, &annoy.BuilderOptions{OnDisk: filepath.Join(t.TempDir(), "no", "x.canopy")}); err == nil {
		t.Error("a folder that is not there")
	}
	ann := twinOf(annoy.Dot, vecs[:20], 0).builder(t, 40, &annoy.BuilderOptions{OnDisk: filepath.Join(t.TempDir(), "x.ann")})
	if _, err := ann.Build(t.Context(), nil); !errors.Is(err, annoy.ErrOption) || !strings.Contains(err.Error(), ".canopy") {
		t.Errorf("a canopy under the name of a forest: %v", err)
	}
}

// TestCanopyNothingLeftBehind: a source that fails, bad vectors, the wrong name, and cancelling at any report leave no
// file, and the older one as it was.
func TestCanopyNothingLeftBehind(t *testing.T) {
	broken := errors.New("the disk is on fire")
	rows := func(n int) (rows []adding) {
		for i, v := range cloud(seeded(133), n, 6) {
			rows = append(rows, adding{int64(i) - 5, v})
		}
		return rows
	}
	nan := rows(40)
	nan[30].vec[5] = float32(math.NaN())
	dir := t.TempDir()
	path := filepath.Join(dir, "x.canopy")
	if err := twinOf(annoy.Euclidean, cloud(seeded(134), 5, 3), 0).canopy(t, 3, nil).Save(path); err != nil {
		t.Fatal(err)
	}
	before := readFile(t, path)
	check := func(name string) {
		t.Helper()
		if names := filesIn(t, dir); !slices.Equal(names, []string{"x.canopy"}) || !bytes.Equal(readFile(t, path), before) {
			t.Fatalf("%s: files %v", name, names)
		}
	}
	for name, c := range map[string]struct {
		rows []adding
		fail error
		path string
		o    *annoy.BuildOptions
		want error
		says string
	}{
		"fails at once": {nil, broken, path, nil, broken, "fire"},
		"fails late":    {rows(3000), broken, path, nil, broken, "fire"},
		"short read":    {rows(10), io.ErrUnexpectedEOF, path, nil, io.ErrUnexpectedEOF, "EOF"},
		"not a number":  {nan, nil, path, nil, annoy.ErrNotFinite, "row 30"},
		"wrong name":    {rows(3), nil, filepath.Join(dir, "x.ann"), nil, annoy.ErrOption, "x.ann"},
		"wrong kind":    {rows(3), nil, path, &annoy.BuildOptions{Kind: annoy.Forest}, annoy.ErrOption, "x.canopy"},
		"bad query":     {rows(3), nil, path, &annoy.BuildOptions{CalibrationQueries: [][]float32{{1}}}, annoy.ErrDimension, "calibration query 0"},
	} {
		src := &source{dim: 6, length: -1, rows: c.rows, fail: c.fail}
		if _, err := annoy.BuildFile(t.Context(), src, annoy.Dot, c.path, c.o); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		check(name)
	}
	for stop := 0; ; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		stages := map[string]int{}
		o := &annoy.BuildOptions{Calibrate: 10, Progress: func(p annoy.Progress) {
			if n++; n > stop {
				cancel()
			}
			if stages[p.Stage]++; p.Done < 0 || p.Total >= 0 && p.Done > p.Total {
				t.Errorf("progress %+v", p)
			}
		}}
		_, err := annoy.BuildFile(ctx, &source{dim: 6, length: 900, rows: rows(900)}, annoy.Dot, path, o)
		cancel()
		if n <= stop {
			if err != nil || stages["read"] == 0 || len(stages) < 3 {
				t.Errorf("stages %v (%v)", stages, err)
			}
			break
		}
		if err == nil {
			break // cancelled by one of the last reports
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at report %d: %v", stop, err)
		}
		check("cancelled")
		stop += stop / 8
	}
}

// TestCanopyCutShort: a file that loses its end while it is open, or whose bytes are others', is an error and no crash,
// however it is read.
func TestCanopyCutShort(t *testing.T) {
	tw := twinOf(annoy.Euclidean, cloud(seeded(135), 6000, 24), 0)
	whole := tw.canopy(t, 24, &annoy.BuildOptions{Calibrate: 20})
	data := bytesOf(t, whole)
	for _, a := range []annoy.Access{annoy.AccessMapped, annoy.AccessCold, annoy.AccessResident} {
		path := filepath.Join(t.TempDir(), "x.canopy")
		writeFile(t, path, data)
		ix := open(t, path, &annoy.OpenOptions{Access: a})
		if s, err := ix.Stats(); err != nil || a == annoy.AccessMapped && !s.Mapped {
			t.Skip("files are not mapped here")
		}
		if err := os.Truncate(path, int64(len(data)/3)); err != nil {
			t.Fatal(err)
		}
		failed := 0
		for id := range int64(200) {
			q := tw.items[id*29]
			for _, o := range []*annoy.SearchOptions{nil, {SearchK: 4000}, exactly} {
				hits, err := ix.Search(q, 10, o)
				switch {
				case errors.Is(err, annoy.ErrCorrupt):
					failed++
				case err != nil || len(hits) != 10:
					t.Fatalf("%v: %d hits, %v", a, len(hits), err)
				}
			}
		}
		if (failed > 0) != (a != annoy.AccessResident) {
			t.Errorf("%v: %d searches failed", a, failed)
		}
		if err := ix.Verify(t.Context()); (err == nil) != (a == annoy.AccessResident) {
			t.Errorf("%v: Verify says %v", a, err)
		}
	}
}
