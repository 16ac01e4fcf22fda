package exact

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/internal/kernel"
)

var metrics = []Metric{Angular, Euclidean, Manhattan, Dot, Hamming, Cosine}

// newRand returns a random source whose seed the test prints; ANNOY_TEST_SEED replays one.
func newRand(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	if s := os.Getenv("ANNOY_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d; replay with ANNOY_TEST_SEED=%d go test -run '^%s$' ./internal/exact", seed, seed, t.Name())
	return rand.New(rand.NewPCG(seed, 0))
}

// rowSource streams rows whose ids are 10 times their numbers. After stop rows, if that is set, it fails.
type rowSource struct {
	rows    [][]float32
	at      int
	unknown bool // the length
	stop    int
	fail    error
}

func (s *rowSource) Dim() int {
	if len(s.rows) == 0 {
		return 0
	}
	return len(s.rows[0])
}

func (s *rowSource) Len() int {
	if s.unknown {
		return -1
	}
	return len(s.rows)
}

func (s *rowSource) Next(dst []float32) (int64, error) {
	if s.fail != nil && s.at == s.stop {
		return 0, s.fail
	}
	if s.at == len(s.rows) {
		return 0, io.EOF
	}
	copy(dst, s.rows[s.at])
	s.at++
	return int64(10 * (s.at - 1)), nil
}

// twin is the same search in the plainest way, for every query: all distances, sorted.
func twin(m Metric, rows, queries [][]float32) [][]Neighbor {
	out := make([][]Neighbor, len(queries))
	for i, q := range queries {
		var all []entry
		for row, x := range rows {
			all = append(all, entry{m.key(q, x, m.norm(q)), int64(row), int64(10 * row)})
		}
		slices.SortFunc(all, compareEntries)
		for _, e := range all {
			out[i] = append(out[i], Neighbor{e.row, e.id, Distance(m, q, rows[e.row])})
		}
	}
	return out
}

// check compares the answers with the first k of the twin's.
func check(t *testing.T, s *State, want [][]Neighbor, k int) {
	t.Helper()
	for q := range want {
		want, got := want[q][:min(k, len(want[q]))], s.Neighbors(q)
		if len(got) != len(want) {
			t.Fatalf("metric %d, query %d: %d neighbours, want %d", s.metric, q, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("metric %d, query %d, place %d: %+v, want %+v", s.metric, q, i, got[i], want[i])
			}
		}
	}
}

// sets are kinds of vectors that are hard in different ways.
var sets = map[string]func(r *rand.Rand, v []float32){
	"normal": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
	},
	// Small integers: many equal distances and equal vectors.
	"ties": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = float32(r.IntN(3) - 1)
		}
	},
	// All far from the origin and close to each other: float32 products cannot tell them apart.
	"offset": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = 1e4 + float32(r.NormFloat64())
		}
	},
	// Every power of two that a float32 has.
	"scales": func(r *rand.Rand, v []float32) {
		e := r.IntN(276) - 149
		for i := range v {
			v[i] = float32(math.Ldexp(r.Float64()*2-1, e))
		}
	},
	"largest": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = math.MaxFloat32 * float32(2*r.IntN(2)-1)
		}
	},
	"tiny": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = math.SmallestNonzeroFloat32 * float32(r.IntN(5)-2)
		}
	},
	"zero": func(*rand.Rand, []float32) {},
}

func vectors(r *rand.Rand, n, dim int, fill func(r *rand.Rand, v []float32)) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, dim)
		fill(r, out[i])
	}
	return out
}

func TestAgainstTwin(t *testing.T) {
	r := newRand(t)
	for name, fill := range sets {
		t.Run(name, func(t *testing.T) {
			for _, dim := range []int{1, 2, 7, 65, 130} {
				rows := vectors(r, 100+r.IntN(200), dim, fill)
				queries := append(vectors(r, 1+r.IntN(26), dim, fill), rows[len(rows)/2])
				for _, m := range metrics {
					want := twin(m, rows, queries)
					for _, k := range []int{1, 10, len(rows), len(rows) + 5} {
						s, err := New(m, k, queries)
						if err != nil {
							t.Fatal(err)
						}
						s.blockRows = []int{32, 64, 1024}[r.IntN(3)]
						src := &rowSource{rows: rows, unknown: r.IntN(2) == 0}
						if err := s.Add(t.Context(), src, &Options{Workers: 1 + r.IntN(3)}); err != nil {
							t.Fatal(err)
						}
						check(t, s, want, k)
					}
				}
			}
		})
	}
}

// Every kernel path gives the same neighbours, since float64 has the last word.
func TestPaths(t *testing.T) {
	r := newRand(t)
	// More queries than a group of panels has.
	rows, queries := vectors(r, 300, 100, sets["normal"]), vectors(r, 200, 100, sets["normal"])
	for _, m := range metrics {
		want := twin(m, rows, queries)
		for _, p := range kernel.Paths() {
			func() {
				defer kernel.Force(p)()
				s, err := New(m, 20, queries)
				if err == nil {
					err = s.Add(t.Context(), &rowSource{rows: rows}, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
				check(t, s, want, 20)
			}()
		}
	}
}

// TestBound asks the estimates of the tile kernels for their bound, which a twin of few rows hardly would.
func TestBound(t *testing.T) {
	r := newRand(t)
	for _, p := range kernel.Paths() {
		defer kernel.Force(p)()
		for name, fill := range sets {
			for _, dim := range []int{1, 3, 128, 1000} {
				rows, queries := vectors(r, kernel.TileRows, dim, fill), vectors(r, kernel.TileQueries, dim, fill)
				for _, m := range []Metric{Angular, Euclidean, Manhattan, Dot} {
					s, err := New(m, 1, queries)
					if err != nil {
						t.Fatal(err)
					}
					sc, b := newScan(s, 1), s.newBlock(kernel.TileRows)
					b.n = kernel.TileRows
					copy(b.rows, slices.Concat(rows...))
					if err := sc.prepare(t.Context(), b, 1); err != nil {
						t.Fatal(err)
					}
					var sums kernel.TileSums
					var mask kernel.TileMask
					tile := map[Metric]func(q, x []float32, limit *kernel.TileLimits, out *kernel.TileSums, mask *kernel.TileMask){
						Angular: kernel.TileDot, Euclidean: kernel.TileL2, Manhattan: kernel.TileL1, Dot: kernel.TileDot}[m]
					tile(sc.panels, b.panels, &kernel.TileLimits{}, &sums, &mask)
					for i, q := range queries {
						for j, x := range rows {
							key := m.estimated(m.key(q, x, m.norm(q))) * sc.scales[i]
							if off := math.Abs(float64(sums[i][j]) - key); !(off <= sc.bound.E+sc.bound.g*math.Abs(key)) {
								t.Fatalf("%v, %s, metric %d, %d components: %v for %v: off by more than %+v", p, name, m, dim, sums[i][j], key, sc.bound)
							}
						}
					}
				}
			}
		}
	}
	b := Euclidean.bound(100)
	for _, x := range []float64{0, 1e-30, 0.1, 1, 7} {
		if e := b.pass(x); float64(e) < x || b.kth(e) < x {
			t.Errorf("pass(%v) is %v, whose kth is %v", x, e, b.kth(e))
		}
	}
}

func TestDistance(t *testing.T) {
	a, b, zero := []float32{3, 0, 4}, []float32{0, 1, 4}, []float32{0, 0, 0}
	for _, c := range []struct {
		m    Metric
		a, b []float32
		want float64
	}{
		{Euclidean, a, b, math.Sqrt(10)}, {Manhattan, a, b, 4}, {Dot, a, b, 16}, {Hamming, a, b, 2},
		{Angular, a, a, 0}, {Cosine, a, a, 0}, {Angular, a, zero, math.Sqrt2}, {Cosine, zero, a, 1}, {Dot, a, zero, 0},
		{Angular, []float32{1, 0}, []float32{-2, 0}, 2}, {Cosine, []float32{1, 0}, []float32{0, 5}, 1},
		{Euclidean, []float32{math.MaxFloat32}, []float32{-math.MaxFloat32}, 2 * math.MaxFloat32},
	} {
		if got := Distance(c.m, c.a, c.b); math.Abs(got-c.want) > 1e-15*c.want || math.Signbit(got) {
			t.Errorf("metric %d of %v and %v: %v, want %v", c.m, c.a, c.b, got, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	nan := float32(math.NaN())
	for name, f := range map[string]func() error{
		"k is 0": func() error { _, err := New(Dot, 0, nil); return err },
		"metric": func() error { _, err := New(0, 1, nil); return err },
		"query 1 has 2 components, the first has 1": func() error { _, err := New(Dot, 1, [][]float32{{1}, {1, 2}}); return err },
		"query 1, component 0: NaN":                 func() error { _, err := New(Dot, 1, [][]float32{{1}, {nan}}); return err },
		"the base has 2 components, the queries have 1": func() error {
			s, err := New(Dot, 1, [][]float32{{1}})
			if err != nil {
				return nil
			}
			return s.Add(t.Context(), &rowSource{rows: [][]float32{{1, 2}}}, nil)
		},
		"row 2, component 1: NaN": func() error {
			s, err := New(Euclidean, 1, [][]float32{{1, 2}})
			if err != nil {
				return nil
			}
			return s.Add(t.Context(), &rowSource{rows: [][]float32{{1, 2}, {1, 2}, {3, nan}}}, nil)
		},
		"no such disk": func() error {
			s, err := New(Euclidean, 1, [][]float32{{1, 2}})
			if err != nil {
				return nil
			}
			return s.Add(t.Context(), &rowSource{rows: [][]float32{{1, 2}, {1, 2}}, stop: 1, fail: errors.New("no such disk")}, nil)
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
	// Nothing asked, and nothing there.
	s, err := New(Dot, 3, nil)
	if err != nil || s.Add(t.Context(), &rowSource{rows: [][]float32{{1}}}, nil) != nil {
		t.Error("no queries: an error")
	}
	s, err = New(Dot, 3, [][]float32{{1}})
	if err != nil || s.Add(t.Context(), &rowSource{}, nil) != nil || len(s.Neighbors(0)) != 0 {
		t.Error("no rows: an error or neighbours")
	}
}

// A search that was cancelled, at any moment, saved and continued finds the same.
func TestResume(t *testing.T) {
	r := newRand(t)
	rows, queries := vectors(r, 3000, 24, sets["ties"]), vectors(r, 14, 24, sets["ties"])
	path := filepath.Join(t.TempDir(), "state")
	for _, m := range metrics {
		os.Remove(path)
		want := twin(m, rows, queries)
		interrupted, resumed := 0, 0
		for attempt := 1; ; attempt++ {
			s, err := New(m, 15, queries)
			if err != nil {
				t.Fatal(err)
			}
			s.blockRows = 128
			if attempt > 1 {
				if err := s.Load(path); err != nil {
					t.Fatal(err)
				}
				if s.Rows() > 0 {
					resumed++
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			src := &rowSource{rows: rows}
			blocks := 0
			err = s.Add(ctx, src, &Options{Workers: 2, Checkpoint: func(int64) error {
				if blocks++; blocks == 6 {
					go cancel() // somewhere within the next block, or later
				}
				return nil
			}})
			cancel()
			if err == nil {
				check(t, s, want, 15)
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			interrupted++
			if err := s.Save(path); err != nil {
				t.Fatal(err)
			}
		}
		if interrupted == 0 || resumed == 0 {
			t.Errorf("metric %d: interrupted %d times, resumed %d times: nothing tested", m, interrupted, resumed)
		}
	}
}

func TestStateRefused(t *testing.T) {
	r := newRand(t)
	rows, queries := vectors(r, 200, 5, sets["normal"]), vectors(r, 3, 5, sets["normal"])
	path := filepath.Join(t.TempDir(), "state")
	s, err := New(Euclidean, 4, queries)
	if err != nil {
		t.Fatal(err)
	}
	s.blockRows = 32
	stop := errors.New("stop")
	err = s.Add(t.Context(), &rowSource{rows: rows}, &Options{Checkpoint: func(done int64) error {
		if done >= 96 {
			return stop
		}
		return nil
	}})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	refused := func(want string, m Metric, k int, queries, rows [][]float32) {
		t.Helper()
		s, err := New(m, k, queries)
		if err != nil {
			t.Fatal(err)
		}
		if err = s.Load(path); err == nil {
			err = s.Add(t.Context(), &rowSource{rows: rows}, nil)
		}
		if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	refused("metric is 2, here it is 4", Dot, 4, queries, rows)
	refused("k is 4, here it is 5", Euclidean, 5, queries, rows)
	refused("number of queries", Euclidean, 4, queries[:2], rows)
	refused("checksum of the queries", Euclidean, 4, [][]float32{queries[1], queries[0], queries[2]}, rows)
	refused("first 96 rows", Euclidean, 4, queries, slices.Concat(rows[1:], rows[:1]))
	refused("base has 95 rows", Euclidean, 4, queries, rows[:95])
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		bad := slices.Clone(good)
		if r.IntN(2) == 0 {
			bad = bad[:r.IntN(len(bad))]
		} else {
			bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		}
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		refused("", Euclidean, 4, queries, rows)
	}
}
