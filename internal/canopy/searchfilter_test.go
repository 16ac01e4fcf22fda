package canopy

import (
	"testing"

	"github.com/annoy-go/annoy/internal/filter"
)

// inOrder lists ids as the filters of the library do.
type inOrder struct {
	listed
	ids []int64
}

func (f inOrder) List(to *filter.List) {
	for _, id := range f.ids {
		to.Take(id)
	}
}

// oneIn is a filter of about one id in so many.
func oneIn(vs Vectors, share int) inOrder {
	f := inOrder{listed: listed{chosen{}}}
	for i := range vs.Len() {
		if id := vs.ID(i); i*31%share == 0 {
			f.chosen[id] = true
			f.ids = append(f.ids, id)
		}
	}
	return f
}

// A filter of whatever share leaves as high a recall among what it lets through: the search scans more codes the less
// come through.
func TestSearchFilterRecall(t *testing.T) {
	ix, vs, queries := wordIndex(t, Angular, Two8)
	var s Searcher
	for _, test := range []struct {
		share int
		floor float64
	}{{1, 0.97}, {2, 0.97}, {5, 0.98}, {20, 0.98}, {200, 0.98}, {4000, 1}} {
		in := oneIn(vs, test.share)
		for name, f := range map[string]filter.Filter{"contains": in.chosen, "lists": in} {
			const n = 50
			found, blocks, rows := 0.0, 0, 0
			for i := range n {
				q := queries.Row(i, nil)
				hits, err := s.Search(ix, &Query{Vec: q, K: 10, Filter: f, Effort: Effort{Probes: 16, Z: 1}})
				if err != nil {
					t.Fatal(err)
				}
				exact := truth(vs, Angular, q, 10, in.Contains)
				if checkHits(t, ix, vs, q, hits, in.Contains); len(hits) != len(exact) {
					t.Fatalf("1 in %d, %s: %d hits, want %d", test.share, name, len(hits), len(exact))
				}
				blocks, rows = blocks+s.Touched.Blocks, rows+s.Touched.Rows
				found += recall(Angular, hits, exact) / n
			}
			t.Logf("1 in %d, %s: recall %.4f, %d blocks, %d rows", test.share, name, found, blocks/n, rows/n)
			if found < test.floor {
				t.Errorf("1 in %d, %s: recall %.4f, the floor is %v", test.share, name, found, test.floor)
			}
			if small := len(in.chosen) <= scanAlways && name == "lists"; small != (blocks == 0) {
				t.Errorf("1 in %d, %s: %d ids, %d blocks scanned", test.share, name, len(in.chosen), blocks)
			}
		}
	}
}

// A MaxDist narrows the scan from the beginning: less is measured than without.
func TestSearchMaxDist(t *testing.T) {
	ix, vs, queries := wordIndex(t, Angular, Two8)
	var s Searcher
	found, rows, all := 0.0, 0, 0
	const n = 50
	for i := range n {
		q := queries.Row(i, nil)
		exact := truth(vs, Angular, q, 20, nil)
		within := Query{Vec: q, K: 100, Effort: Effort{Probes: 40, Z: 2}, Bounded: true, MaxDist: float32(exact[19] + 1e-5)}
		hits, err := s.Search(ix, &within)
		if err != nil {
			t.Fatal(err)
		}
		checkHits(t, ix, vs, q, hits, nil)
		rows += s.Touched.Rows
		found += recall(Angular, hits, exact) / n
		within.Exact = true
		if hits, err = s.Search(ix, &within); err != nil || recall(Angular, hits, exact) != 1 {
			t.Fatalf("exact: %d hits of 20, %v", len(hits), err)
		}
		if _, err = s.Search(ix, &Query{Vec: q, K: 20, Effort: within.Effort}); err != nil {
			t.Fatal(err)
		}
		all += s.Touched.Rows
	}
	t.Logf("recall %.4f, %d rows, %d without", found, rows/n, all/n)
	if found < 0.97 {
		t.Errorf("recall %.4f, the floor is 0.97", found)
	}
	if rows > all {
		t.Errorf("%d rows measured with a limit, %d without", rows, all)
	}
}

// An exact search of a filter that lists itself measures its rows, and does not ask it about all others.
func TestSearchExactMeasuresList(t *testing.T) {
	ix, vs, queries := wordIndex(t, Angular, Two8)
	in := oneIn(vs, 4)
	if len(in.ids) <= scanAlways {
		t.Fatalf("%d ids", len(in.ids))
	}
	asked := &asking{inOrder: in}
	var s Searcher
	q := queries.Row(0, nil)
	hits, err := s.Search(ix, &Query{Vec: q, K: 10, Filter: asked, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	checkHits(t, ix, vs, q, hits, in.Contains)
	if exact := truth(vs, Angular, q, 10, in.Contains); recall(Angular, hits, exact) != 1 {
		t.Errorf("%v, want %v", hits, exact)
	}
	if asked.times > 0 || s.Touched.Rows != len(in.ids) {
		t.Errorf("asked about %d ids, %d rows measured of %d listed", asked.times, s.Touched.Rows, len(in.ids))
	}
	// Of nearly all rows asking is cheaper than finding each by its id.
	asked.inOrder, asked.times = oneIn(vs, 1), 0
	if _, err = s.Search(ix, &Query{Vec: q, K: 10, Filter: asked, Exact: true}); err != nil || asked.times != vs.Len() {
		t.Errorf("asked about %d ids of %d, %v", asked.times, vs.Len(), err)
	}
}

// asking counts what it is asked.
type asking struct {
	inOrder
	times int
}

func (f *asking) Contains(id int64) bool {
	f.times++
	return f.inOrder.Contains(id)
}
