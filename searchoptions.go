package annoy

import (
	"math"
	"slices"
)

// SearchOptions configure a search.
type SearchOptions struct {
	// Recall is the share of true neighbours to find, above 0 and at most 1, which is exact search: the index chooses the
	// effort by its calibration. It is an average over many queries, rather exceeded than missed, of queries like those
	// that the index was calibrated by. Default (0): SearchK where it is given, else 0.95 for a canopy. A forest is not
	// calibrated, nor is a canopy built with Calibrate −1: for them Recall is ErrNotCalibrated.
	Recall float64
	// SearchK is the effort itself: how many candidates a search may look at. More is slower and finds more. For a forest
	// they are candidates over all trees, counted as Annoy counts them: an item met in several trees counts each time;
	// Len · Trees or more is exact. For a canopy they are codes scanned; Len or more is exact. Default (0 or −1): k · Trees for
	// a forest; for a canopy as Recall says. With a Filter only candidates in it count for a forest, and a canopy scans more.
	SearchK int
	// Exact compares all items, whatever it takes.
	Exact bool
	// Filter restricts the answers to the ids that it contains: k hits whenever
	// k items match. It is called from one goroutine at a time, except by SearchBatch. Its panic reaches the caller of
	// the search. Default: all items.
	Filter Filter
	// Exclude is ids that are not to be among the answers, which does not make them fewer. It is for a few: every
	// candidate answer is compared with each. For many, use a Filter. Ids that no item has do no harm.
	Exclude []int64
	// MaxDistance leaves out hits farther than this, in the index's own distance. In a canopy it saves effort: what is
	// estimated to be farther is not measured, so that some within the limit may be missed, about as many as Recall says; with Exact
	// none are. Default (0): none. Not for Dot.
	MaxDistance float32
	// MinProduct is MaxDistance for Dot: it leaves out hits whose product is smaller. Default (0): none.
	MinProduct float32
	// Workers is how many goroutines SearchBatch uses. Default (0): one a processor. More than 64, or than four a
	// processor, count as so many.
	Workers int
}

// Validate reports what is wrong with the options as ErrOption.
func (o *SearchOptions) Validate() error {
	switch {
	case !(o.Recall >= 0 && o.Recall <= 1):
		return optionError("Recall %v, want 0 (the default) to 1", o.Recall)
	case o.SearchK < -1:
		return optionError("SearchK %d, want -1 (the default), 0 or more", o.SearchK)
	case o.Recall > 0 && o.SearchK > 0:
		return optionError("Recall %v and SearchK %d exclude each other: both are the effort", o.Recall, o.SearchK)
	case o.MaxDistance < 0 || o.MaxDistance != o.MaxDistance:
		return optionError("MaxDistance %v, want 0 (none) or more", o.MaxDistance)
	case math.IsNaN(float64(o.MinProduct)):
		return optionError("MinProduct is NaN")
	case o.Workers < 0:
		return optionError("Workers %d, want 0 (all processors) or more", o.Workers)
	}
	return nil
}

// beyond tells whether a hit at distance d is one that the options leave out; nil options leave out none.
func (o *SearchOptions) beyond(d float32) bool {
	return o != nil && (o.MaxDistance != 0 && d > o.MaxDistance || o.MinProduct != 0 && d < o.MinProduct)
}

// allows tells whether an item may be among the answers; nil options allow all.
func (o *SearchOptions) allows(id int64) bool {
	return o == nil || !slices.Contains(o.Exclude, id) && (o.Filter == nil || o.Filter.Contains(id))
}

func (o *SearchOptions) validateFor(k Kind, m Metric) error {
	if err := o.Validate(); err != nil {
		return err
	}
	if k == Forest && o.Recall != 0 {
		return fail(ErrNotCalibrated, "Recall %v of a forest: use SearchK, or a canopy", o.Recall)
	}
	if m == Dot && o.MaxDistance != 0 {
		return optionError("MaxDistance does not apply to dot, where larger is nearer: use MinProduct")
	}
	if m != Dot && o.MinProduct != 0 {
		return optionError("MinProduct applies to dot only: use MaxDistance")
	}
	return nil
}
