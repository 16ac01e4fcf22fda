package annoy

import (
	"iter"
	"math"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/annoy-go/annoy/internal/filter"
)

// Filter restricts a search to the ids that it contains. A filter that also has
//
//	Len() int                // how many ids
//	All() iter.Seq[int64]    // the ids, in any order
//
// as those of this package do, is scanned exactly where it is small.
type Filter interface {
	Contains(id int64) bool
}

type roaringFilter struct{ b *roaring.Bitmap }

// RoaringFilter is the filter of a roaring bitmap, which must not change during a search.
func RoaringFilter(b *roaring.Bitmap) Filter { return roaringFilter{b} }

func (f roaringFilter) Contains(id int64) bool {
	return uint64(id) == uint64(uint32(id)) && f.b.Contains(uint32(id))
}

func (f roaringFilter) Len() int { return int(f.b.GetCardinality()) }

// List makes it a filter.Lister.
func (f roaringFilter) List(to *filter.List) {
	s := scans32.Get().(*scan32)
	s.it.Initialize(f.b)
	list(to, &s.it, s.buf[:])
	s.it = roaring.ManyIntIterator{} // the pool must not keep the bitmap
	scans32.Put(s)
}

func (f roaringFilter) All() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		f.b.Iterate(func(x uint32) bool { return yield(int64(x)) })
	}
}

type roaring64Filter struct{ b *roaring64.Bitmap }

// Roaring64Filter is the filter of a 64-bit roaring bitmap, which must not change during a search.
func Roaring64Filter(b *roaring64.Bitmap) Filter { return roaring64Filter{b} }

func (f roaring64Filter) Contains(id int64) bool { return id >= 0 && f.b.Contains(uint64(id)) }

func (f roaring64Filter) Len() int { return int(f.b.GetCardinality()) }

// List makes it a filter.Lister.
func (f roaring64Filter) List(to *filter.List) {
	s := scans64.Get().(*scan64)
	s.it.Initialize(f.b)
	list(to, &s.it, s.buf[:])
	s.it = roaring64.ManyIntIterator64{}
	scans64.Put(s)
}

func (f roaring64Filter) All() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for it := f.b.Iterator(); it.HasNext(); {
			if !yield(int64(it.Next())) {
				return
			}
		}
	}
}

// scan32 and scan64 are iterators of bitmaps with room for a block of ids, kept for the next search.
type (
	scan32 struct {
		it  roaring.ManyIntIterator
		buf [scanBlock]uint32
	}
	scan64 struct {
		it  roaring64.ManyIntIterator64
		buf [scanBlock]uint64
	}
)

const scanBlock = 256

var (
	scans32 = sync.Pool{New: func() any { return new(scan32) }}
	scans64 = sync.Pool{New: func() any { return new(scan64) }}
)

// list takes the ids of a bitmap, which ascend, up to the first beyond the index's.
func list[T uint32 | uint64](to *filter.List, it interface{ NextMany(buf []T) int }, buf []T) {
	for n := it.NextMany(buf); n > 0; n = it.NextMany(buf) {
		for _, id := range buf[:n] {
			if uint64(id) > math.MaxInt64 || !to.Take(int64(id)) {
				return
			}
		}
	}
}

// IDFilter is the filter of a list of ids; duplicates and ids that no item has do no harm.
func IDFilter(ids []int64) Filter {
	b := roaring64.New()
	var negative []int64
	for _, id := range ids {
		if id >= 0 {
			b.Add(uint64(id))
		} else {
			negative = append(negative, id)
		}
	}
	if negative == nil {
		return roaring64Filter{b}
	}
	slices.Sort(negative)
	return signedFilter{slices.Compact(negative), roaring64Filter{b}}
}

// signedFilter is a roaring64Filter with negative ids as well.
type signedFilter struct {
	negative []int64 // ascending
	rest     roaring64Filter
}

func (f signedFilter) Contains(id int64) bool {
	if id >= 0 {
		return f.rest.Contains(id)
	}
	_, found := slices.BinarySearch(f.negative, id)
	return found
}

func (f signedFilter) Len() int { return len(f.negative) + f.rest.Len() }

// List makes it a filter.Lister.
func (f signedFilter) List(to *filter.List) {
	for _, id := range f.negative {
		to.Take(id)
	}
	f.rest.List(to)
}

func (f signedFilter) All() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for _, id := range f.negative {
			if !yield(id) {
				return
			}
		}
		f.rest.All()(yield)
	}
}
