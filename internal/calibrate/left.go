package calibrate

import (
	"math"
	"slices"
)

// How many answers may be left unseen, for each found, before a search goes on: as many as usualShare of the sample's queries leave at
// most, but no fewer than leastLeft of what the target allows to be missed. The estimate is right to a factor of a few on most sets; the sample
// says how it is on this one.
const (
	usualShare = 0.97
	leastLeft  = 0.25
)

// fewerProbes is by how much the probes are reduced at a time once searches go on, and surely by how many standard errors more than usual the
// recall must then exceed the target: of several tries that come close, one exceeds it by chance.
const (
	fewerProbes = 0.92
	surely      = 0.5
)

// leave sets how many answers an entry's searches may leave unseen, and reduces its probes as long as that saves bytes: the queries that need
// more than most get it by going on.
func (m *measurement) leave(e *Entry) error {
	n := m.traced()
	if n < 1 {
		return nil
	}
	lefts := make([]float64, n)
	set := e.Setting
	set.Left = math.MaxFloat32 // looked at, and nothing done about
	err := m.each(n, func(w Worker, i int, add func(int, Outcome)) error {
		o, err := w.Run(i*m.Queries()/n, m.k, set)
		lefts[i] = o.Left
		return err
	}, nil)
	if err != nil {
		return err
	}
	slices.Sort(lefts)
	missed := 1 - e.Target
	usual := lefts[int(usualShare*float64(n-1))]
	m.left = float32(max(usual, leastLeft*missed))
	defer func() { m.left = 0 }()
	best, _, err := m.ask(e.Probes, e.Z, e.Target)
	if err != nil {
		return err
	}
	for best.Probes > 1 {
		fewer, safe, err := m.ask(int(fewerProbes*float64(best.Probes)), e.Z, e.Target)
		if err != nil {
			return err
		}
		if deviation := fewer.Recall - safe; safe-surely*deviation < e.Target || fewer.Bytes >= best.Bytes {
			break
		}
		best = fewer
	}
	if best.Bytes < m.Exact() {
		*e = best
	}
	return nil
}
