package annoy

import (
	"iter"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/RoaringBitmap/roaring/v2/roaring64"
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

func (f roaring64Filter) All() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for it := f.b.Iterator(); it.HasNext(); {
			if !yield(int64(it.Next())) {
				return
			}
		}
	}
}

// IDFilter is the filter of a list of ids; duplicates and ids that no item has do no harm.
func IDFilter(ids []int64) Filter {
	b := roaring64.New()
	for _, id := range ids {
		if id >= 0 {
			b.Add(uint64(id))
		}
	}
	return roaring64Filter{b}
}
