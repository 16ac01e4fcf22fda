package eval

import "math"

// Promise says whether an index found the recall that it was asked for.
type Promise string

const (
	Kept    Promise = "kept"    // found at least what was asked for
	Unclear Promise = "unclear" // found less, but what was asked for is within the interval: ask more queries
	Short   Promise = "short"   // found less, by more than the interval
)

// Promise compares the recall of a point with the recall that the index was asked for. It is "" for a point of another kind.
func (p Point) Promise() Promise {
	switch {
	case p.RecallAsked == 0:
		return ""
	case p.Recall >= p.RecallAsked:
		return Kept
	case p.Recall+p.Interval >= p.RecallAsked:
		return Unclear
	}
	return Short
}

// inInterval is how many standard errors to either side hold 95 % of a normal distribution.
const inInterval = 1.96

// stdErr is the standard error of the mean of n values with this sum and sum of squares.
func stdErr(sum, squares float64, n int) float64 {
	if n < 2 {
		return 0
	}
	mean := sum / float64(n)
	variance := max(0, squares/float64(n)-mean*mean) * float64(n) / float64(n-1)
	return math.Sqrt(variance / float64(n))
}
