package peers

import (
	"slices"
)

// Figure is what several rounds gave.
type Figure struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// FigureOf sums up the rounds' values; of none it is zero.
func FigureOf(values []float64) Figure {
	if len(values) == 0 {
		return Figure{}
	}
	v := slices.Sorted(slices.Values(values))
	half := len(v) / 2
	return Figure{Median: (v[half] + v[len(v)-1-half]) / 2, Min: v[0], Max: v[len(v)-1]}
}
