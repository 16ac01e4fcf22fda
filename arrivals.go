package annoy

import (
	"cmp"
	"math"
	"slices"

	"github.com/annoy-go/annoy/internal/canopy"
)

// arrivals numbers items in the order in which they came: that number is an item's place in a store. It costs nothing
// while ids are 0, 1, 2, …, and 8 bytes an item for others. Whoever asks for the place of an id makes it keep a map from
// the first that is not larger than the one before.
type arrivals struct {
	n        int
	ids      []int64          // by place; nil while every id is its place
	at       map[int64]uint32 // the last place of each id; nil until somebody asks
	max      int64            // the largest id, where there is one
	unsorted bool             // ids do not ascend
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

// place is where the item of an id lies; the last one where there are several.
func (a *arrivals) place(id int64) (place int, ok bool) {
	switch {
	case a.ids == nil:
		return int(id), id >= 0 && id < int64(a.n)
	case !a.unsorted && id > a.max: // as nearly every new one is
		return 0, false
	case !a.unsorted:
		return slices.BinarySearch(a.ids, id)
	}
	if a.at == nil {
		a.at = make(map[int64]uint32, 2*a.n)
		for i, other := range a.ids {
			a.at[other] = uint32(i)
		}
	}
	at, ok := a.at[id]
	return int(at), ok
}

// id is that of the item at a place.
func (a *arrivals) id(place int) int64 {
	if a.ids == nil {
		return int64(place)
	}
	return a.ids[place]
}

// add gives an item the next place.
func (a *arrivals) add(id int64) {
	if a.ids == nil && id != int64(a.n) {
		a.ids = make([]int64, a.n, 2*a.n+16)
		for i := range a.ids {
			a.ids[i] = int64(i)
		}
	}
	if a.ids != nil {
		a.ids = append(a.ids, id)
	}
	if a.at != nil {
		a.at[id] = uint32(a.n)
	}
	if a.n > 0 && id <= a.max {
		a.unsorted = true
	} else {
		a.max = id
	}
	a.n++
}

// room refuses more items than any kind of index holds.
func (a *arrivals) room() error {
	if uint64(a.n) >= math.MaxUint32-1 {
		return fail(ErrTooLarge, "%d items already, more than any kind of index holds", a.n)
	}
	return nil
}

// live lists the places whose ids do not come again, nil where that is all of them.
func (a *arrivals) live() []uint32 {
	if !a.unsorted {
		return nil
	}
	return canopy.Live(a.n, a.id)
}

// byID lists the places in order of ids, all of them different; nil where that is the order of places.
func (a *arrivals) byID() []uint32 {
	if !a.unsorted {
		return nil
	}
	places := make([]uint32, a.n)
	for i := range places {
		places[i] = uint32(i)
	}
	slices.SortFunc(places, func(x, y uint32) int { return cmp.Compare(a.ids[x], a.ids[y]) })
	return places
}
