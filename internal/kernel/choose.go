package kernel

import "math"

// After chooseRounds rounds Threshold only halves the representable numbers that are left, which ends in at most 32
// rounds whatever the values are.
const chooseRounds = 16

// Threshold returns a t such that at least want values are less than t and, where equal values allow it, at most
// want+excess; +Inf if there are no more than want. +Inf and NaN are less than no t: where fewer than want other values
// are there, all of those are less than t. All paths give the same t.
func Threshold(v []float32, want, excess int) float32 {
	if want <= 0 {
		return -infinity
	}
	if len(v) <= want {
		return infinity
	}
	most := want + max(excess, 0)
	// Fewer than want are less than low, nlow of them, and more than most less than high, nhigh of them.
	low, high, nhigh := span(v, infinity)
	if nhigh <= most {
		return infinity
	}
	nlow := 0
	high = math.Nextafter32(high, infinity)
	for round := 0; ; round++ {
		if round%8 == 7 {
			// So many rounds may be due to equal values, which more of them would find out bit by bit.
			_, last, _ := span(v, high)
			n := countBelow(v, last)
			if n < want {
				return high
			}
			high, nhigh = last, n
			if n <= most {
				return high
			}
		}
		t := between(low, high)
		if t == low {
			return high // equal values
		}
		if round < chooseRounds && round%4 != 3 {
			t = guess(low, high, nlow, nhigh, float64(want+most)/2, round%2 == 0)
		}
		switch n := countBelow(v, t); {
		case n < want:
			low, nlow = t, n
		case n <= most:
			return t
		default:
			high, nhigh = t, n
		}
	}
}

// guess returns a number between low and high, below which nlow and nhigh values are, where a straight line has the
// wanted count: one of the counts, or of their square roots, as values at the low end of a distribution have them. In
// turn, and every fourth round the middle of the representable numbers, which far outliers need, they took the fewest
// rounds of what was tried, with values as of a uniform, normal and chi-squared distribution: 3 to 8 on average.
func guess(low, high float32, nlow, nhigh int, want float64, root bool) float32 {
	a, b := float64(nlow), float64(nhigh)
	if root {
		a, b, want = math.Sqrt(a), math.Sqrt(b), math.Sqrt(want)
	}
	l := float64(low)
	if t := float32(l + float64((float64(high)-l)*((want-a)/(b-a)))); low < t && t < high {
		return t
	}
	return between(low, high)
}

// between returns the middle of the representable numbers from a to b, a where there is none between them.
func between(a, b float32) float32 {
	i, j := ordered(a), ordered(b)
	k := i + (j-i)/2
	if k < 0 {
		return math.Float32frombits(uint32(-k) | 1<<31)
	}
	return math.Float32frombits(uint32(k))
}

// ordered numbers the floats in their order; both zeros are 0.
func ordered(x float32) int64 {
	b := math.Float32bits(x)
	if b>>31 != 0 {
		return -int64(b &^ (1 << 31))
	}
	return int64(b)
}

// span returns the least and the greatest of the values that are less than t, and their number; there is at least one
// value.
func span(v []float32, t float32) (least, greatest float32, n int) {
	if !hasChoose || current == Go {
		return spanGo(v, t)
	}
	return spanOf(&v[0], len(v), t)
}

func spanGo(v []float32, t float32) (least, greatest float32, n int) {
	least, greatest = infinity, -infinity
	for _, x := range v {
		if x < t {
			least, greatest = min(least, x), max(greatest, x)
			n++
		}
	}
	return least, greatest, n
}

// countBelow returns how many values are less than t; there is at least one value.
func countBelow(v []float32, t float32) int {
	if !hasChoose || current == Go {
		return countBelowGo(v, t)
	}
	return countOf(&v[0], len(v), t)
}

func countBelowGo(v []float32, t float32) int {
	n := 0
	for _, x := range v {
		if x < t {
			n++
		}
	}
	return n
}

// Below writes the pairs v[i], id[i] with v[i] < t to outV and outI, in their order, and returns how many; with a nil
// id the numbers are the i themselves. OutV and outI need room for 16 more than there are, which is scratch. They may
// begin where v and id begin, which then are overwritten, but not overlap them otherwise. It panics where id is
// shorter than v or there is not enough room.
func Below(v []float32, id []uint32, t float32, outV []float32, outI []uint32) int {
	if len(v) == 0 {
		return 0
	}
	if id != nil {
		id = id[:len(v)]
	}
	if !hasChoose || current == Go {
		return belowGo(v, id, t, outV, outI)
	}
	var ids *uint32
	if id != nil {
		ids = &id[0]
	}
	var firstV *float32
	var firstI *uint32
	room := min(len(outV), len(outI))
	if room > 0 {
		firstV, firstI = &outV[0], &outI[0]
	}
	n := belowOf(&v[0], ids, len(v), t, firstV, firstI, room)
	if n < 0 {
		panic("annoy: kernel: not enough room for the chosen values")
	}
	return n
}

func belowGo(v []float32, id []uint32, t float32, outV []float32, outI []uint32) int {
	n := 0
	for i, x := range v {
		if x < t {
			number := uint32(i)
			if id != nil {
				number = id[i]
			}
			outV[n], outI[n] = x, number
			n++
		}
	}
	return n
}
