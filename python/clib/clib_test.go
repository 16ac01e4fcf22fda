//go:build clib

package main

import (
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/annoy-go/annoy"
)

// TestWarningsOfABuild adds warnings as a build does, without the object's lock, while other calls are refused.
func TestWarningsOfABuild(t *testing.T) {
	o, err := newObject(4, "angular", false)
	if err != nil {
		t.Fatal(err)
	}
	const each, adders = 200, 4
	var wg sync.WaitGroup
	for range adders {
		wg.Go(func() {
			for range each {
				o.warnings.add("w")
			}
		})
		wg.Go(func() {
			for range each {
				warned(nil, o, func() error { return errBusy })
			}
		})
	}
	wg.Wait()
	if got := strings.Count(o.warnings.take(), "annoy: w"); got != adders*each {
		t.Errorf("%d warnings are left after calls that failed, want %d", got, adders*each)
	}
	if got := o.warnings.take(); got != "" {
		t.Errorf("taken again: %q", got)
	}
}

func TestGivenRange(t *testing.T) {
	var memory [4]int64
	p := unsafe.Pointer(&memory)
	for _, n := range []int64{-1, math.MinInt64, math.MaxInt64, math.MaxInt64/8 + 1} {
		if _, err := given[int64](p, n); err == nil {
			t.Errorf("%d elements were taken", n)
		}
	}
	if _, err := given[int64](nil, 1); err == nil {
		t.Error("an element without memory was taken")
	}
	for _, n := range []int64{0, 4} {
		if got, err := given[int64](p, n); err != nil || int64(len(got)) != n {
			t.Errorf("%d elements: got %d, %v", n, len(got), err)
		}
	}
}

// TestRoaringFilterCopies overwrites the bytes of bitmaps that were read: Python's memory is gone after the call.
func TestRoaringFilterCopies(t *testing.T) {
	narrow, wide := roaring.New(), roaring64.New()
	for i := range uint32(5000) { // an array, a bitmap and a run
		narrow.Add(i * 2)
		wide.Add(uint64(i * 2))
		narrow.Add(1<<17 + i)
		wide.Add(1<<40 + uint64(i))
	}
	narrow.Add(1 << 20)
	for bits, b := range map[int]interface{ ToBytes() ([]byte, error) }{32: narrow, 64: wide} {
		data, err := b.ToBytes()
		if err != nil {
			t.Fatal(err)
		}
		f, err := roaringFilter(data, bits)
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			data[i] = 0xff
		}
		for id := range int64(10000) {
			if f.Contains(id) != (id%2 == 0) {
				t.Fatalf("%d bits, id %d: %v", bits, id, f.Contains(id))
			}
		}
	}
}

// TestGuard calls with handles of nothing and of something else, and with sizes that no memory has: each is an error, or tells nothing.
func TestGuard(t *testing.T) {
	other := filterHandle(annoy.IDFilter([]int64{1}))
	defer annoy_filter_delete(other)
	if n := annoy_len(0) + annoy_len(other); n != 0 {
		t.Errorf("the lengths of nothing are %d", n)
	}
	if n := annoy_trees(0) + annoy_built(0) + annoy_trees(other) + annoy_built(other); n != 0 {
		t.Errorf("nothing is said to be built: %d", n)
	}
	for name, status := range map[string]int{
		"add": code(annoy_add(0, 0, nil, nil)), "add of another": code(annoy_add(other, 0, nil, nil)), "add_many": code(annoy_add_many(0, nil, nil, nil)),
		"add_key": code(annoy_add_key(0, nil, 0, nil, nil)), "vector": code(annoy_vector(0, 0, nil, nil)), "distance": code(annoy_distance(0, 0, 0, nil, nil)),
		"shape": code(annoy_shape(0, nil, nil, nil)), "shape of another": code(annoy_shape(other, nil, nil, nil)),
		"save": code(annoy_save(0, nil, 0, nil)), "load": code(annoy_load(0, nil, 0, nil, nil)), "unload": code(annoy_unload(0, nil)),
		"unbuild": code(annoy_unbuild(0, nil)), "on_disk_build": code(annoy_on_disk_build(0, nil, nil)), "build": code(annoy_build(0, nil, nil, nil, nil)),
		"inherit": code(annoy_inherit(0, nil, nil, nil, nil)), "write": code(annoy_write(0, nil, 1, nil)), "lookup": code(annoy_lookup(0, nil, -1, nil, nil)),
		"wait": code(annoy_wait(0, 0, nil, nil, nil)), "wait of another": code(annoy_wait(other, 0, nil, nil, nil)),
		"filter_ids": code(annoy_filter_ids(nil, -1, nil, nil)), "filter_ids, too many": code(annoy_filter_ids(nil, math.MaxInt64, nil, nil)),
		"filter_mask": code(annoy_filter_mask(nil, -1, nil, nil)), "filter_mask, too many": code(annoy_filter_mask(nil, 1, nil, nil)),
	} {
		if status == 0 {
			t.Errorf("%s went well", name)
		}
	}
	// These have nothing to say it with.
	annoy_set_seed(0, 1)
	annoy_set_verbose(0, 1)
	annoy_cancel(0)
	annoy_cancel(other)
	annoy_delete(0)
	annoy_delete(other)
	annoy_filter_delete(0)
	annoy_where(0, nil)
}

// code is what a call returned, whose type has no name here.
func code[T ~int32](status T) int { return int(status) }

func TestMatrixRange(t *testing.T) {
	var memory [4]float32
	p := unsafe.Pointer(&memory)
	for _, bad := range [][2]int64{{-1, 4}, {math.MinInt64, 4}, {math.MaxInt64, 4}, {2, math.MaxInt64}, {2, math.MinInt64}, {1 << 40, -(1 << 40)}} {
		if _, err := newMatrix(p, bad[0], bad[1], 1); err == nil {
			t.Errorf("%d rows %d bytes apart were taken", bad[0], bad[1])
		}
	}
	if _, err := newMatrix(nil, 1, 4, 1); err == nil {
		t.Error("a row without memory was taken")
	}
	memory[0], memory[3] = 1, 2
	for stride, want := range map[int64]float32{12: 2, -12: 1} {
		first := unsafe.Pointer(&memory[0])
		if stride < 0 {
			first = unsafe.Pointer(&memory[3])
		}
		m, err := newMatrix(first, 2, stride, 1)
		if err != nil || m.row(1)[0] != want {
			t.Errorf("the second row %d bytes on: %v, %v; want %v", stride, m, err, want)
		}
	}
	if m, err := newMatrix(nil, 0, math.MaxInt64, 1); err != nil || m.count != 0 {
		t.Errorf("no rows: %v, %v", m, err)
	}
}

func TestEachRange(t *testing.T) {
	for _, bad := range []int64{-1, math.MinInt64, math.MaxInt64, math.MaxInt64/3 + 1} {
		if n, err := each(3, bad); err == nil {
			t.Errorf("3 rows of %d are %d", bad, n)
		}
	}
	for n, want := range map[int64]int64{0: 0, 5: 15, math.MaxInt64 / 3: math.MaxInt64 / 3 * 3} {
		if got, err := each(3, n); err != nil || got != want {
			t.Errorf("3 rows of %d are %d, %v", n, got, err)
		}
	}
}

func TestWorkersBounded(t *testing.T) {
	most := max(runtime.GOMAXPROCS(0), maxWorkers)
	for jobs, want := range map[int]int{math.MinInt32: runtime.GOMAXPROCS(0), 0: runtime.GOMAXPROCS(0), 1: 1, math.MaxInt32: most} {
		if got := workers(jobs); got != want {
			t.Errorf("workers(%d) = %d, want %d", jobs, got, want)
		}
	}
}
