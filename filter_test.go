package annoy_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/annoy-go/annoy"
)

// filters are the four ways to say the same ids; unknown ids among them do no harm.
func filters(ids []int64) map[string]annoy.Filter {
	small, large, set := roaring.New(), roaring64.New(), map[int64]bool{}
	for _, id := range ids {
		small.Add(uint32(id))
		large.Add(uint64(id))
		set[id] = true
	}
	for _, id := range []uint32{1 << 20, math.MaxInt32, math.MaxUint32} {
		small.Add(id)
		large.Add(uint64(id) << 20)
	}
	list := append(slices.Clone(ids), -1, math.MinInt64, math.MaxInt64)
	return map[string]annoy.Filter{
		"roaring": annoy.RoaringFilter(small), "roaring64": annoy.Roaring64Filter(large),
		"ids": annoy.IDFilter(append(list, list...)), "func": filterFunc(func(id int64) bool { return set[id] }),
	}
}

// exactBelow is the number of ids that are scanned rather than searched for.
const exactBelow = 1000

// TestFilters of every selectivity: as many hits as there are to be had, all in the filter, and right ones where it is small.
func TestFilters(t *testing.T) {
	const n, dim, k = 3000, 12, 10
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		rng := seeded(50)
		vecs := cloud(rng, n, dim)
		tw := twinOf(m, vecs, 17)
		ix := tw.build(t, dim, 5)
		present, queries := tw.ids(), cloud(rng, 3, dim)
		for _, size := range []int{0, 1, k - 1, k, k + 1, n / 1000, n / 100, n / 10, exactBelow, n / 2, len(present) * 99 / 100, len(present)} {
			ids := make([]int64, 0, size)
			for _, i := range rng.Perm(len(present))[:size] {
				ids = append(ids, present[i])
			}
			inFilter := func(id int64) bool { return slices.Contains(ids, id) }
			ranked := tw.rank(queries[0], inFilter)
			byID := tw.rank(tw.items[present[7]], inFilter)
			for name, filter := range filters(ids) {
				for _, searchK := range []int{0, 1, 40, ix.Len() * ix.Trees()} {
					o := &annoy.SearchOptions{Filter: filter, SearchK: searchK}
					hits := search(t, ix, queries[0], k, o)
					mine, err := ix.SearchByID(present[7], k, o)
					if err != nil {
						t.Fatal(err)
					}
					// The sized filters hold a few unknown ids as well.
					if searchK == ix.Len()*ix.Trees() || size < exactBelow && name != "func" {
						tw.checkHits(t, queries[0], k, hits, ranked)
						tw.checkHits(t, tw.items[present[7]], k, mine, byID)
						continue
					}
					for _, hits := range [][]annoy.Neighbor{hits, mine} {
						if len(hits) != min(k, size) || slices.ContainsFunc(hits, func(h annoy.Neighbor) bool { return !inFilter(h.ID) }) {
							t.Fatalf("%s filter of %d ids, SearchK %d: hits %v", name, size, searchK, hits)
						}
					}
					tw.checkValid(t, queries[0], hits)
					tw.checkValid(t, tw.items[present[7]], mine)
				}
			}
		}
	})
}

// TestFilterEffort: with a filter more effort finds nearer items, and enough of it the nearest.
func TestFilterEffort(t *testing.T) {
	const n, dim, k = 4000, 16, 10
	vecs := cloud(seeded(51), n, dim)
	tw := twinOf(annoy.Euclidean, vecs, 0)
	ix := tw.build(t, dim, 8)
	odd := filterFunc(func(id int64) bool { return id%2 == 1 })
	var found []int
	for _, searchK := range []int{k, 400, 3000} {
		right := 0
		for _, q := range vecs[:50] {
			truth := tw.rank(q, odd)[:k]
			for _, h := range search(t, ix, q, k, &annoy.SearchOptions{SearchK: searchK, Filter: odd}) {
				if float64(h.Distance) <= truth[k-1].dist*(1+1e-5) {
					right++
				}
			}
		}
		found = append(found, right)
	}
	if found[0] >= found[1] || found[1] > found[2] || found[2] < 490 {
		t.Errorf("of 500 neighbours %v are found with more and more effort", found)
	}
}

// TestFilterBatch: SearchBatch with a filter answers as Search does.
func TestFilterBatch(t *testing.T) {
	vecs := cloud(seeded(52), 2000, 10)
	ix := twinOf(annoy.Angular, vecs, 0).build(t, 10, 4)
	for name, filter := range filters([]int64{3, 1999, 500, 501, 502, 77}) {
		o := &annoy.SearchOptions{Filter: filter, Workers: 3}
		got, err := ix.SearchBatch(t.Context(), vecs[:40], 4, o)
		if err != nil {
			t.Fatal(err)
		}
		for i, hits := range got {
			if want := search(t, ix, vecs[i], 4, o); !slices.Equal(hits, want) || len(hits) != 4 {
				t.Errorf("%s filter, query %d: %v, Search gives %v", name, i, hits, want)
			}
		}
	}
}

// TestMaxDistance and MinProduct cut the answer where they say, with and without a filter.
func TestMaxDistance(t *testing.T) {
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		vecs := cloud(seeded(53), 600, 14)
		tw := twinOf(m, vecs, 7)
		ix := tw.build(t, 14, 4)
		for _, filter := range []annoy.Filter{nil, filterFunc(func(id int64) bool { return id%3 != 0 }), annoy.IDFilter([]int64{1, 2, 4, 5, 100, 101, 400})} {
			full := search(t, ix, vecs[0], 600, &annoy.SearchOptions{SearchK: math.MaxInt, Filter: filter})
			for _, at := range []int{0, 1, len(full) / 2, len(full) - 1} {
				limit := full[at].Distance
				if limit == 0 {
					continue // means no limit
				}
				o := &annoy.SearchOptions{SearchK: math.MaxInt, Filter: filter, MaxDistance: limit}
				if m == annoy.Dot {
					o.MaxDistance, o.MinProduct = 0, limit
				}
				want := at + 1 // and those at the same distance
				for want < len(full) && full[want].Distance == limit {
					want++
				}
				if got := search(t, ix, vecs[0], 600, o); !slices.Equal(got, full[:want]) {
					t.Errorf("%d hits up to distance %v, want %d", len(got), limit, want)
				}
				if got := search(t, ix, vecs[0], 1, o); !slices.Equal(got, full[:1]) {
					t.Errorf("nearest up to distance %v: %v, want %v", limit, got, full[0])
				}
			}
		}
		none := &annoy.SearchOptions{MaxDistance: 1e-30}
		if m == annoy.Dot {
			none = &annoy.SearchOptions{MinProduct: 1e30}
		}
		far := gauss(seeded(54), 14, 100)
		if m == annoy.Hamming {
			for c := range far { // farther than any bit from all
				far[c] = 1 - vecs[0][c]
			}
		}
		if hits := search(t, ix, far, 10, none); len(hits) != 0 {
			t.Errorf("hits beyond every limit: %v", hits)
		}
	})
}

func TestBadSearchOptions(t *testing.T) {
	nan := float32(math.NaN())
	vecs := cloud(seeded(55), 50, 4)
	eachMetric(t, func(t *testing.T, m annoy.Metric) {
		ix := twinOf(m, vecs, 0).build(t, 4, 2)
		bad := []annoy.SearchOptions{{SearchK: -2}, {SearchK: math.MinInt}, {MaxDistance: -1}, {MaxDistance: nan}, {MinProduct: nan}, {Workers: -1}}
		if m == annoy.Dot {
			bad = append(bad, annoy.SearchOptions{MaxDistance: 1})
		} else {
			bad = append(bad, annoy.SearchOptions{MinProduct: 1})
		}
		for _, o := range bad {
			_, errA := ix.Search(vecs[0], 3, &o)
			_, errB := ix.SearchByID(0, 3, &o)
			_, errC := ix.SearchBatch(t.Context(), vecs, 3, &o)
			for _, err := range []error{errA, errB, errC} {
				if !errors.Is(err, annoy.ErrOption) {
					t.Errorf("options %+v: %v", o, err)
				}
			}
		}
		for _, k := range []int{-1, math.MinInt} {
			if _, err := ix.Search(vecs[0], k, nil); !errors.Is(err, annoy.ErrOption) {
				t.Errorf("k %d: %v", k, err)
			}
		}
		for _, id := range []int64{-1, 50, math.MaxInt64, math.MinInt64, 1 << 32} {
			_, errA := ix.SearchByID(id, 1, nil)
			_, errB := ix.Vector(id)
			_, errC := ix.Distance(0, id)
			for _, err := range []error{errA, errB, errC} {
				if !errors.Is(err, annoy.ErrNotFound) {
					t.Errorf("id %d: %v", id, err)
				}
			}
		}
	})
}

// TestMetricNames: every name comes back, others are refused.
func TestMetricNames(t *testing.T) {
	for _, m := range allMetrics {
		text, err := m.MarshalText()
		var back annoy.Metric
		if err != nil || back.UnmarshalText(text) != nil || back != m || fmt.Sprint(m) != string(text) {
			t.Errorf("%v becomes %s and %v", m, text, back)
		}
	}
	for name, m := range map[string]annoy.Metric{"l2": annoy.Euclidean, "L1": annoy.Manhattan, "cityblock": annoy.Manhattan, "IP": annoy.Dot, "inner_product": annoy.Dot, "cos": annoy.Cosine} {
		if got, err := annoy.ParseMetric(name); got != m || err != nil {
			t.Errorf("%q is %v (%v), want %v", name, got, err, m)
		}
	}
	for _, name := range []string{"", "l3", "angular ", "Metric(3)"} {
		if m, err := annoy.ParseMetric(name); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("%q is %v (%v)", name, m, err)
		}
	}
	for _, m := range []annoy.Metric{0, 7} {
		if text, err := m.MarshalText(); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("metric %d is %s (%v)", m, text, err)
		}
	}
}

type panickingFilter struct{ calls int }

func (f *panickingFilter) Contains(int64) bool {
	if f.calls++; f.calls > 20 {
		panic("the filter's own")
	}
	return true
}

// TestSearchAfterPanickingFilter: a panic of the caller's filter passes through, and the scratch memory that it
// left half used is not used again.
func TestSearchAfterPanickingFilter(t *testing.T) {
	b, err := annoy.NewBuilder(4, annoy.Euclidean, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if err := b.Add(i, []float32{float32(i), 0, 0, 0}); err != nil {
			t.Fatal(err)
		}
	}
	ix, err := b.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 3})
	if err != nil {
		t.Fatal(err)
	}
	query := []float32{150, 0, 0, 0}
	want, err := ix.Search(query, 50, &annoy.SearchOptions{SearchK: 200})
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the filter's panic was swallowed")
			}
		}()
		_, _ = ix.Search(query, 50, &annoy.SearchOptions{SearchK: 200, Filter: &panickingFilter{}})
	}()
	for range 3 {
		got, err := ix.Search(query, 50, &annoy.SearchOptions{SearchK: 200})
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("after the panic: %d hits, %v; before it %d", len(got), err, len(want))
		}
	}
}

// TestBatchPanickingFilter: the panic of a filter in a batch reaches the caller, who may recover from it.
func TestBatchPanickingFilter(t *testing.T) {
	vecs := cloud(seeded(56), 300, 6)
	ix := twinOf(annoy.Euclidean, vecs, 0).build(t, 6, 3)
	boom := errors.New("the filter's own")
	for _, workers := range []int{1, 3} {
		o := &annoy.SearchOptions{Workers: workers, Filter: filterFunc(func(id int64) bool {
			if id == 77 {
				panic(boom)
			}
			return true
		})}
		func() {
			defer func() {
				if r := recover(); r != any(boom) {
					t.Errorf("%d workers: recovered %v", workers, r)
				}
			}()
			_, err := ix.SearchBatch(t.Context(), vecs, 200, o)
			t.Errorf("%d workers: no panic, error %v", workers, err)
		}()
		if got, err := ix.SearchBatch(t.Context(), vecs[:9], 5, &annoy.SearchOptions{Workers: workers}); err != nil || len(got) != 9 {
			t.Errorf("after the panic: %d answers (%v)", len(got), err)
		}
	}
	if err := ix.Close(); err != nil { // waits for nobody
		t.Error(err)
	}
}

// TestBatchFilterExit: a filter that ends the goroutine it runs in, as t.FailNow does, is an error of the batch.
func TestBatchFilterExit(t *testing.T) {
	vecs := cloud(seeded(57), 300, 6)
	ix := twinOf(annoy.Euclidean, vecs, 0).build(t, 6, 3)
	got, err := ix.SearchBatch(t.Context(), vecs, 200, &annoy.SearchOptions{Workers: 2, Filter: filterFunc(func(id int64) bool {
		if id == 77 {
			runtime.Goexit()
		}
		return true
	})})
	if err == nil {
		t.Errorf("no error, %d answers", len(got))
	}
}
