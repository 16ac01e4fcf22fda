package calibrate

import "math"

// sum adds up outcomes. All in integers: their order does not matter.
type sum struct {
	n, found, squares int64 // squares of found
	want              int64 // of each
	bytes             int64
}

func (s *sum) add(o Outcome) {
	s.merge(sum{1, int64(o.Found), int64(o.Found) * int64(o.Found), int64(o.Want), o.Bytes})
}

func (s *sum) merge(o sum) {
	s.n += o.n
	s.found += o.found
	s.squares += o.squares
	s.want = max(s.want, o.want)
	s.bytes += o.bytes
}

// recall is the mean recall, and its standard error were it one of n queries like these. Without anything to be found
// all is found.
func (s *sum) recall(n int) (mean, deviation float64) {
	if s.n == 0 || s.want == 0 {
		return 1, 0
	}
	mean = float64(s.found) / float64(s.n)
	variance := max(0, float64(s.squares)/float64(s.n)-mean*mean)
	return mean / float64(s.want), math.Sqrt(variance/float64(n)) / float64(s.want)
}

func (s *sum) meanBytes() float64 { return float64(s.bytes) / float64(max(1, s.n)) }

// curve is what growing probes find at one z.
type curve struct {
	z       float32
	probes  []int
	at      []sum
	queries int // whose standard error is taken off the recall
}

// safe is the recall at the j-th number of probes, less its standard error.
func (c *curve) safe(j int) float64 {
	mean, deviation := c.at[j].recall(c.queries)
	return mean - deviation
}

// reach is the number of probes, a fraction as it may be, at which the safe recall is the target.
func (c *curve) reach(target float64) (probes float64, ok bool) {
	for j := range c.probes {
		high := c.safe(j)
		if high < target {
			continue
		}
		if j == 0 {
			return float64(c.probes[0]), true
		}
		low := c.safe(j - 1)
		return float64(c.probes[j-1]) + (target-low)/(high-low)*float64(c.probes[j]-c.probes[j-1]), true
	}
	return 0, false
}

// between interpolates what at says of the numbers of probes.
func (c *curve) between(probes float64, at func(j int) float64) float64 {
	last := len(c.probes) - 1
	for j := range last {
		if p, q := float64(c.probes[j]), float64(c.probes[j+1]); probes < q {
			return at(j) + max(0, probes-p)/(q-p)*(at(j+1)-at(j))
		}
	}
	return at(last)
}

// bytes is the bytes that a query touches.
func (c *curve) bytes(probes float64) float64 {
	return c.between(probes, func(j int) float64 { return c.at[j].meanBytes() })
}

// slope is about how the share of answers missed falls with the probes: as 1/probes to this power.
func slope(missed float64) float64 {
	if missed < 0.02 {
		return 1.8
	}
	return 1.2
}

// secant looks for the probes that miss no more than a target allows, by the power law through the last two tries.
type secant struct {
	target, probes, missed float64
}

// next is more probes than the last ones, which missed the target; a little more than the law says, since every try
// costs a search of all queries.
func (s *secant) next(probes, safe float64) float64 {
	missed, power := 1-safe, slope(1-safe)
	if s.probes > 0 && missed < s.missed {
		power = min(max(math.Log(s.missed/missed)/math.Log(probes/s.probes), 0.5), 3)
	}
	s.probes, s.missed = probes, missed
	factor := min(math.Pow(missed/(1-s.target), 1/power), 3)
	return max(1.02*factor*probes, probes+1)
}

// worth is how many of the numbers of probes are worth tracing: more find nearly nothing.
func (c *curve) worth() int {
	last := len(c.probes) - 1
	most := float64(c.at[last].found)
	for j := range c.at {
		if float64(c.at[j].found) >= most*(1-0.0003) {
			return min(j+3, last+1)
		}
	}
	return last + 1
}

// cheapest is the curve that reaches the target with the fewest bytes, and its probes; nil where none does.
func cheapest(curves []*curve, target float64) (best *curve, probes float64) {
	for _, c := range curves {
		if p, ok := c.reach(target); ok && (best == nil || c.bytes(p) < best.bytes(probes)) {
			best, probes = c, p
		}
	}
	return best, probes
}
