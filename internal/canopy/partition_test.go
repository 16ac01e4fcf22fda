package canopy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/annoy-go/annoy/internal/kiss"
)

func samePartition(a, b *Partition) bool { return reflect.DeepEqual(a, b) }

func TestPartitionIsTheSameForAnyWorkers(t *testing.T) {
	vs := normal(3000, 24, 3)
	var first *Partition
	// Little memory: the samples of one top at a time, of two or three. Of the tops' own sample there is no less than that.
	for _, memories := range [][]int64{{1, 60_000}, {0}} {
		first = nil
		for _, memory := range memories {
			for _, workers := range []int{1, 2, 7} {
				part := mustPartition(t, vs, Euclidean, PartitionParams{Leaf: 20, Spill: true, Seed: 5, Workers: workers, Memory: memory})
				checkPartition(t, vs, part)
				if first == nil {
					first = part
				}
				if !samePartition(first, part) {
					t.Errorf("%d workers, %d bytes of samples: another partition", workers, memory)
				}
			}
		}
	}
	other := mustPartition(t, vs, Euclidean, PartitionParams{Leaf: 20, Spill: true, Seed: 6, Workers: 2})
	if samePartition(first, other) {
		t.Error("another seed, the same partition")
	}
}

// Own leaves are the nearest of all for nearly all vectors, and are the nearest among those of the nearest tops.
func TestPartitionOwnIsNearest(t *testing.T) {
	base, _ := wordSet()
	part := mustPartition(t, base, Angular, PartitionParams{Leaf: 128, Seed: 1, Workers: 2})
	rows := codedRows(base, newSpace(Angular, base.dim))
	missed := 0
	for i := 0; i < base.Len(); i += 7 {
		x := rows[i*part.Dim : (i+1)*part.Dim]
		own, least := squaredDistance(x, part.Leaf(int(part.Own[i]))), math.Inf(1)
		for l := range part.NLeaves() {
			least = min(least, squaredDistance(x, part.Leaf(l)))
		}
		if own > least*(1+1e-5) {
			missed++
		}
	}
	// Of 9 tops the leaves of 8 are looked at.
	if n := base.Len() / 7; missed*100 > n {
		t.Errorf("%d of %d vectors are not in their nearest leaf", missed, n)
	}
}

func squaredDistance(a, b []float32) float64 {
	var s float64
	for i, v := range a {
		d := float64(v) - float64(b[i])
		s += d * d
	}
	return s
}

// The second leaf is the one of least loss among all that the first was chosen from; every top is near here.
func TestSpillIsOfLeastLoss(t *testing.T) {
	vs := normal(2000, 20, 9)
	part := mustPartition(t, vs, Euclidean, PartitionParams{Leaf: 60, Spill: true, Seed: 2, Workers: 2})
	if part.NTops() > nearTops {
		t.Fatalf("%d tops", part.NTops())
	}
	for i := range vs.Len() {
		x := vs.Row(i, nil)
		own := part.Leaf(int(part.Own[i]))
		loss := func(c []float32) float64 {
			var rr, xr float64
			for j := range x {
				r := float64(x[j]) - float64(own[j])
				rr += r * r
				xr += r * (float64(x[j]) - float64(c[j]))
			}
			return squaredDistance(x, c) + spillWeight*xr*xr/rr
		}
		least := math.Inf(1)
		for l := range part.NLeaves() {
			if l != int(part.Own[i]) {
				least = min(least, loss(part.Leaf(l)))
			}
		}
		if part.Spill[i] == NoLeaf {
			t.Fatalf("vector %d has no second leaf", i)
		}
		if got := loss(part.Leaf(int(part.Spill[i]))); got > least*(1+1e-4) {
			t.Fatalf("vector %d: a second leaf of loss %v, the least is %v", i, got, least)
		}
	}
}

func TestPartitionOfDegenerateSets(t *testing.T) {
	repeat := func(n int, rows ...float32) []float32 {
		var out []float32
		for range n {
			out = append(out, rows...)
		}
		return out
	}
	huge := normal(300, 5, 1)
	for i := range huge.rows {
		huge.rows[i] *= 1e19 // squares overflow
	}
	sets := map[string]*matrix{
		"empty":     {dim: 3},
		"one":       {3, []float32{1, 2, 3}},
		"two":       {3, []float32{1, 2, 3, 4, 5, 6}},
		"zeros":     {2, repeat(1000, 0, 0)},
		"same":      {3, repeat(1000, 0.1, 0.2, 0.3)},
		"two kinds": {1, append(repeat(700, 1), repeat(300, 2)...)},
		"outlier":   {1, append(repeat(999, 1), 1e6)},
		"far":       {2, repeat(500, 1e8, 1e8+64, 1e8+16, 1e8)},
		"huge":      huge,
		"dim 1":     normal(1000, 1, 1),
		"dim 2":     normal(1000, 2, 2),
		"dim 3":     normal(1000, 3, 3),
		"dim 17":    normal(1000, 17, 4),
		"dim 4096":  normal(60, 4096, 5),
	}
	for name, vs := range sets {
		for m := Angular; m <= Cosine; m++ {
			t.Run(fmt.Sprintf("%s/%d", name, m), func(t *testing.T) {
				part := mustPartition(t, vs, m, PartitionParams{Leaf: 16, Spill: true, Seed: 1, Workers: 2})
				if vs.Len() == 0 {
					if part.NLeaves() != 0 || part.NTops() != 0 {
						t.Errorf("nothing has %d tops and %d leaves", part.NTops(), part.NLeaves())
					}
					return
				}
				if name != "huge" {
					checkPartition(t, vs, part)
				}
			})
		}
	}
	for name, leaves := range map[string]int{"zeros": 1, "same": 1, "two kinds": 2} {
		part := mustPartition(t, sets[name], Euclidean, PartitionParams{Leaf: 16, Spill: true, Seed: 1, Workers: 2})
		if part.NLeaves() != leaves {
			t.Errorf("%s: %d leaves, want %d", name, part.NLeaves(), leaves)
		}
	}
}

// Where most vectors are close together and some far away, no top has most of the leaves.
func TestPartitionOfUnevenSet(t *testing.T) {
	vs := normal(12_000, 16, 3)
	for i := range vs.Len() {
		scale := float32(1 / (0.001 + float64(i%1000)/1000))
		for j := range 16 {
			vs.rows[i*16+j] *= scale
		}
	}
	part := mustPartition(t, vs, Euclidean, PartitionParams{Leaf: 32, Seed: 1, Workers: 2})
	checkPartition(t, vs, part)
	for top := range part.NTops() {
		if n := int(part.First[top+1] - part.First[top]); n > part.NLeaves()/4 {
			t.Errorf("top %d of %d has %d of %d leaves", top, part.NTops(), n, part.NLeaves())
		}
	}
}

func TestPartitionStops(t *testing.T) {
	vs := normal(3000, 8, 1)
	cause := errors.New("cannot read")
	var calls atomic.Int64
	p := PartitionParams{Leaf: 16, Seed: 1, Workers: 3, Guard: func(do func() error) error {
		if calls.Add(1) == 7 {
			return cause
		}
		return do()
	}}
	if _, err := NewPartition(context.Background(), vs, newSpace(Euclidean, 8), p); err != cause {
		t.Errorf("the guard's error became %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.Guard = func(do func() error) error {
		cancel()
		return do()
	}
	if _, err := NewPartition(ctx, vs, newSpace(Euclidean, 8), p); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Whatever is reported ascends and ends at the total.
func TestPartitionProgress(t *testing.T) {
	vs := normal(3000, 8, 1)
	var last, total int64
	p := PartitionParams{Leaf: 16, Spill: true, Seed: 1, Workers: 3, Progress: func(done, all int64) {
		if done <= last {
			t.Errorf("%d after %d", done, last)
		}
		last, total = done, all
	}}
	mustPartition(t, vs, Euclidean, p)
	if last != total || total == 0 {
		t.Errorf("%d of %d", last, total)
	}
}

// Samples are spread over everything, and no number is in them twice.
func TestSpread(t *testing.T) {
	for _, n := range []int{1, 2, 10, 97, 1000} {
		for m := range n + 1 {
			list := spread(n, m, kiss.Stream(7, n, uint64(m)))
			for j, i := range list {
				if i < 0 || i >= n || j > 0 && i <= list[j-1] || i*m < (j-1)*n || i*m > (j+2)*n {
					t.Fatalf("%d of %d: number %d is %d, after %v", m, n, j, i, list[:j])
				}
			}
		}
	}
}
