package annoy

import "math"

const (
	firstRange  = 100 // hits that SearchRange looks for at first
	rangeGrowth = 4   // times as many are looked for next, where all of them are within the radius
	rangeAll    = 8   // more than one in so many items within the radius: all items are compared
)

// SearchRange returns every item within a radius of q, however many there are, nearest first, by (distance, id). The radius is a
// distance of the index's metric, and an item at exactly that distance is within it. For Dot it is the smallest product wanted.
//
// The options say how much to search, as those of Search do. With Exact, or a Recall of 1, no item is missed. With another Recall
// that share of the items is found on average; the default is 0.95 for a canopy. A forest without Recall and SearchK is searched
// exactly. MaxDistance and MinProduct must be 0: the radius takes their place.
//
// It searches for more and more neighbours until one is outside of the radius. Where there are very many within it, all items are
// compared. Errors: those of Search, and ErrOption for a radius that is NaN, or negative for a metric other than Dot.
func (ix *Index) SearchRange(q []float32, radius float32, o *SearchOptions) ([]Neighbor, error) {
	return ix.searchRange(radius, o, func(k int, o *SearchOptions) ([]Neighbor, error) { return ix.Search(q, k, o) })
}

// SearchRangeByID is SearchRange for the vector of an item, which is among its own hits. Errors also: ErrNotFound.
func (ix *Index) SearchRangeByID(id int64, radius float32, o *SearchOptions) ([]Neighbor, error) {
	return ix.searchRange(radius, o, func(k int, o *SearchOptions) ([]Neighbor, error) { return ix.SearchByID(id, k, o) })
}

func (ix *Index) searchRange(radius float32, o *SearchOptions, search func(k int, o *SearchOptions) ([]Neighbor, error)) ([]Neighbor, error) {
	var options SearchOptions
	if o != nil {
		options = *o
	}
	if err := checkRadius(radius, ix.metric, &options); err != nil {
		return nil, err
	}
	n := ix.Len()
	if ix.Kind() == Forest && options.Recall == 0 && options.SearchK <= 0 {
		options.Exact = true
	}
	for k := firstRange; !options.Exact && options.Recall != 1 && k < n/rangeAll; k *= rangeGrowth {
		hits, err := search(k, &options)
		if err != nil {
			return nil, err
		}
		within := countWithin(hits, radius, ix.metric)
		if within < len(hits) || len(hits) < k { // fewer than k: there are no more to be found
			return hits[:within], nil
		}
	}
	hits, err := search(n, limitedTo(options, radius, ix.metric))
	return hits[:countWithin(hits, radius, ix.metric)], err
}

// checkRadius refuses a radius that no distance can have, and options that would limit the distance twice.
func checkRadius(radius float32, m Metric, o *SearchOptions) error {
	switch {
	case math.IsNaN(float64(radius)):
		return optionError("the radius is NaN")
	case radius < 0 && m != Dot:
		return optionError("the radius is %v, want 0 or more", radius)
	case o.MaxDistance != 0 || o.MinProduct != 0:
		return optionError("MaxDistance and MinProduct do not apply to a range: the radius is the limit")
	}
	return nil
}

// limitedTo is the options with the radius as their limit, as far as they can say it: 0 means no limit there.
func limitedTo(o SearchOptions, radius float32, m Metric) *SearchOptions {
	if m == Dot {
		o.MinProduct = radius
	} else {
		o.MaxDistance = radius
	}
	return &o
}

// countWithin is how many of the hits, nearest first, are within the radius.
func countWithin(hits []Neighbor, radius float32, m Metric) int {
	for i, h := range hits {
		if m == Dot && h.Distance < radius || m != Dot && h.Distance > radius {
			return i
		}
	}
	return len(hits)
}
