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

func TestWorkersBounded(t *testing.T) {
	most := max(runtime.GOMAXPROCS(0), maxWorkers)
	for jobs, want := range map[int]int{math.MinInt32: runtime.GOMAXPROCS(0), 0: runtime.GOMAXPROCS(0), 1: 1, math.MaxInt32: most} {
		if got := workers(jobs); got != want {
			t.Errorf("workers(%d) = %d, want %d", jobs, got, want)
		}
	}
}
