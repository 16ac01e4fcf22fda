package canopy

import (
	"bytes"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/kiss"
	"github.com/annoy-go/annoy/internal/metric"
)

// narrow is normal vectors of which rank directions, none of them a dimension, have nearly all of the variance.
func narrow(n, dim, rank int, seed uint64) *matrix {
	mix, factors, m := normal(rank, dim, seed), normal(n, rank, seed+1), normal(n, dim, seed+2)
	for i := range n {
		x := m.Row(i, nil)
		kernel.Blend(x, 0.02*float32(math.Sqrt(float64(rank))), x, 0)
		for j, f := range factors.Row(i, nil) {
			kernel.Blend(x, 1, mix.Row(j, nil), f/(1+float32(j)/float32(rank)))
		}
	}
	return m
}

// mustTurn finds axes of a fold, whatever share of the variance they have.
func mustTurn(t testing.TB, vs Vectors, sp space, fold int) *axes {
	t.Helper()
	s := &spectrum{pool: newPool(context.Background(), 2, nil), dim: sp.dim, rng: kiss.New(5)}
	err := s.covariances(vs, sp, spread(vs.Len(), vs.Len(), kiss.New(1)))
	if err == nil {
		_, err = s.iterate(axisCount(sp.dim, 2))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.axes(axisCount(sp.dim, fold), fold)
}

func findAxes(t testing.TB, vs Vectors, m Metric, workers int) *axes {
	t.Helper()
	b := &builder{Params: &Params{Metric: m, Workers: workers, Seed: 3}, ctx: context.Background(), vs: vs, space: newSpace(m, vs.Dim())}
	if err := b.findAxes(); err != nil {
		t.Fatal(err)
	}
	return b.space.axes
}

// Vectors have as many axes as it takes for most of their variance, or none.
func TestFindAxes(t *testing.T) {
	same := &matrix{64, slices.Repeat([]float32{3}, 300*64)}
	words, _ := wordSet()
	for _, c := range []struct {
		name   string
		vs     *matrix
		metric Metric
		fold   int
	}{
		{"an eighth of the directions", narrow(600, 128, 16, 1), Euclidean, 4},
		{"a third", narrow(600, 96, 32, 1), Euclidean, 2},
		{"all", normal(600, 64, 1), Euclidean, 0},
		{"products", narrow(600, 128, 16, 1), Dot, 0},
		{"few dimensions", narrow(600, 63, 4, 1), Euclidean, 0},
		{"few vectors", narrow(127, 64, 4, 1), Euclidean, 0},
		{"equal vectors", same, Manhattan, 0},
		{"fewer directions than axes", narrow(600, 96, 5, 1), Euclidean, 4},
		{"signs", narrow(600, 128, 4, 1), Hamming, 2},
		{"words", words, Angular, 2},
	} {
		a := findAxes(t, c.vs, c.metric, 2)
		if a == nil || c.fold == 0 {
			if (a == nil) != (c.fold == 0) {
				t.Errorf("%s: %+v, want a fold of %d", c.name, a, c.fold)
			}
			continue
		}
		if a.fold != c.fold || a.n != axisCount(c.vs.dim, c.fold) || len(a.rows) != a.n*a.dim {
			t.Errorf("%s: %d axes of %d dimensions, fold %d, want %d", c.name, a.n, a.dim, a.fold, c.fold)
		}
		for i := range a.n {
			for j := range i + 1 {
				want := float32(0)
				if i == j {
					want = 1
				}
				if p := kernel.Dot(a.rows[i*a.dim:(i+1)*a.dim], a.rows[j*a.dim:(j+1)*a.dim]); abs(p-want) > 1e-4 {
					t.Fatalf("%s: the product of axes %d and %d is %v", c.name, i, j, p)
				}
			}
		}
		if other := findAxes(t, c.vs, c.metric, 7); !slices.Equal(other.rows, a.rows) {
			t.Errorf("%s: 7 workers find other axes than 2", c.name)
		}
	}
}

// The axes have nearly as much of the variance as any can: the sum of the largest eigenvalues, which narrow's mixing gives.
func TestAxesHaveTheVariance(t *testing.T) {
	vs := narrow(800, 96, 12, 4)
	a := findAxes(t, vs, Euclidean, 2)
	r := newReader(vs, space{metric: Euclidean, dim: 96, axes: a})
	on, off := 0.0, 0.0
	out, tails := make([]float32, vs.Len()*a.n), make([]float32, vs.Len())
	r.read(vs.Len(), func(j int) int { return j }, func(j int) []float32 { return out[j*a.n:][:a.n] }, tails)
	for j := range vs.Len() {
		x := slices.Clone(vs.Row(j, nil))
		kernel.Blend(x, 1, a.center, -1)
		length := metric.Squares(x)
		kept := metric.Squares(out[j*a.n : (j+1)*a.n])
		if math.Abs(length-kept-float64(tails[j])) > 1e-4*length {
			t.Fatalf("vector %d: %v on the axes, %v off them, %v in all", j, kept, tails[j], length)
		}
		on, off = on+kept, off+float64(tails[j])
	}
	// 84 of 96 directions have the noise only.
	if share := off / (on + off); a.fold != 4 || share > 0.01 {
		t.Errorf("fold %d: %.4f of the variance is off the axes", a.fold, share)
	}
}

// Held coordinates are those that are read one by one, in any company.
func TestTurnAll(t *testing.T) {
	vs := narrow(1100, 64, 6, 2)
	sp := newSpace(Cosine, 64)
	sp.axes = mustTurn(t, vs, sp, 2)
	all, err := turnAll(newPool(context.Background(), 3, nil), vs, sp)
	if err != nil {
		t.Fatal(err)
	}
	alone, held := newReader(vs, sp), newReader(all, sp)
	one, tail, other, tails := make([]float32, 32), make([]float32, 1), make([]float32, 2*32), make([]float32, 2)
	for i := range vs.Len() {
		alone.read(1, func(int) int { return i }, func(int) []float32 { return one }, tail)
		held.read(2, func(j int) int { return (i + j) % vs.Len() }, func(j int) []float32 { return other[j*32 : (j+1)*32] }, tails)
		if !slices.Equal(one, other[:32]) || tail[0] != tails[0] {
			t.Fatalf("vector %d: %v, %v and %v, %v", i, one, tail, other[:32], tails[0])
		}
	}
}

// A query is turned as an item is, but for the rounding to int8.
func TestTurnQuery(t *testing.T) {
	vs := narrow(1500, 130, 20, 3)
	ix := mustOpen(t, buildBytes(t, vs, Params{Metric: Euclidean, Shape: Two8, Auto: true, Seed: 3}))
	if ix.Coded >= ix.Dim {
		t.Fatalf("%d of %d", ix.Coded, ix.Dim)
	}
	b := &builder{Params: &Params{Metric: Euclidean, Workers: 1, Seed: 3}, ctx: t.Context(), vs: vs, space: newSpace(Euclidean, 130)}
	if err := b.findAxes(); err != nil {
		t.Fatal(err)
	}
	r := newReader(vs, b.space)
	want, tail := make([]float32, ix.Coded), make([]float32, 1)
	for i := range 50 {
		r.read(1, func(int) int { return i }, func(int) []float32 { return want }, tail)
		s := Searcher{ix: ix, q: &Query{Vec: vs.Row(i, nil)}}
		if !s.encode() {
			t.Fatal("not encoded")
		}
		kernel.Blend(want, 1, ix.Mean, -1)
		length, wrong := metric.Squares(want)+float64(tail[0]), 0.0
		for j, v := range want {
			d := float64(s.coded[j] - v)
			wrong += d * d
		}
		if wrong > 0.001*length || math.Abs(float64(s.square)-length) > 0.01*length {
			t.Errorf("vector %d: off by %.5f of its squared length, which is %v and not %v", i, wrong/length, s.square, length)
		}
	}
	// Queries of no length, and of far too much.
	for _, v := range []float32{0, 1e-30, 3e38} {
		hits, err := new(Searcher).Search(ix, &Query{Vec: slices.Repeat([]float32{v}, 130), K: 3, Effort: Effort{Probes: 3}})
		if err != nil || len(hits) != 3 {
			t.Errorf("query of %v: %v, %v", v, hits, err)
		}
	}
}

// With axes all metrics and shapes find what they find without.
func TestSearchTurned(t *testing.T) {
	for _, fold := range []int{2, 4} {
		vs := narrow(4200, 96, map[int]int{2: 30, 4: 12}[fold], 7)
		queries := &matrix{96, vs.rows[4000*96:]}
		vs.rows = vs.rows[:4000*96]
		for _, metric := range []Metric{Euclidean, Angular, Manhattan, Hamming} {
			if metric == Hamming { // the last: rows of it are ones and zeros
				for _, rows := range [][]float32{vs.rows, queries.rows} {
					for i, v := range rows {
						rows[i] = 0
						if v > 0 {
							rows[i] = 1
						}
					}
				}
			}
			for _, shape := range []Shape{One4, One8, Two8} {
				if testing.Short() && shape != Two8 {
					continue
				}
				ix := mustOpen(t, buildBytes(t, vs, Params{Metric: metric, Shape: shape, Auto: true, Seed: 3}))
				if err := ix.Verify(t.Context()); err != nil {
					t.Error(err)
				}
				if metric != Hamming && ix.head.fold != uint8(fold) {
					t.Errorf("%v: fold %d, want %d", metric, ix.head.fold, fold)
				}
				answers := exactAnswers(t, vs, metric, queries, 10)
				var s Searcher
				found := 0.0
				for i := range queries.Len() {
					hits, err := s.Search(ix, &Query{Vec: queries.Row(i, nil), K: 10, Effort: Effort{Probes: ix.NLeaves * 2 / 3, Z: 2}})
					if err != nil {
						t.Fatal(err)
					}
					found += recall(metric, hits, answers[i]) / float64(queries.Len())
				}
				t.Logf("fold %d, %v, %v: %.4f with two thirds of %d leaves", ix.head.fold, metric, shape, found, ix.NLeaves)
				if found < 0.95 {
					t.Errorf("fold %d, %v, %v: a recall of %.4f", ix.head.fold, metric, shape, found)
				}
			}
		}
	}
}

// The same file for any number of workers, in memory and on disk, where coordinates are not held.
func TestBuildTurnedIsTheSame(t *testing.T) {
	vs := narrow(1500, 64, 6, 7)
	p := Params{Metric: Angular, Auto: true, Shape: One8, Seed: 9, Workers: 1, Calibrate: 30}
	want := buildBytes(t, vs, p)
	if ix := mustOpen(t, want); ix.head.fold == 0 {
		t.Fatal("no axes")
	}
	for _, p.Workers = range []int{2, 7} {
		if !bytes.Equal(buildBytes(t, vs, p), want) {
			t.Errorf("%d workers: another file", p.Workers)
		}
	}
	p.Memory = 4 << 20 // of which coordinates may have a quarter, and the samples all that they want
	if !bytes.Equal(buildOnDisk(t, vs, p), want) {
		t.Error("on disk: another file")
	}
	p.Memory = 1000 // too little for coordinates to be held
	if !bytes.Equal(buildOnDisk(t, vs, p), want) {
		t.Error("with little memory: another file")
	}
}

// Damage to the axes is found by Verify, and no search fails for it.
func TestDamagedAxes(t *testing.T) {
	vs := narrow(1500, 64, 6, 7)
	whole := buildBytes(t, vs, Params{Metric: Euclidean, Auto: true, Shape: Two8, Seed: 9})
	for _, k := range []kind{kindCenter, kindAxes, kindAxisBias, kindAxisScale} {
		data := aligned(len(whole))
		copy(data, whole)
		ix := mustOpen(t, data)
		for i := range ix.table {
			if e := &ix.table[i]; e.kind == k {
				copy(data[e.offset+16:], []byte{0, 0, 0xc0, 0x7f}) // NaN, where it is a float
			}
		}
		if err := ix.Verify(t.Context()); err == nil {
			t.Errorf("%v: damaged, and Verify finds nothing", k)
		}
		for i := range 20 {
			if _, err := new(Searcher).Search(ix, &Query{Vec: vs.Row(i, nil), K: 5, Effort: Effort{Probes: 4, Z: 1}}); err != nil {
				t.Errorf("%v: %v", k, err)
			}
		}
	}
}

// balance spreads the variance evenly over the sub-spaces.
func TestBalance(t *testing.T) {
	variances := make([]float64, 64)
	order := make([]int, 64)
	for i := range variances {
		variances[i], order[i] = math.Exp(-float64(i)/8), i
	}
	for _, size := range []int{1, 2, 4} {
		all := balance(variances, order, size)
		least, most := math.Inf(1), math.Inf(-1)
		for at := 0; at < len(all); at += size {
			product := 0.0
			for _, i := range all[at : at+size] {
				product += math.Log(variances[i])
			}
			least, most = min(least, product), max(most, product)
		}
		sorted := slices.Clone(all)
		slices.Sort(sorted)
		if !slices.Equal(sorted, order) {
			t.Fatalf("size %d: %v", size, all)
		}
		if limit := map[int]float64{1: 7.9, 2: 0.2, 4: 0.2}[size]; most-least > limit {
			t.Errorf("size %d: the logarithms of products from %.2f to %.2f", size, least, most)
		}
	}
}
