package calibrate

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// Sample is an index with queries whose exact answers are known.
type Sample interface {
	Queries() int
	MaxProbes() int           // leaves that there are
	Tops(probes int) int      // that are opened for so many probes, unless that is too few
	MaxTops() int             // that there are
	Exact() float64           // bytes that exact search touches, as Outcome counts them
	Worker() Worker           // for one goroutine
	Guard(func() error) error // runs what a goroutine does: where a fault of a mapping becomes an error
}

// Worker answers sample queries.
type Worker interface {
	// Trace sets out[i], for growing numbers of probes, to what a search with so many finds.
	Trace(query, k int, z float32, probes []int, out []Outcome) error
	// Run searches.
	Run(query, k int, s Setting) (Outcome, error)
}

// Outcome is what one search found.
type Outcome struct {
	Found int     // of the answers, those that are as near as the true ones
	Want  int     // of true ones: k, or as many as there are
	Bytes int64   // touched
	Left  float64 // Run: answers likely unseen, for each found, after the setting's probes; where its Left is not 0
}

// steps is how the probes of a trace grow.
const steps = 1.2

// zs are the deviations that are tried, largest first: it loses the fewest answers, and shows how many probes
// are worth tracing.
var zs = [...]float32{3.2, 2.8, 2.4, 2.0, 1.6, 1.2, 0.8, 0.4, 0}

// traced is how many queries are traced at each z for one answer or ten, and half as many for more: enough to choose
// it. How many probes it takes all queries decide.
const traced = 400

// maxZ is where an effort is given up.
const maxZ = 30

// maxRounds bounds the searches for the probes of one target.
const maxRounds = 12

// Measure calibrates. For each number of answers, and each z, some of the queries are traced: searched once, with what was found so
// far noted at growing numbers of probes. A target's z is the one that touches the fewest bytes; its probes are
// confirmed by searches of all queries, and raised until their mean recall exceeds the target by one standard error.
// Counted bytes, not times: the result is the same for any number of workers, and every time.
func Measure(ctx context.Context, s Sample, workers int) (*Table, error) {
	m := measurement{Sample: s, ctx: ctx, workers: workers, k: 10}
	if _, err := m.pilot(); err != nil {
		return nil, err
	}
	t := &Table{Samples: m.most}
	for _, k := range ks {
		m.k = k
		curves, err := m.trace()
		if err != nil {
			return nil, err
		}
		m.harder, m.wide, m.wider = 1, 1, true
		reached := true
		for _, target := range targets {
			e := Entry{K: k, Target: target}
			if reached { // what no effort cheaper than exact search reaches, it does not exceed either
				if e, err = m.entry(target, curves); err != nil {
					return nil, err
				}
				reached = e.Reached()
			}
			if e.Reached() {
				if err := m.leave(&e); err != nil {
					return nil, err
				}
			}
			t.Entries = append(t.Entries, e)
		}
		inherit(t.Entries[len(t.Entries)-len(targets):])
	}
	return t, nil
}

// inherit lets a target have the effort of a higher one that happens to touch less.
func inherit(entries []Entry) {
	for i := len(entries) - 2; i >= 0; i-- {
		e, next := &entries[i], entries[i+1]
		if next.Reached() && (!e.Reached() || next.Bytes < e.Bytes) {
			e.Setting, e.Recall, e.Bytes = next.Setting, next.Recall, next.Bytes
		}
	}
}

// Cost is the fewest bytes that a query touches, on average, for k answers at a recall of target; 0 where no effort
// reaches it. It is for comparing indexes by the same queries, of which it traces some, at every other z and no more probes than
// could be worth it.
func Cost(ctx context.Context, s Sample, workers, k int, target float64) (float64, error) {
	m := measurement{Sample: s, ctx: ctx, workers: workers, k: k}
	first, err := m.pilot()
	if err != nil {
		return 0, err
	}
	probes := m.probes()
	if p, ok := first.reach(target); ok {
		n := 1
		for n < len(probes) && float64(probes[n-1]) < costFurther*p {
			n++
		}
		probes = probes[:n]
	}
	var curves []*curve
	for i := 0; i < len(zs); i += 2 {
		c, err := m.curve(zs[i], probes, m.traced())
		if err != nil {
			return 0, err
		}
		curves = append(curves, c)
	}
	c, p := cheapest(curves, target)
	if c == nil {
		return 0, nil
	}
	return c.bytes(p), nil
}

// costFurther is how many times as many probes Cost traces as the largest z takes.
const costFurther = 3

// Queries that find all answers with dearBytes are dear, where vectors have nothing in common by which to divide them: fewer of
// them are asked, as many as touch half of that together with what usual ones do, but at least fewestQueries. The standard error
// that is taken off their recall grows.
const (
	pilotQueries  = 32
	dearBytes     = 32 << 20
	fewestQueries = 200
)

// pilot traces a few queries at the largest z, by which it is known how many to ask.
func (m *measurement) pilot() (*curve, error) {
	m.most = m.Queries()
	c, err := m.curve(zs[0], m.probes(), min(pilotQueries, m.queries()))
	if err != nil {
		return nil, err
	}
	if bytes := c.at[c.worth()-1].meanBytes(); bytes > dearBytes {
		m.most = min(m.most, max(fewestQueries, int(float64(m.most)*dearBytes/2/bytes)))
	}
	return c, nil
}

type measurement struct {
	Sample
	k       int
	ctx     context.Context
	workers int
	most    int     // queries asked
	harder  float64 // how much more of their answers all queries missed, the last time, than the traced ones
	wide    float64 // how many times as many tops are opened as their number of probes suggests
	left    float32 // Setting.Left of searches
	wider   bool    // it may be worth opening more
}

// queries is how many of the queries are searched for, evenly spaced. Of many answers each half of them knows enough:
// the recall of 100 answers varies less from query to query than that of 10.
func (m *measurement) queries() int {
	if m.k >= 100 {
		return (m.most + 1) / 2
	}
	return m.most
}

// traced is how many of them are traced.
func (m *measurement) traced() int {
	n := m.queries()
	return min(n, traced, (traced*n+m.Queries()-1)/max(1, m.Queries()))
}

// probes are the numbers of probes that are traced, up to all leaves.
func (m *measurement) probes() (probes []int) {
	for p := 1.0; ; p = max(p*steps, p+1) {
		probes = append(probes, min(int(p), m.MaxProbes()))
		if int(p) >= m.MaxProbes() {
			return probes
		}
	}
}

// trace makes a curve for each z.
func (m *measurement) trace() ([]*curve, error) {
	probes := m.probes()
	var curves []*curve
	for _, z := range zs {
		c, err := m.curve(z, probes, m.traced())
		if err != nil {
			return nil, err
		}
		curves = append(curves, c)
		if z == zs[0] {
			probes = probes[:c.worth()]
		}
	}
	return curves, nil
}

// curve traces n of the queries at one z.
func (m *measurement) curve(z float32, probes []int, n int) (*curve, error) {
	c := &curve{z: z, probes: probes, at: make([]sum, len(probes)), queries: m.queries()}
	return c, m.each(n, func(w Worker, i int, add func(int, Outcome)) error {
		out := make([]Outcome, len(probes))
		if err := w.Trace(i*m.Queries()/n, m.k, z, probes, out); err != nil {
			return err
		}
		for j, o := range out {
			add(j, o)
		}
		return nil
	}, c.at)
}

// entry finds the effort for a target. Where all leaves at some z do not reach it, z grows: the codes of few dimensions,
// or of odd vectors, err more than by the deviation that stands for all. An effort that touches as much as exact search is none.
func (m *measurement) entry(target float64, curves []*curve) (Entry, error) {
	c, p := cheapest(curves, 1-(1-target)/m.harder)
	if c == nil { // all queries, with more probes, may still reach it
		if c, p = cheapest(curves, target); c == nil {
			c = curves[0]
			p = float64(c.probes[c.worth()-1])
		}
		p *= math.Pow(max(m.harder, 1), 1/slope(1-target))
	}
	for z := c.z; z <= maxZ; z = 2*z + 0.4 {
		s := secant{target: target}
		for range maxRounds {
			e, safe, err := m.ask(int(math.Ceil(p)), z, target)
			if err != nil {
				return Entry{}, err
			}
			if expected := c.between(p, c.safe); z == c.z && safe < target && 1-safe > missedMore*(1-expected) {
				if e, safe, err = m.widen(e, safe); err != nil {
					return Entry{}, err
				}
			}
			if z == c.z {
				m.harder = min(max((1-safe)/max(1-c.between(p, c.safe), 1e-9), 0.7), 3)
			}
			if e.Bytes >= m.Exact() {
				return Entry{K: m.k, Target: target}, nil
			}
			if safe >= target {
				return e, nil
			}
			if e.Probes >= m.MaxProbes() {
				break
			}
			p = min(s.next(p, safe), float64(m.MaxProbes()))
		}
	}
	return Entry{K: m.k, Target: target}, nil
}

// ask searches for all queries, and returns the entry that this is, and its recall less one standard error.
func (m *measurement) ask(probes int, z float32, target float64) (_ Entry, safe float64, err error) {
	n := m.queries()
	tops := min(int(m.wide*float64(m.Tops(probes))), m.MaxTops())
	set := Setting{Probes: probes, Tops: tops, Z: z, Left: m.left}
	total := make([]sum, 1)
	e := Entry{K: m.k, Target: target, Setting: set}
	run := e.Setting
	if set.Left > 0 {
		run.Sure = e.sure()
	}
	err = m.each(n, func(w Worker, i int, add func(int, Outcome)) error {
		o, err := w.Run(i*m.Queries()/n, m.k, run)
		add(0, o)
		return err
	}, total)
	recall, deviation := total[0].recall(n)
	e.Recall, e.Bytes = recall, total[0].meanBytes()
	return e, recall - deviation, err
}

// missedMore is how many times as many answers as in the traces, which open all tops, a search misses where it may be for
// want of tops.
const missedMore = 1.25

// widen opens twice or four times as many tops as long as that finds a fourth of what is missing to the target: where neighbours
// are in other tops than most leaves near the query, more leaves of the same tops would find them last of all.
func (m *measurement) widen(e Entry, safe float64) (Entry, float64, error) {
	for m.wider && safe < e.Target && e.Tops < m.MaxTops() {
		before := m.wide
		m.wider = false
		for range 2 {
			m.wide *= 2
			more, found, err := m.ask(e.Probes, e.Z, e.Target)
			if err != nil {
				return e, safe, err
			}
			if found >= safe+(e.Target-safe)/4 {
				e, safe, m.wider = more, found, true
				break
			}
		}
		if !m.wider {
			m.wide = before
		}
	}
	return e, safe, nil
}

// each calls f for 0 to n−1 on all workers, and adds up what f adds.
func (m *measurement) each(n int, f func(w Worker, i int, add func(int, Outcome)) error, total []sum) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	var lock sync.Mutex
	var first error
	for range min(max(1, m.workers), n) {
		wg.Go(func() {
			mine := make([]sum, len(total))
			add := func(i int, o Outcome) { mine[i].add(o) }
			err := m.Guard(func() error {
				w := m.Worker()
				for {
					i := int(next.Add(1)) - 1
					if i >= n {
						return nil
					}
					if err := m.ctx.Err(); err != nil {
						return err
					}
					if err := f(w, i, add); err != nil {
						return err
					}
				}
			})
			lock.Lock()
			defer lock.Unlock()
			for i := range mine {
				total[i].merge(mine[i])
			}
			if err != nil && first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	return first
}
