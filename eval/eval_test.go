package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/annoy-go/annoy"
)

var metrics = []annoy.Metric{annoy.Angular, annoy.Euclidean, annoy.Manhattan, annoy.Dot, annoy.Hamming, annoy.Cosine}

// newRand returns a random source whose seed the test prints; ANNOY_TEST_SEED replays one.
func newRand(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	if s := os.Getenv("ANNOY_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d; replay with ANNOY_TEST_SEED=%d go test -run '^%s$' ./eval", seed, seed, t.Name())
	return rand.New(rand.NewPCG(seed, 0))
}

func vectors(r *rand.Rand, n, dim int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, dim)
		for c := range out[i] {
			out[i][c] = float32(r.NormFloat64())
		}
	}
	return out
}

// list is the vectors of items whose ids are their places.
type list struct{ rows [][]float32 }

func (l *list) AppendVector(dst []float32, id int64) ([]float32, error) {
	if id < 0 || id >= int64(len(l.rows)) {
		return dst, fmt.Errorf("%w: %d", annoy.ErrNotFound, id)
	}
	return append(dst, l.rows[id]...), nil
}

// nearest is the twin of Exact: all distances, sorted, by the definitions of the metrics.
func nearest(m annoy.Metric, rows [][]float32, q []float32, k int) (ids []int64, ds []float64) {
	d := make([]float64, len(rows))
	order := make([]int64, len(rows))
	for i, x := range rows {
		order[i] = int64(i)
		var sum, xx, qq float64
		for c := range q {
			a, b := float64(q[c]), float64(x[c])
			xx, qq = xx+b*b, qq+a*a
			switch m {
			case annoy.Euclidean:
				sum += (a - b) * (a - b)
			case annoy.Manhattan:
				sum += math.Abs(a - b)
			case annoy.Hamming:
				if (a > 0.5) != (b > 0.5) {
					sum++
				}
			default:
				sum += a * b
			}
		}
		switch m {
		case annoy.Euclidean:
			sum = math.Sqrt(sum)
		case annoy.Angular:
			sum = math.Sqrt(2 - 2*sum/math.Sqrt(xx*qq))
		case annoy.Cosine:
			sum = 1 - sum/math.Sqrt(xx*qq)
		}
		d[i] = sum
	}
	slices.SortStableFunc(order, func(a, b int64) int {
		x, y := d[a], d[b]
		if m == annoy.Dot {
			x, y = y, x
		}
		if x < y {
			return -1
		}
		if x > y {
			return 1
		}
		return 0
	})
	for _, id := range order[:k] {
		ids, ds = append(ids, id), append(ds, d[id])
	}
	return ids, ds
}

func TestExactAgainstTwin(t *testing.T) {
	r := newRand(t)
	rows, queries := vectors(r, 3000, 20), vectors(r, 40, 20)
	for _, m := range metrics {
		truth, err := Exact(t.Context(), Rows(rows), queries, m, 12, nil)
		if err != nil {
			t.Fatal(err)
		}
		if truth.Rows != 3000 {
			t.Errorf("%v: %d rows", m, truth.Rows)
		}
		for q := range queries {
			ids, ds := nearest(m, rows, queries[q], 12)
			if !slices.Equal(ids, truth.IDs[q]) {
				t.Fatalf("%v, query %d: ids %v, want %v", m, q, truth.IDs[q], ids)
			}
			for i, d := range ds {
				if got := truth.Distances[q][i]; !(math.Abs(got-d) <= 1e-12*math.Max(1, math.Abs(d))) {
					t.Fatalf("%v, query %d, place %d: %v, want %v", m, q, i, got, d)
				}
			}
		}
	}
}

func TestExactState(t *testing.T) {
	r := newRand(t)
	// More than one block, so that there is something to save before the end.
	rows, queries := vectors(r, 150_000, 2), vectors(r, 3, 2)
	state := filepath.Join(t.TempDir(), "state")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := Exact(ctx, Rows(rows), queries, annoy.Euclidean, 5, &ExactOptions{State: state, Progress: func(rows, total int64) {
		if rows == 0 || total != 150_000 {
			t.Errorf("progress %d of %d", rows, total)
		}
		cancel()
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	if _, err := os.Stat(state); err != nil {
		t.Fatal(err)
	}
	if _, err := Exact(t.Context(), Rows(rows), queries, annoy.Euclidean, 6, &ExactOptions{State: state}); !errors.Is(err, ErrState) {
		t.Errorf("another k: %v", err)
	}
	first := int64(0)
	truth, err := Exact(t.Context(), Rows(rows), queries, annoy.Euclidean, 5, &ExactOptions{State: state, Progress: func(rows, _ int64) {
		if first == 0 {
			first = rows
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if first <= 1<<16 {
		t.Errorf("the second run began anew: its first block ended at row %d", first)
	}
	for q := range queries {
		if ids, _ := nearest(annoy.Euclidean, rows, queries[q], 5); !slices.Equal(ids, truth.IDs[q]) {
			t.Errorf("query %d: %v, want %v", q, truth.IDs[q], ids)
		}
	}
	if _, err := os.Stat(state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state is still there: %v", err)
	}
}

func hits(ids ...int64) []annoy.Neighbor {
	var h []annoy.Neighbor
	for _, id := range ids {
		h = append(h, annoy.Neighbor{ID: id})
	}
	return h
}

// The rule, against ties made by hand: any of the items at the k-th distance counts, none farther.
func TestRecallTies(t *testing.T) {
	for _, c := range []struct {
		name         string
		m            annoy.Metric
		rows         [][]float32
		query        []float32
		truth        []int64
		answer       []int64
		recall, byID float64
	}{
		{"euclidean", annoy.Euclidean, [][]float32{{1, 0}, {0, 2}, {2, 0}, {-2, 0}, {3, 0}}, []float32{0, 0},
			[]int64{0, 1}, []int64{0, 3}, 1, 0.5},
		{"euclidean, one too far", annoy.Euclidean, [][]float32{{1, 0}, {0, 2}, {2, 0}, {-2, 0}, {3, 0}}, []float32{0, 0},
			[]int64{0, 1}, []int64{2, 4}, 0.5, 0},
		// Products 6, 5, 5, 5 and −1: larger is nearer.
		{"dot", annoy.Dot, [][]float32{{6, 9}, {5, 1}, {5, -3}, {5, 0}, {-1, 0}}, []float32{1, 0},
			[]int64{0, 1}, []int64{0, 3}, 1, 0.5},
		{"dot, one too small", annoy.Dot, [][]float32{{6, 9}, {5, 1}, {5, -3}, {5, 0}, {-1, 0}}, []float32{1, 0},
			[]int64{0, 1}, []int64{4, 3}, 0.5, 0},
		// All products are negative: −1, −2, −2, −3.
		{"dot, negative", annoy.Dot, [][]float32{{-1}, {-2}, {-2}, {-3}}, []float32{1}, []int64{0, 1}, []int64{2, 3}, 0.5, 0},
		// Within the tolerance of 1e-5, and beyond it, on the side that counts.
		{"dot, within", annoy.Dot, [][]float32{{-1}, {-1.000009}, {-1.00003}}, []float32{1}, []int64{0}, []int64{1}, 1, 0},
		{"dot, beyond", annoy.Dot, [][]float32{{-1}, {-1.000009}, {-1.00003}}, []float32{1}, []int64{0}, []int64{2}, 0, 0},
		{"manhattan, within", annoy.Manhattan, [][]float32{{1}, {1.000009}, {1.00003}}, []float32{0}, []int64{0}, []int64{1}, 1, 0},
		{"manhattan, beyond", annoy.Manhattan, [][]float32{{1}, {1.000009}, {1.00003}}, []float32{0}, []int64{0}, []int64{2}, 0, 0},
		{"hamming", annoy.Hamming, [][]float32{{1, 0, 0}, {0, 1, 0}, {1, 1, 0}}, []float32{0, 0, 0}, []int64{0}, []int64{1}, 1, 0},
		{"angular, of other lengths", annoy.Angular, [][]float32{{1, 1}, {7, 7}, {1, 0}}, []float32{2, 2}, []int64{0}, []int64{1}, 1, 0},
		{"at distance 0", annoy.Cosine, [][]float32{{1, 1}, {7, 7}, {1, 0}}, []float32{2, 2}, []int64{0}, []int64{2}, 0, 0},
		{"an id twice", annoy.Euclidean, [][]float32{{1}, {2}, {3}}, []float32{0}, []int64{0, 1}, []int64{0, 0}, 0.5, 0.5},
		{"too few", annoy.Euclidean, [][]float32{{1}, {2}, {3}}, []float32{0}, []int64{0, 1}, []int64{1}, 0.5, 0.5},
		{"too many", annoy.Euclidean, [][]float32{{1}, {2}, {3}}, []float32{0}, []int64{0}, []int64{2, 0}, 0, 0},
		{"none", annoy.Euclidean, [][]float32{{1}, {2}, {3}}, []float32{0}, []int64{0}, nil, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			queries := [][]float32{c.query}
			j, err := NewJudge(t.Context(), c.m, &list{rows: c.rows}, queries, [][]int64{c.truth}, len(c.truth))
			if err != nil {
				t.Fatal(err)
			}
			v, err := j.Judge(t.Context(), [][]annoy.Neighbor{hits(c.answer...)})
			if err != nil || v.Recall != c.recall || v.RecallByID != c.byID || v.Nearer != 0 {
				t.Errorf("%+v, %v, want recall %v, by id %v", v, err, c.recall, c.byID)
			}
		})
	}
}

func TestJudgeRefuses(t *testing.T) {
	items := &list{rows: [][]float32{{1}, {2}, {3}}}
	queries := [][]float32{{0}, {0}}
	for want, f := range map[string]func() error{
		"truth has 1 rows, for 2 queries": func() error {
			_, err := NewJudge(t.Context(), annoy.Euclidean, items, queries, [][]int64{{0}}, 1)
			return err
		},
		"query 1 has 1 neighbours, recall@2": func() error {
			_, err := NewJudge(t.Context(), annoy.Euclidean, items, queries, [][]int64{{0, 1}, {0}}, 2)
			return err
		},
		"query 1, place 1: no such item: 7": func() error {
			_, err := NewJudge(t.Context(), annoy.Euclidean, items, queries, [][]int64{{0, 1}, {0, 7}}, 2)
			return err
		},
		"query 1: id 0 at place 1 is nearer (1) than the one before it (2)": func() error {
			_, err := NewJudge(t.Context(), annoy.Euclidean, items, queries, [][]int64{{0, 1}, {1, 0}}, 2)
			return err
		},
		"query 1: id 1 is at places 0 and 1": func() error {
			_, err := NewJudge(t.Context(), annoy.Euclidean, items, queries, [][]int64{{0, 1}, {1, 1}}, 2)
			return err
		},
		"query 0: exact neighbours: id 2 is at places 0 and 1": func() error {
			_, err := KthDistances(annoy.Euclidean, []float32{1, 2, 3}, queries, [][]int64{{2, 2}, {0, 1}}, 2)
			return err
		},
		"k is 0": func() error {
			_, err := NewJudge(t.Context(), annoy.Euclidean, items, queries, nil, 0)
			return err
		},
		"answer to query 1: no such item: 9": func() error {
			j, err := NewJudge(t.Context(), annoy.Euclidean, items, queries, [][]int64{{0}, {0}}, 1)
			if err == nil {
				_, err = j.Judge(t.Context(), [][]annoy.Neighbor{hits(0), hits(9)})
			}
			return err
		},
		"1 answers to 2 queries": func() error {
			j, err := NewJudge(t.Context(), annoy.Euclidean, items, queries, [][]int64{{0}, {0}}, 1)
			if err == nil {
				_, err = j.Judge(t.Context(), [][]annoy.Neighbor{hits(0)})
			}
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	// A truth in order that is not exact is seen when an answer beats it.
	j, err := NewJudge(t.Context(), annoy.Euclidean, items, queries, [][]int64{{1}, {0}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := j.Judge(t.Context(), [][]annoy.Neighbor{hits(0), hits(0)}); err != nil || v.Nearer != 1 || v.Recall != 1 || v.RecallByID != 0.5 {
		t.Errorf("%+v, %v", v, err)
	}
}

// testIndex is a forest of random items, queries for it and their truth.
func testIndex(t *testing.T, r *rand.Rand, m annoy.Metric) (*annoy.Index, [][]float32, *Truth) {
	t.Helper()
	rows, queries := vectors(r, 2000, 16), vectors(r, 60, 16)
	b, err := annoy.NewBuilder(16, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range rows {
		if err := b.Add(i, v); err != nil {
			t.Fatal(err)
		}
	}
	ix, err := b.Build(t.Context(), &annoy.BuildOptions{Kind: annoy.Forest, Trees: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	truth, err := Exact(t.Context(), Rows(rows), queries, m, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ix, queries, truth
}

// Recall of an index is that of a count in the plainest way.
func TestVerdictAgainstTwin(t *testing.T) {
	r := newRand(t)
	for _, m := range metrics {
		ix, queries, truth := testIndex(t, r, m)
		e, err := New(t.Context(), ix, queries, truth.IDs, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Verdict(t.Context(), SearchK, 40)
		if err != nil {
			t.Fatal(err)
		}
		near, same := 0, 0
		var shares []float64 // of each query
		for q, query := range queries {
			before := near
			answer, err := ix.Search(query, 10, &annoy.SearchOptions{SearchK: 40})
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range answer {
				v, err := ix.Vector(h.ID)
				if err != nil {
					t.Fatal(err)
				}
				_, d := nearest(m, [][]float32{v}, query, 1)
				last := truth.Distances[q][9]
				if m == annoy.Dot && d[0] >= last-1e-5*math.Abs(last)-1e-6 || m != annoy.Dot && d[0] <= last*(1+1e-5)+1e-6 {
					near++
				}
				if slices.Contains(truth.IDs[q], h.ID) {
					same++
				}
			}
			shares = append(shares, float64(near-before)/10)
		}
		variance := 0.0
		for _, x := range shares {
			variance += (x - got.Recall) * (x - got.Recall) / float64(len(shares)-1)
		}
		if want := math.Sqrt(variance / float64(len(shares))); math.Abs(got.StdErr-want) > 1e-12 {
			t.Errorf("%v: standard error %v, want %v", m, got.StdErr, want)
		}
		got.StdErr = 0
		if want := (Verdict{Recall: float64(near) / 600, RecallByID: float64(same) / 600}); got != want {
			t.Errorf("%v: %+v, want %+v", m, got, want)
		}
		if got.Recall <= 0 || got.Recall >= 1 {
			t.Errorf("%v: recall %v at search_k 40 tests nothing", m, got.Recall)
		}
	}
}

func TestForRecall(t *testing.T) {
	r := newRand(t)
	ix, queries, truth := testIndex(t, r, annoy.Euclidean)
	e, err := New(t.Context(), ix, queries, truth.IDs, &Options{K: 5})
	if err != nil {
		t.Fatal(err)
	}
	recall := func(searchK int) float64 {
		v, err := e.Verdict(t.Context(), SearchK, searchK)
		if err != nil {
			t.Fatal(err)
		}
		return v.Recall
	}
	for _, target := range []float64{0.9, 0.5, 1, 0.05} {
		f, err := e.ForRecall(t.Context(), SearchK, target)
		if err != nil || !f.Reached {
			t.Fatalf("recall %v: %+v, %v", target, f, err)
		}
		if recall(f.Value) < target || f.Recall != recall(f.Value) {
			t.Errorf("recall %v: %+v, where it is %v", target, f, recall(f.Value))
		}
		// Just below, there is less: the step back is what bisection leaves open.
		if below := f.Value - max(1, f.Value/100) - 1; below > 0 && recall(below) >= target {
			t.Errorf("recall %v: search_k %d, but %d does", target, f.Value, below)
		}
	}
	if _, err := e.ForRecall(t.Context(), SearchK, 1.5); err == nil {
		t.Error("a recall of 1.5: no error")
	}

	// A parameter that ends before the recall is reached.
	low := Parameter{Name: "search_k", In: SearchK.In, Max: func(*annoy.Index) int { return 40 }}
	e, err = New(t.Context(), ix, queries, truth.IDs, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := e.ForRecall(t.Context(), low, 0.999)
	if err != nil || f.Reached || f.Value != 40 || f.Recall >= 0.999 || f.Recall <= 0 {
		t.Errorf("a recall that 40 candidates cannot give: %+v, %v", f, err)
	}
}

// slowSearcher takes a known time for one of ten queries.
type slowSearcher struct{ asked [10]int }

func (s *slowSearcher) AppendSearch(dst []annoy.Neighbor, q []float32, _ int, _ *annoy.SearchOptions) ([]annoy.Neighbor, error) {
	s.asked[int(q[0])]++
	if q[0] == 3 {
		time.Sleep(20 * time.Millisecond)
	}
	if q[0] == 9 && s.asked[9] == 1000 {
		return dst, errors.New("broken")
	}
	return dst, nil
}

func TestClosedLoop(t *testing.T) {
	var queries [][]float32
	for i := range 10 {
		queries = append(queries, []float32{float32(i)})
	}
	s := &slowSearcher{}
	speed, err := ClosedLoop(t.Context(), s, queries, 1, nil, 1, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if s.asked[0] < 2 || speed.Queries != int64(10*s.asked[0]) || s.asked[0] != s.asked[9] {
		t.Errorf("asked %v, said %d", s.asked, speed.Queries)
	}
	// A sleep is never shorter: the slow tenth is beyond p90, below it only what is not slow unless the machine is.
	if speed.P99 < 19_900 || speed.Max < speed.P99 || speed.P50 > speed.P90 || speed.P90 > speed.P99 || speed.QPS <= 0 || speed.QPS > 500 {
		t.Errorf("%+v", speed)
	}
	if _, err := ClosedLoop(t.Context(), s, queries[9:], 1, nil, 1, time.Minute); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("a failing search: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := ClosedLoop(ctx, s, queries[:1], 1, nil, 1, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := ClosedLoop(t.Context(), s, nil, 1, nil, 1, 0); err == nil {
		t.Error("no queries: no error")
	}
}

func TestFront(t *testing.T) {
	p := func(threads int, recall, qps float64) Point { return Point{Threads: threads, Recall: recall, QPS: qps} }
	got := Front([]Point{p(1, 0.9, 100), p(1, 0.8, 90), p(2, 0.8, 300), p(1, 0.5, 1000), p(1, 0.95, 100), p(1, 0.99, 10), p(2, 0.7, 200)})
	want := []Point{p(1, 0.5, 1000), p(1, 0.95, 100), p(1, 0.99, 10), p(2, 0.8, 300)}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
