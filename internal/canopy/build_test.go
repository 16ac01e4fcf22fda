package canopy

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/kiss"
	"github.com/annoy-go/annoy/internal/words"
)

// matrix is vectors in memory, numbered from 0.
type matrix struct {
	dim  int
	rows []float32
}

func (m *matrix) Len() int                         { return len(m.rows) / m.dim }
func (m *matrix) Dim() int                         { return m.dim }
func (m *matrix) Row(i int, _ []float32) []float32 { return m.rows[i*m.dim : (i+1)*m.dim] }
func (m *matrix) ID(i int) int64                   { return int64(i) }

// bits is the zeros and ones that Hamming sees.
func (m *matrix) bits() *matrix {
	b := &matrix{dim: m.dim, rows: make([]float32, len(m.rows))}
	for i, x := range m.rows {
		if x > 0.5 {
			b.rows[i] = 1
		}
	}
	return b
}

// wordSet is the embedded words with even numbers, 5000 vectors, and of the others 200 queries.
func wordSet() (base, queries *matrix) { return halfOfWords() }

var halfOfWords = sync.OnceValues(func() (base, queries *matrix) {
	set, err := words.Load()
	if err != nil {
		panic(err)
	}
	base, queries = &matrix{dim: words.Dim}, &matrix{dim: words.Dim}
	for i := range words.Len {
		switch {
		case i%2 == 0:
			base.rows = append(base.rows, set.Vector(i)...)
		case i%50 == 7:
			queries.rows = append(queries.rows, set.Vector(i)...)
		}
	}
	return base, queries
})

// normal is n vectors of dim independent, normally distributed components.
func normal(n, dim int, seed uint64) *matrix {
	rng := kiss.New(seed)
	uniform := func() float64 { return (float64(rng.Uint64()>>11) + 0.5) / (1 << 53) }
	m := &matrix{dim: dim, rows: make([]float32, n*dim)}
	for i := range m.rows {
		m.rows[i] = float32(math.Sqrt(-2*math.Log(uniform())) * math.Cos(2*math.Pi*uniform()))
	}
	return m
}

func mustPartition(t testing.TB, vs Vectors, m Metric, p PartitionParams) *Partition {
	t.Helper()
	part, err := NewPartition(context.Background(), vs, newSpace(m, vs.Dim()), p)
	if err != nil {
		t.Fatal(err)
	}
	return part
}

// codedRows is all vectors in the coded space.
func codedRows(vs Vectors, sp space) []float32 {
	rows := make([]float32, vs.Len()*sp.coded())
	for i := range vs.Len() {
		out := rows[i*sp.coded() : (i+1)*sp.coded()]
		copy(out, sp.item(vs.Row(i, make([]float32, vs.Dim())), out))
	}
	return rows
}

// coverage is the mean share of the k exact nearest vectors of each query that have one of their leaves among the p
// nearest, for each of the ps.
func coverage(t testing.TB, vs, queries *matrix, m Metric, part *Partition, k int, ps ...int) []float64 {
	t.Helper()
	sp := newSpace(m, vs.dim)
	rows := codedRows(vs, sp)
	hits := make([]int, len(ps))
	dist := make([]float32, vs.Len())
	ranks := make([]int, part.NLeaves())
	for i := range queries.Len() {
		q := sp.query(queries.Row(i, nil), make([]float32, sp.coded()))
		for j := range dist {
			dist[j] = kernel.L2(q, rows[j*part.Dim:(j+1)*part.Dim])
		}
		for rank, l := range ascending(part.NLeaves(), func(l int) float32 { return kernel.L2(q, part.Leaf(l)) }) {
			ranks[l] = rank
		}
		for _, j := range ascending(len(dist), func(j int) float32 { return dist[j] })[:k] {
			rank := ranks[part.Own[j]]
			if part.Spill != nil && part.Spill[j] != NoLeaf {
				rank = min(rank, ranks[part.Spill[j]])
			}
			for n, p := range ps {
				if rank < p {
					hits[n]++
				}
			}
		}
	}
	shares := make([]float64, len(ps))
	for n := range ps {
		shares[n] = float64(hits[n]) / float64(k*queries.Len())
	}
	return shares
}

// ascending is 0 … n−1 by value.
func ascending(n int, value func(int) float32) []int {
	type pair struct {
		v float32
		i int
	}
	pairs := make([]pair, n)
	for i := range pairs {
		pairs[i] = pair{value(i), i}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if a.v != b.v {
			if a.v < b.v {
				return -1
			}
			return 1
		}
		return a.i - b.i
	})
	order := make([]int, n)
	for i, p := range pairs {
		order[i] = p.i
	}
	return order
}

// checkPartition fails where the partition is not one.
func checkPartition(t testing.TB, vs Vectors, part *Partition) {
	t.Helper()
	leaves := part.NLeaves()
	if len(part.Own) != vs.Len() || len(part.Leaves) != leaves*part.Dim || len(part.Tops) != part.NTops()*part.Dim || len(part.Mean) != part.Dim {
		t.Fatalf("%d vectors have %d own leaves; %d leaves of %d components have %d, %d tops %d, the mean %d",
			vs.Len(), len(part.Own), leaves, part.Dim, len(part.Leaves), part.NTops(), len(part.Tops), len(part.Mean))
	}
	for top := range part.NTops() {
		if part.First[top] >= part.First[top+1] {
			t.Errorf("top %d has leaves %d to %d", top, part.First[top], part.First[top+1])
		}
	}
	used := make([]bool, leaves)
	for i, l := range part.Own {
		used[l] = true
		if part.Spill != nil && part.Spill[i] != NoLeaf {
			if part.Spill[i] == l {
				t.Fatalf("both leaves of vector %d are %d", i, l)
			}
			used[part.Spill[i]] = true
		}
	}
	if l := slices.Index(used, false); l >= 0 {
		t.Errorf("leaf %d of %d is empty", l, leaves)
	}
	for _, v := range slices.Concat(part.Tops, part.Leaves, part.Mean) {
		if math.IsNaN(float64(v)) {
			t.Fatal("a centroid is not a number")
		}
	}
}

// Partitions keep neighbours together: the floors are a little below what was measured.
func TestPartitionCoverage(t *testing.T) {
	base, queries := wordSet()
	for _, c := range []struct {
		leaf  int
		spill bool
		want  []float64 // of the nearest 1, 3 and 8 leaves
	}{
		{256, false, []float64{0.43, 0.69, 0.91}},
		{128, false, []float64{0.40, 0.66, 0.87}},
		{128, true, []float64{0.57, 0.82, 0.95}},
	} {
		part := mustPartition(t, base, Angular, PartitionParams{Leaf: c.leaf, Spill: c.spill, Seed: 1, Workers: 2})
		checkPartition(t, base, part)
		got := coverage(t, base, queries, Angular, part, 10, 1, 3, 8)
		for i, want := range c.want {
			if got[i] < want {
				t.Errorf("leaf %d, spill %v: %d tops, %d leaves: the nearest leaves cover %.3f, want %.3f",
					c.leaf, c.spill, part.NTops(), part.NLeaves(), got, c.want)
				break
			}
		}
	}
}
