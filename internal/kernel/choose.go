package kernel

import "math"

// chooseRounds is the number of rounds in which Threshold looks for its value between others by their values; then it
// halves the representable numbers between them, which ends in at most 32 rounds whatever the values are.
const chooseRounds = 12

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
	// Fewer than want are less than low, nlow of them, and at least want less than high, nhigh of them.
	low, high, nhigh := span(v)
	if nhigh <= want+max(excess, 0) {
		return infinity
	}
	nlow := 0
	high = math.Nextafter32(high, infinity)
	aim := float64(want) + float64(max(excess, 0))/2
	for round := 0; ; round++ {
		t := between(low, high)
		if round < chooseRounds {
			// In turn where a straight line between the two counts would have the wanted one, few rounds for most
			// distributions, and the middle, for those with far outliers.
			f := 0.5
			if round%2 == 0 {
				f = (aim - float64(nlow)) / float64(nhigh-nlow)
			}
			l := float64(low)
			if u := float32(l + float64((float64(high)-l)*f)); low < u && u < high {
				t = u
			}
		}
		if t == low {
			return high // no number is left between them: equal values
		}
		switch n := countBelow(v, t); {
		case n < want:
			low, nlow = t, n
		case n <= want+excess || n == want:
			return t
		default:
			high, nhigh = t, n
		}
	}
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

// span returns the least and the greatest of the values that are less than +Inf and not NaN, and their number.
func span(v []float32) (least, greatest float32, n int) {
	if !hasChoose || current == Go {
		return spanGo(v)
	}
	return spanOf(&v[0], len(v))
}

func spanGo(v []float32) (least, greatest float32, n int) {
	least, greatest = infinity, -infinity
	for _, x := range v {
		if x < infinity {
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
