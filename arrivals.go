package annoy

import (
	"math"
	"slices"
)

// arrivals numbers items in the order in which their ids first came: that number is an item's place in a store. It costs
// nothing while ids are 0, 1, 2, …; 8 bytes an item for others; and a map only from the first that is less than the one before.
type arrivals struct {
	n   int
	ids []int64          // by place; nil while every id is its place
	at  map[int64]uint32 // places; nil while ids ascend
	max int64            // the largest id, where there is one
}

// length is the largest id + 1, 0 where none is 0 or more.
func (a *arrivals) length() int64 {
	switch {
	case a.n == 0:
		return 0
	case a.max == math.MaxInt64:
		return a.max
	}
	return max(0, a.max+1)
}

// place is where an item lies.
func (a *arrivals) place(id int64) (place int, ok bool) {
	switch {
	case a.ids == nil:
		return int(id), id >= 0 && id < int64(a.n)
	case a.at != nil:
		at, ok := a.at[id]
		return int(at), ok
	case a.n == 0 || id > a.ids[a.n-1]: // as nearly every new one is
		return 0, false
	}
	return slices.BinarySearch(a.ids, id)
}

// id is that of the item at a place.
func (a *arrivals) id(place int) int64 {
	if a.ids == nil {
		return int64(place)
	}
	return a.ids[place]
}

// add gives a new id the next place.
func (a *arrivals) add(id int64) (place int) {
	if a.ids == nil && id != int64(a.n) {
		a.ids = make([]int64, a.n, 2*a.n+16)
		for i := range a.ids {
			a.ids[i] = int64(i)
		}
	}
	if a.ids != nil {
		if a.at == nil && a.n > 0 && id < a.ids[a.n-1] {
			a.at = make(map[int64]uint32, 2*a.n)
			for i, other := range a.ids {
				a.at[other] = uint32(i)
			}
		}
		if a.at != nil {
			a.at[id] = uint32(a.n)
		}
		a.ids = append(a.ids, id)
	}
	if a.n == 0 || id > a.max {
		a.max = id
	}
	a.n++
	return a.n - 1
}

// room refuses more items than any kind of index holds.
func (a *arrivals) room() error {
	if uint64(a.n) >= math.MaxUint32 {
		return fail(ErrTooLarge, "%d items already, more than any kind of index holds", a.n)
	}
	return nil
}
