package canopy

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/kiss"
)

func TestSearchNothing(t *testing.T) {
	var s Searcher
	empty := mustBuild(t, &matrix{dim: 4}, Euclidean, Two8, 10, kernel.Float32)
	if hits, err := s.Search(empty, &Query{Vec: make([]float32, 4), K: 3}); len(hits) != 0 || err != nil {
		t.Errorf("of nothing: %v, %v", hits, err)
	}
	ix, _, queries := wordIndex(t, Angular, Two8)
	for _, k := range []int{0, -1} {
		if hits, err := s.Search(ix, &Query{Vec: queries.Row(0, nil), K: k}); len(hits) != 0 || err != nil {
			t.Errorf("k %d: %v, %v", k, hits, err)
		}
	}
}

// Where all rows are as far, those with the smallest ids are the answers of an exact search.
func TestSearchTies(t *testing.T) {
	m := &matrix{dim: 8, rows: slices.Repeat([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 3000)}
	vs := &numbered{m, shuffled}
	var ids []int64
	for i := range vs.Len() {
		ids = append(ids, vs.ID(i))
	}
	slices.Sort(ids)
	for _, shape := range []Shape{One4, Two8} {
		ix := mustBuild(t, vs, Euclidean, shape, 100, kernel.Float32)
		var s Searcher
		for _, k := range []int{1, 10, 300} {
			for _, exact := range []bool{false, true} {
				hits, err := s.Search(ix, &Query{Vec: make([]float32, 8), K: k, Exact: exact, Effort: Effort{Probes: 3, Z: 1}})
				if err != nil || len(hits) != k {
					t.Fatalf("%v, k %d: %d hits, %v", shape, k, len(hits), err)
				}
				for i, h := range hits {
					if exact && ix.RowID(h.Row) != ids[i] {
						t.Fatalf("%v, k %d: hit %d is %d, want %d", shape, k, i, ix.RowID(h.Row), ids[i])
					}
				}
			}
		}
	}
}

// A query whose squared distances overflow is answered by measuring all.
func TestSearchFarAway(t *testing.T) {
	vs := normal(1500, 6, 4)
	ix := mustBuild(t, vs, Euclidean, Two8, 50, kernel.Float32)
	var s Searcher
	far := []float32{1.5e19, 1.5e19, 0, 0, 0, 0}
	hits, err := s.Search(ix, &Query{Vec: far, K: 5, Effort: Effort{Probes: 3, Z: 1}})
	if err != nil || len(hits) != 5 || s.Touched.Blocks != 0 {
		t.Errorf("%d hits, %d blocks, %v", len(hits), s.Touched.Blocks, err)
	}
}

// Rows may hold a multiple of what they stand for: distances are those of what they stand for.
func TestSearchRowScale(t *testing.T) {
	vs := normal(200, 24, 8)
	for i := range vs.rows {
		vs.rows[i] *= 30
	}
	for _, m := range []Metric{Angular, Euclidean, Manhattan, Dot} {
		sp := newSpace(m, vs.dim)
		part := mustPartition(t, vs, m, PartitionParams{Leaf: 64, Seed: 1, Workers: 2})
		a := Assembly{Vectors: vs, Space: sp, Shape: One8, Partition: part, Element: kernel.Int8, RowScale: 4, Workers: 2,
			Codebook: mustTrain(t, vs, sp, part, One8, 1)}
		ix := mustOpen(t, assemble(t, &a))
		var s Searcher
		q := normal(1, 24, 9).rows
		hits, err := s.Search(ix, &Query{Vec: q, K: 20, Exact: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			x := ix.Stored().Row(int(h.Row), make([]float32, ix.Dim))
			if want := m.raw(q, x); !near(float64(h.Dist), want) {
				t.Errorf("metric %d: distance %v, want %v", m, h.Dist, want)
			}
		}
	}
}

// readOrder sees whether reads are those that were asked for.
type readOrder struct {
	from   io.ReaderAt
	asked  [][2]int64
	leaves int
	read   int
	right  bool
}

func (r *readOrder) codes([]byte) { r.leaves++ }

func (r *readOrder) ahead(at, n int64) {
	r.right = r.read == 0 && r.leaves > 0
	r.asked = append(r.asked, [2]int64{at, n})
}

func (r *readOrder) ReadAt(p []byte, at int64) (int, error) {
	r.right = r.right && r.read < len(r.asked) && r.asked[r.read] == [2]int64{at, int64(len(p))}
	r.read++
	return r.from.ReadAt(p, at)
}

// The rows of a fixed rerank are read in few calls, and each search reads no more than it may.
func TestSearchFixed(t *testing.T) {
	for _, shape := range []Shape{One4, Two8} {
		ix, vs, queries := wordIndex(t, Angular, shape)
		const n = 50
		var s Searcher
		found := 0.0
		for i := range n {
			q := queries.Row(i, nil)
			query := &Query{Vec: q, K: 10, Effort: Effort{Probes: 24}, Fixed: &FixedRerank{Rows: 100, From: readerAt(ix.Rows)}}
			hits, err := s.Search(ix, query)
			if err != nil {
				t.Fatal(err)
			}
			checkHits(t, ix, vs, q, hits, nil)
			found += recall(Angular, hits, truth(vs, Angular, q, 10, nil)) / n
			if s.Touched.Rows > 100 || s.Touched.Reads > s.Touched.Rows || s.Touched.ReadBytes > 100*(ix.RowStride+gap) {
				t.Errorf("touched %+v", s.Touched)
			}
			// What is read has been asked for, all of it before the first is read, and codes before rows.
			order := &readOrder{from: readerAt(ix.Rows)}
			query.Fixed.From, query.Fixed.Ahead, query.Fixed.Codes = order, order.ahead, order.codes
			want := slices.Clone(hits)
			hits, err = s.Search(ix, query)
			if err != nil || !slices.Equal(hits, want) || !order.right || len(order.asked) != s.Touched.Reads || order.leaves < 24 {
				t.Errorf("in order %v, %d of %d reads asked for, %d leaves, %v", order.right, len(order.asked), s.Touched.Reads, order.leaves, err)
			}
			query.Fixed.Ahead, query.Fixed.Codes = nil, nil
			query.Fixed.More = 200 // the first are measured as before, and none is lost
			query.Fixed.From = readerAt(ix.Rows)
			more, err := s.Search(ix, query)
			if err != nil || len(more) != 10 || more[9].Dist > want[9].Dist || s.Touched.Rows > 300 {
				t.Errorf("%v, %v, with more rows %v", want, err, more)
			}
			query.Fixed.More = 0
			query.Fixed.From = nil
			again, err := s.Search(ix, query)
			if err != nil || !slices.Equal(again, slices.Clone(hits)) {
				t.Errorf("from memory %v, %v, from a reader %v", again, err, hits)
			}
		}
		if t.Logf("%v: recall %.4f", shape, found); found < 0.95 {
			t.Errorf("%v: recall %.4f, the floor is 0.95", shape, found)
		}
		_, err := s.Search(ix, &Query{Vec: queries.Row(0, nil), K: 10, Effort: Effort{Probes: 24}, Fixed: &FixedRerank{Rows: 100, From: broken{}}})
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("of a broken reader: %v", err)
		}
	}
}

// Rows that are read teach a Manhattan search how much longer its distances are than Euclidean ones: it reads no more of
// those estimated to be nearer than does one that measures in memory, far from all that it may.
func TestSearchFixedManhattan(t *testing.T) {
	ix, _, queries := wordIndex(t, Manhattan, Two8)
	var s Searcher
	read, inMemory := 0, 0
	for i := range 50 {
		query := &Query{Vec: queries.Row(i, nil), K: 10, Effort: Effort{Probes: 40, Z: 0.5}, Fixed: &FixedRerank{Rows: 50, More: 2000}}
		hits, err := s.Search(ix, query)
		if err != nil {
			t.Fatal(err)
		}
		want, rows := slices.Clone(hits), s.Touched.Rows
		query.Fixed.From = readerAt(ix.Rows)
		hits, err = s.Search(ix, query)
		if err != nil || !slices.Equal(hits, want) {
			t.Errorf("%v, %v, in memory %v", hits, err, want)
		}
		read, inMemory = read+s.Touched.Rows, inMemory+rows
	}
	t.Logf("%d rows for each query", read/50)
	if read != inMemory || read > 50*1000 {
		t.Errorf("%d rows read for 50 queries, %d measured in memory", read, inMemory)
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

func TestSearchAllocatesNothing(t *testing.T) {
	for _, shape := range []Shape{One4, Two8} {
		ix, vs, queries := wordIndex(t, Angular, shape)
		var s Searcher
		for name, q := range map[string]Query{
			"plain":   {K: 10},
			"many":    {K: 300},
			"exact":   {K: 10, Exact: true},
			"filter":  {K: 10, Filter: oneIn(vs, 3).chosen},
			"listing": {K: 10, Filter: oneIn(vs, 20)},
			"exclude": {K: 10, Exclude: []int64{51, 52}},
			"fixed":   {K: 10, Fixed: &FixedRerank{Rows: 50, From: readerAt(ix.Rows)}},
		} {
			q.Effort = Effort{Probes: 16, Z: 1}
			search := func() {
				for i := range 10 {
					q.Vec = queries.Row(i, nil)
					if _, err := s.Search(ix, &q); err != nil {
						t.Fatal(err)
					}
				}
			}
			search()
			if n := testing.AllocsPerRun(3, search); n != 0 {
				t.Errorf("%v, %s: %v allocations", shape, name, n)
			}
		}
	}
}

// Whatever the bytes behind the header are, a search ends, with an error or with rows that there are.
func TestSearchDamaged(t *testing.T) {
	rng := kiss.New(3)
	for _, shape := range []Shape{One4, Two8} {
		vs := &numbered{normal(1400, 9, 2), shuffled}
		whole := mustBuild(t, vs, Euclidean, shape, 30, kernel.Float32).data
		errs := 0
		for range 400 {
			data := atMultipleOf8(whole)
			ix := mustOpen(t, data)
			sections := ix.Sections()
			at := sections[rng.Uint64()%uint64(len(sections))]
			for range 1 + rng.Uint64()%200 {
				if at.Bytes > 0 {
					data[at.Offset+int64(rng.Uint64()%uint64(at.Bytes))] = byte(rng.Uint64())
				}
			}
			var s Searcher
			for _, q := range []Query{{}, {Exact: true}, {Filter: oneIn(vs, 2)}, {Fixed: &FixedRerank{Rows: 20}}, {Exclude: []int64{50, 57}}} {
				q.Vec, q.K, q.Effort = normal(1, 9, rng.Uint64()).rows, 10, Effort{Probes: 5, Z: 1}
				hits, err := s.Search(ix, &q)
				if err != nil {
					errs++
					if !refused(err) {
						t.Fatalf("%s: %v", at.Name, err)
					}
				}
				for _, h := range hits {
					if int(h.Row) >= ix.N || h.Dist != h.Dist {
						t.Fatalf("%s: hit %v of %d rows", at.Name, h, ix.N)
					}
				}
			}
		}
		if errs == 0 {
			t.Error("no damage was met")
		}
	}
}

func TestAnswersKeepOrder(t *testing.T) {
	for _, d := range []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-40, -1e-40, math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1))} {
		if got := distOf(keyOf(d, 7)); got != d {
			t.Errorf("%v became %v", d, got)
		}
		for _, e := range []float32{-3, 0, 0.5, float32(math.Inf(1))} {
			if (d < e) != (keyOf(d, math.MaxUint32) < keyOf(e, 0)) && d != e {
				t.Error(fmt.Sprint(d, " and ", e, " are in another order than their keys"))
			}
		}
	}
}

// Angles too small for float32 are measured in float64: the item itself is at distance 0, and what float32 makes of its multiples is told from it.
func TestSearchSmallAngles(t *testing.T) {
	vs := normal(1200, 96, 4)
	for i := range 40 {
		x, base := vs.Row(i, nil), vs.Row(1000, nil)
		for d := range x {
			x[d] = float32(1+i%3) * (base[d] + float32(i/3)*2e-4*x[d])
		}
	}
	ix := mustBuild(t, vs, Angular, Two8, 128, kernel.Float32)
	q := vs.Row(1000, nil)
	var s Searcher
	hits, err := s.Search(ix, &Query{Vec: q, K: 30, Effort: Effort{Probes: ix.NLeaves, Tops: ix.NTops, Z: 3}})
	if err != nil || len(hits) != 30 {
		t.Fatal(hits, err)
	}
	for i, h := range hits {
		want := Angular.raw(q, vs.Row(int(ix.RowID(h.Row)), nil))
		if i == 0 && h.Dist != 0 || math.Abs(float64(h.Dist)-want) > 1e-6*want {
			t.Errorf("hit %d: item %d at %v, want %v", i, ix.RowID(h.Row), h.Dist, want)
		}
	}
}
