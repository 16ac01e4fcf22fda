package main

import (
	"fmt"
	"slices"
)

// figure is what several rounds gave.
type figure struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// figureOf sums up the rounds' values, of which there is at least one.
func figureOf(values []float64) figure {
	v := slices.Sorted(slices.Values(values))
	half := len(v) / 2
	return figure{Median: (v[half] + v[len(v)-1-half]) / 2, Min: v[0], Max: v[len(v)-1]}
}

// ratios divides round by round, so that what slowed one round down is in both of its values.
func ratios(above, below []float64) figure {
	r := make([]float64, len(above))
	for i := range r {
		r[i] = above[i] / below[i]
	}
	return figureOf(r)
}

// span is the median with the range behind it.
func (f figure) span(format string) string {
	return fmt.Sprintf(format+" ("+format+"–"+format+")", f.Median, f.Min, f.Max)
}
