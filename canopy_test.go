package annoy_test

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// canopy is an index of the twin's items, without calibration unless the options say otherwise.
func (tw *twin) canopy(t testing.TB, dim int, o *annoy.BuildOptions) *annoy.Index {
	t.Helper()
	if o == nil {
		o = &annoy.BuildOptions{Calibrate: -1}
	}
	return build(t, tw.builder(t, dim, nil), o)
}

// spread gives items ids of all sorts: negative, far apart, beyond 32 bits.
func spread(tw *twin) *twin {
	far := newTwin(tw.metric)
	for i, id := range tw.ids() {
		v := tw.items[id]
		switch i % 4 {
		case 0:
			id = -id - 1
		case 1:
			id = math.MaxInt - id
		case 2:
			id = math.MinInt + id
		}
		far.items[id] = v
	}
	return far
}

var exactly = &annoy.SearchOptions{Exact: true}

// TestCanopyExact: what is asked to be exact is what brute force answers, for every metric, number of items, and sort of ids.
func TestCanopyExact(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		for _, c := range []struct{ n, dim int }{{0, 3}, {1, 1}, {2, 2}, {40, 17}, {2000, 20}} {
			vecs := cloud(seeded(100), c.n, c.dim)
			if c.n == 40 { // identical ones, and zero
				for i := range 20 {
					vecs[i] = vecs[0]
				}
				vecs[39] = make([]float32, c.dim)
			}
			dense := newTwin(m)
			if c.n > 0 {
				dense = twinOf(m, vecs, 9)
			}
			for _, tw := range []*twin{dense, spread(dense)} {
				ix := tw.canopy(t, c.dim, nil)
				if err := ix.Verify(t.Context()); err != nil {
					t.Fatal(err)
				}
				if ix.Kind() != annoy.Canopy || ix.Len() != len(tw.items) || ix.Dim() != c.dim || ix.Metric() != m || ix.Trees() != 0 {
					t.Errorf("a %v of %d × %d, %v, %d trees", ix.Kind(), ix.Len(), ix.Dim(), ix.Metric(), ix.Trees())
				}
				tw.checkItems(t, ix)
				for _, q := range append(gaussian(1, c.dim), make([]float32, c.dim)) {
					tw.checkExact(t, ix, q)
				}
			}
		}
	})
}

func gaussian(n, dim int) (qs [][]float32) {
	rng := seeded(101)
	for range n {
		qs = append(qs, gauss(rng, dim, 1))
	}
	return qs
}

// checkExact compares all exact ways to search with the twin.
func (tw *twin) checkExact(t *testing.T, ix *annoy.Index, q []float32) {
	t.Helper()
	ranked := tw.rank(q, nil)
	for _, k := range []int{0, 1, 10, len(tw.items), len(tw.items) + 3} {
		for _, o := range []*annoy.SearchOptions{exactly, {SearchK: max(1, len(tw.items))}, {SearchK: math.MaxInt}} {
			tw.checkHits(t, q, k, search(t, ix, q, k, o), ranked)
		}
	}
	ids := tw.ids()
	if len(ids) == 0 {
		return
	}
	some := ids[len(ids)/3 : len(ids)/3+len(ids)/10+1]
	in := func(id int64) bool { return id >= some[0] && id <= some[len(some)-1] }
	for _, f := range []annoy.Filter{filterFunc(in), annoy.IDFilter(some)} {
		for _, o := range []*annoy.SearchOptions{{Filter: f, Exact: true}, {Filter: f}} {
			hits := search(t, ix, q, 7, o)
			if len(hits) != min(7, len(some)) {
				t.Fatalf("%d hits of %d in the filter", len(hits), len(some))
			}
			if o.Exact {
				tw.checkHits(t, q, 7, hits, tw.rank(q, in))
			}
		}
	}
	if len(ids) < 30 {
		return
	}
	nearest := idsOf(search(t, ix, q, 5, exactly))
	out := func(id int64) bool { return !slices.Contains(nearest, id) }
	hits := search(t, ix, q, 5, &annoy.SearchOptions{Exact: true, Exclude: append(nearest[:5:5], 1<<40)})
	tw.checkHits(t, q, 5, hits, tw.rank(q, out))
	// An exact range: all within a distance, which is that of an item.
	o := &annoy.SearchOptions{Exact: true}
	at := search(t, ix, q, 20, exactly)[19].Distance
	if tw.metric == annoy.Dot {
		o.MinProduct = at
	} else {
		o.MaxDistance = at
	}
	if at != 0 {
		within := search(t, ix, q, len(ids), o)
		if len(within) < 20 || within[len(within)-1].Distance != at {
			t.Fatalf("%v: %d hits within the distance of the 20th, %v", tw.metric, len(within), at)
		}
	}
	own := ids[len(ids)/2]
	byID, err := ix.SearchByID(own, 4, exactly)
	if err != nil {
		t.Fatal(err)
	}
	tw.checkHits(t, tw.items[own], 4, byID, tw.rank(tw.items[own], nil))
}

// checkItems compares what an index has with the twin.
func (tw *twin) checkItems(t *testing.T, ix *annoy.Index) {
	t.Helper()
	var seen []int64
	for item, err := range ix.All() {
		seen = append(seen, item.ID)
		if err != nil || !slices.Equal(item.Vector, asStored(tw.metric, tw.items[item.ID])) {
			t.Fatalf("item %d is %v (%v), want %v", item.ID, item.Vector, err, tw.items[item.ID])
		}
	}
	ids := tw.ids()
	if !slices.Equal(seen, ids) {
		t.Fatalf("All yields %d ids, want %d: %v", len(seen), len(ids), seen[:min(len(seen), 10)])
	}
	for i, id := range ids {
		if i%97 != 0 {
			continue
		}
		if v, err := ix.Vector(id); err != nil || !slices.Equal(v, asStored(tw.metric, tw.items[id])) {
			t.Fatalf("vector %d: %v, %v", id, v, err)
		}
		other := ids[(i*7+1)%len(ids)]
		want, slack := distance(tw.metric, tw.items[id], tw.items[other])
		if d, err := ix.Distance(id, other); err != nil || !nearDistance(tw.metric, float64(d), want, slack) {
			t.Fatalf("distance of %d and %d: %v (%v), want %v", id, other, d, err, want)
		}
	}
	for _, id := range []int64{-1 << 50, 1 << 45, 8} {
		if _, exists := tw.items[id]; exists {
			continue
		}
		_, errA := ix.Vector(id)
		_, errB := ix.SearchByID(id, 1, nil)
		_, errC := ix.Distance(id, id)
		_, errD := ix.Key(id)
		for _, err := range []error{errA, errB, errC, errD} {
			if !errors.Is(err, annoy.ErrNotFound) {
				t.Errorf("id %d: %v", id, err)
			}
		}
	}
}

// TestCanopyFiles: what is saved is what is opened, mapped, copied and cold; bytes are loaded and written alike.
func TestCanopyFiles(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		tw := spread(twinOf(m, cloud(seeded(102), 2000, 18), 7))
		ix := tw.canopy(t, 18, &annoy.BuildOptions{Calibrate: 30, Metadata: []byte("made for a test")})
		path := filepath.Join(t.TempDir(), "x.CANOPY")
		if err := ix.Save(path); err != nil {
			t.Fatal(err)
		}
		data := bytesOf(t, ix)
		if !bytes.Equal(readFile(t, path), data) {
			t.Error("Save and WriteTo give other bytes")
		}
		if names := filesIn(t, filepath.Dir(path)); !slices.Equal(names, []string{"x.CANOPY"}) {
			t.Errorf("files %v", names)
		}
		loaded := load(t, data, 0, 0)
		moved := load(t, append([]byte("12345"), data...)[5:], m, 18)
		all := map[string]*annoy.Index{"loaded": loaded, "loaded from an odd address": moved}
		for _, a := range []annoy.Access{annoy.AccessMapped, annoy.AccessResident, annoy.AccessCold} {
			all[a.String()] = open(t, path, &annoy.OpenOptions{Access: a})
		}
		for name, other := range all {
			s, err := other.Stats()
			if err != nil || s.Kind != annoy.Canopy || s.Items != len(tw.items) || s.Bytes != int64(len(data)) || s.Access.String() != name && name[0] != 'l' {
				t.Errorf("%s: %+v (%v)", name, s, err)
			}
			if meta, err := other.Metadata(); err != nil || string(meta) != "made for a test" {
				t.Errorf("%s: metadata %q (%v)", name, meta, err)
			}
			if err := other.Verify(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !bytes.Equal(bytesOf(t, other), data) {
				t.Errorf("%s: other bytes", name)
			}
			tw.checkItems(t, other)
			for _, q := range gaussian(1, 18) {
				tw.checkExact(t, other, q)
				got, want := search(t, other, q, 10, nil), search(t, ix, q, 10, nil)
				if name != "cold" && !slices.Equal(got, want) || name == "cold" && got[9].Distance != want[9].Distance && len(got) != 10 {
					t.Errorf("%s: %v, want %v", name, got, want)
				}
			}
		}
	})
}

// TestCanopyNames: a name says which kind is saved, the bytes which kind is opened.
func TestCanopyNames(t *testing.T) {
	dir := t.TempDir()
	tw := twinOf(annoy.Cosine, cloud(seeded(103), 50, 4), 0)
	canopy, forest := tw.canopy(t, 4, nil), tw.build(t, 4, 2)
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{canopy.Save(in("x.ann")), canopy.Save(in("canopy")), forest.Save(in("x.canopy")), canopy.SaveDialect(in("x.ann"), annoy.DotMain)} {
		if !errors.Is(err, annoy.ErrOption) {
			t.Errorf("saved under the other's name: %v", err)
		}
	}
	if err := canopy.Save(in("x.canopy")); err != nil {
		t.Fatal(err)
	}
	if err := forest.Save(in("x.ann")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, in("canopy.tree"), readFile(t, in("x.canopy")))
	writeFile(t, in("forest.canopy"), readFile(t, in("x.ann")))
	writeFile(t, in("broken.canopy"), []byte("not one"))
	for name, o := range map[string]*annoy.OpenOptions{"canopy.tree": nil, "x.canopy": {Metric: annoy.Angular, Dim: 4}} {
		if ix := open(t, in(name), o); ix.Kind() != annoy.Canopy || o != nil && ix.Metric() != annoy.Angular {
			t.Errorf("%s is opened as a %v of %v", name, ix.Kind(), ix.Metric())
		}
	}
	if ix := open(t, in("forest.canopy"), &annoy.OpenOptions{Dim: 4, Metric: annoy.Angular}); ix.Kind() != annoy.Forest {
		t.Errorf("a forest called a canopy is opened as a %v", ix.Kind())
	}
	for _, c := range []struct {
		name string
		o    *annoy.OpenOptions
		want error
		says string
	}{
		{"broken.canopy", nil, annoy.ErrCorrupt, "broken.canopy"},
		{"forest.canopy", nil, annoy.ErrCorrupt, "forest.canopy"},
		{"x.canopy", &annoy.OpenOptions{Dim: 5}, annoy.ErrMismatch, "dimension 5"},
		{"x.canopy", &annoy.OpenOptions{Metric: annoy.Dot}, annoy.ErrMismatch, "asked for dot"},
		{"x.ann", &annoy.OpenOptions{Access: annoy.AccessCold}, annoy.ErrOption, "canopy"},
		{"x.canopy", &annoy.OpenOptions{Access: 3}, annoy.ErrOption, "Access 3"},
		{"x.canopy", &annoy.OpenOptions{Access: annoy.AccessCold, Prefault: true}, annoy.ErrOption, "Prefault"},
	} {
		if _, err := annoy.Open(in(c.name), c.o); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, %+v: %v", c.name, c.o, err)
		}
	}
	resident := open(t, in("x.ann"), &annoy.OpenOptions{Access: annoy.AccessResident})
	if s, err := resident.Stats(); err != nil || s.Mapped || s.Access != annoy.AccessResident {
		t.Errorf("a resident forest: %+v (%v)", s, err)
	}
	q := tw.items[7]
	tw.checkHits(t, q, 5, search(t, resident, q, 5, everything(resident)), tw.rank(q, nil))
	if _, err := annoy.Load(readFile(t, in("x.canopy")), &annoy.OpenOptions{Access: annoy.AccessResident}); !errors.Is(err, annoy.ErrOption) {
		t.Errorf("Load with an access: %v", err)
	}
}

// TestCanopyClosed: after Close everything is ErrClosed.
func TestCanopyClosed(t *testing.T) {
	tw := twinOf(annoy.Dot, cloud(seeded(104), 500, 4), 0)
	path := filepath.Join(t.TempDir(), "x.canopy")
	if err := tw.canopy(t, 4, nil).Save(path); err != nil {
		t.Fatal(err)
	}
	ix := open(t, path, &annoy.OpenOptions{Access: annoy.AccessCold})
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	q := tw.items[0]
	for name, call := range map[string]func() error{
		"Search":      func() error { _, err := ix.Search(q, 1, nil); return err },
		"SearchByID":  func() error { _, err := ix.SearchByID(1, 1, nil); return err },
		"SearchBatch": func() error { _, err := ix.SearchBatch(t.Context(), [][]float32{q}, 1, nil); return err },
		"Vector":      func() error { _, err := ix.Vector(1); return err },
		"Distance":    func() error { _, err := ix.Distance(1, 2); return err },
		"Key":         func() error { _, err := ix.Key(1); return err },
		"Lookup":      func() error { _, err := ix.Lookup("1"); return err },
		"Metadata":    func() error { _, err := ix.Metadata(); return err },
		"Stats":       func() error { _, err := ix.Stats(); return err },
		"Verify":      func() error { return ix.Verify(t.Context()) },
		"Save":        func() error { return ix.Save(path) },
		"WriteTo":     func() error { _, err := ix.WriteTo(new(bytes.Buffer)); return err },
	} {
		if err := call(); !errors.Is(err, annoy.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCanopySearchAllocates nothing, whatever the options.
func TestCanopySearchAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops what sync.Pool keeps")
	}
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		tw := twinOf(m, cloud(seeded(105), 4000, 16), 0)
		path := filepath.Join(t.TempDir(), "x.canopy")
		if err := tw.canopy(t, 16, &annoy.BuildOptions{Calibrate: 30}).Save(path); err != nil {
			t.Fatal(err)
		}
		hits := make([]annoy.Neighbor, 0, 20)
		q := tw.items[5]
		itself := []int64{5}
		some := annoy.IDFilter([]int64{1, 2, 3, 500, 501, 502})
		odd := annoy.Filter(filterFunc(func(id int64) bool { return id%2 == 1 }))
		for _, a := range []annoy.Access{annoy.AccessMapped, annoy.AccessCold} {
			ix := open(t, path, &annoy.OpenOptions{Access: a})
			for name, call := range map[string]func() error{
				"defaults": func() (err error) { hits, err = ix.AppendSearch(hits[:0], q, 10, nil); return err },
				"options": func() (err error) {
					hits, err = ix.AppendSearch(hits[:0], q, 10, &annoy.SearchOptions{SearchK: 1500, Exclude: itself})
					return err
				},
				"recall": func() (err error) {
					hits, err = ix.AppendSearch(hits[:0], q, 10, &annoy.SearchOptions{Recall: 0.9})
					return err
				},
				"filter": func() (err error) {
					hits, err = ix.AppendSearch(hits[:0], q, 10, &annoy.SearchOptions{Filter: some})
					return err
				},
				"function": func() (err error) {
					hits, err = ix.AppendSearch(hits[:0], q, 10, &annoy.SearchOptions{Filter: odd})
					return err
				},
				"by id": func() (err error) { hits, err = ix.AppendSearchByID(hits[:0], 7, 10, nil); return err },
			} {
				if n := testing.AllocsPerRun(50, func() {
					if err := call(); err != nil {
						t.Error(err)
					}
				}); n >= 1 {
					t.Errorf("%v, %s: %v allocations", a, name, n)
				}
			}
		}
	})
}
