package peers

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// fakePeer finds a share of the true neighbours that its curve gives for an effort, at a cost that another gives.
type fakePeer struct {
	d        Description
	hits     func(e Effort) int // of 10
	cost     func(e Effort) float64
	from     int // of the search under way
	searched int
	failAt   int // the search that fails; 0: none
	closed   bool
}

func (f *fakePeer) Describe() Description { return f.d }
func (f *fakePeer) Build(context.Context, *Set) (BuildCost, error) {
	return BuildCost{CPU: 1, Wall: 1, Bytes: 1000}, nil
}
func (f *fakePeer) Open(context.Context, *Set) error           { return nil }
func (f *fakePeer) EmptyCall(from, count int) (float64, error) { return 1e-6, nil }
func (f *fakePeer) Resident() (int64, error)                   { return 2000, nil }
func (f *fakePeer) Close() error                               { f.closed = true; return nil }
func (f *fakePeer) Search(from, count, k int, e Effort) (Timing, error) {
	f.from = from
	if f.searched++; f.searched == f.failAt {
		return Timing{}, errors.New("annoy: out of luck")
	}
	t := Timing{CPU: float64(count) * f.cost(e), Wall: float64(count) * f.cost(e)}
	for range count {
		ids := []int64{}
		for i := range k {
			id := int64(i)
			if i >= f.hits(e) {
				id = int64(50 + i)
			}
			ids = append(ids, id)
		}
		t.IDs = append(t.IDs, ids)
	}
	return t, nil
}

// lineSet has items at 0, 1, 2, … on a line and queries at 0, whose 10 nearest are 0 to 9.
func lineSet(queries int) *Set {
	s := &Set{metric: annoy.Euclidean, rows: 100, dim: 1}
	for i := range s.rows {
		s.base = append(s.base, float32(i))
	}
	for range queries {
		s.queries, s.kth = append(s.queries, []float32{0}), append(s.kth, 9)
	}
	return s
}

func testOptions() *Options {
	o := Options{Base: "line.npy", Quick: true, Recalls: []float64{0.5, 0.9}}.withDefaults()
	return &o
}

// graph needs the effort 10·2^n for n+1 of 10 hits, each effort a microsecond.
func graph(name string, to int) *fakePeer {
	return &fakePeer{
		d:    Description{Name: name, Library: name, Knob: "ef", Series: []Series{{From: 10, To: to}}},
		hits: func(e Effort) int { return min(10, int(math.Log2(float64(e.Knob)/10))+1) },
		cost: func(e Effort) float64 { return float64(e.Knob) * 1e-6 },
	}
}

func runSweep(t *testing.T, all ...*fakePeer) *Report {
	t.Helper()
	o, s := testOptions(), lineSet(200)
	r := newReport(o, s)
	var list []*contender
	for _, p := range all {
		list = append(list, &contender{peer: p, d: p.Describe()})
	}
	if err := race(t.Context(), o, s, list, r); err != nil {
		t.Fatal(err)
	}
	r.compareAll()
	return r
}

func TestSweepFindsTheEffort(t *testing.T) {
	r := runSweep(t, graph("graph", 10_000))
	p := r.Peers[0]
	// 5 hits from effort 160 on, 9 from 2560: the grid's steps of 1.4 end at most so far above.
	for i, least := range []float64{160, 2560} {
		a := p.At[i]
		cost := 1e6 / a.QPS.Median
		if a.Missing != "" || a.Least || cost < least*0.99/gridStep || cost > least*1.01*gridStep {
			t.Errorf("recall %v: %+v: effort %.0f, want about %v", a.Recall, a, cost, least)
		}
	}
	if p.Resident != 2000 || p.Build.Bytes != 1000 || math.Abs(p.EmptyCall.Median-1) > 1e-9 {
		t.Errorf("resident %d, bytes %d, empty call %v µs", p.Resident, p.Build.Bytes, p.EmptyCall.Median)
	}
}

func TestSweepSaysWhatIsNotReached(t *testing.T) {
	r := runSweep(t, graph("weak", 640))
	if a := r.Peers[0].At[1]; !strings.Contains(a.Missing, "recall is 0.7000 at ef 640") {
		t.Errorf("not reached: %+v", a)
	}
}

// Where no effort helps any more, a pilot ends long before the largest; where effort costs nothing it goes on.
func TestPilotGivesUp(t *testing.T) {
	coarse := graph("coarse", 1<<30)
	coarse.hits = func(Effort) int { return 7 }
	runSweep(t, coarse)
	if coarse.searched > 20 {
		t.Errorf("%d searches of an index that finds no more", coarse.searched)
	}
	sure := graph("sure", 100_000) // no better for long, at rising cost, but exact in the end
	sure.d.Series[0].Exact = true
	sure.hits = func(e Effort) int { return 3 + 7*min(1, e.Knob/50_000) }
	if a := runSweep(t, sure).Peers[0].At[1]; a.Missing != "" {
		t.Errorf("an index that is exact in the end: %+v", a)
	}
	leaf := graph("leaf", 100_000) // efforts below 1000 all look at one leaf
	leaf.hits = func(e Effort) int { return 3 + 7*min(1, e.Knob/1000) }
	leaf.cost = func(e Effort) float64 { return float64(max(1000, e.Knob)) * 1e-6 }
	if a := runSweep(t, leaf).Peers[0].At[1]; a.Missing != "" {
		t.Errorf("an index of large leaves: %+v", a)
	}
}

// The slices after the pilot's may be harder: then efforts beyond the pilot's are measured.
func TestHarderSlices(t *testing.T) {
	p := graph("easy start", 100_000)
	easy := p.hits
	p.hits = func(e Effort) int {
		if p.from > 0 {
			e.Knob = max(10, e.Knob/16)
		}
		return easy(e)
	}
	if a := runSweep(t, p).Peers[0].At[1]; a.Missing != "" {
		t.Errorf("not measured: %+v", a)
	}
}

func TestLeastEffort(t *testing.T) {
	p := graph("good", 10_000)
	p.hits = func(Effort) int { return 10 }
	for _, a := range runSweep(t, p).Peers[0].At {
		if !a.Least || math.Abs(a.QPS.Median-1e5) > 1 || a.Effort != "ef 10" {
			t.Errorf("recall %v: %+v, want the least effort's", a.Recall, a)
		}
	}
}

// Of two settings, the figures at a recall are those of the better one there.
func TestSweepOfTwoSettings(t *testing.T) {
	p := graph("two", 10_000)
	p.d.Extra = "reorder"
	p.d.Series = []Series{{From: 10, To: 10_000, Extra: 1}, {From: 10, To: 10_000, Extra: 2}}
	hits := p.hits
	p.hits = func(e Effort) int { return min(hits(e), 4+4*e.Extra) } // 8 with the first, 10 with the second
	p.cost = func(e Effort) float64 { return float64(e.Knob*e.Extra) * 1e-6 }
	at := runSweep(t, p).Peers[0].At
	if !strings.Contains(at[0].Effort, "reorder 1") || !strings.HasSuffix(at[1].Effort, "reorder 2") {
		t.Errorf("at 0.5 %q, at 0.9 %q, want reorder 1, then 2", at[0].Effort, at[1].Effort)
	}
}

func TestAFailureLeavesTheOthers(t *testing.T) {
	for _, failAt := range []int{1, 30} {
		bad, good := graph("bad", 10_000), graph("good", 10_000)
		bad.failAt = failAt
		r := runSweep(t, bad, good)
		if len(r.Peers) != 1 || r.Peers[0].Name != "good" || len(r.Absent) != 1 || r.Absent[0] != (Absent{"bad", "out of luck"}) {
			t.Errorf("failing search %d: %d peers, absent %+v", failAt, len(r.Peers), r.Absent)
		}
		if !bad.closed || !good.closed {
			t.Error("a peer was not closed")
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o, s := testOptions(), lineSet(200)
	p := graph("graph", 10_000)
	if err := race(ctx, o, s, []*contender{{peer: p, d: p.d}}, newReport(o, s)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// Ours builds for 1 s and takes 10 ms a query, the peer 5 s and 2 ms: 4 s are earned back after 500 queries.
func TestVersus(t *testing.T) {
	peer := func(name, library string, build, qps float64) PeerReport {
		return PeerReport{
			Description: Description{Name: name, Library: library}, Build: BuildCost{CPU: build},
			At: []AtRecall{{Recall: 0.9, QPS: Figure{Median: qps}}},
		}
	}
	for _, c := range []struct {
		name       string
		build, qps float64
		want       Versus
		cell       string
	}{
		{"slow build", 5, 500, Versus{Ratio: 0.2, Until: 500}, "0.200× to 500"},
		{"beaten", 5, 50, Versus{Ratio: 2, Always: true}, "2.00× always"},
		{"beats", 0.5, 500, Versus{Ratio: 0.2}, "0.200× never"},
		{"quick build", 0.5, 50, Versus{Ratio: 2, From: 50}, "2.00× from 50.0"},
	} {
		r := &Report{Recalls: []float64{0.9}, Peers: []PeerReport{peer("ours", oursLibrary, 1, 100), peer(c.name, "x", c.build, c.qps)}}
		r.compareAll()
		v := r.Versus[0]
		if math.Abs(v.Ratio-c.want.Ratio) > 1e-9 || math.Abs(v.Until-c.want.Until) > 1e-6 || math.Abs(v.From-c.want.From) > 1e-6 || v.Always != c.want.Always {
			t.Errorf("%s: %+v, want %+v", c.name, v, c.want)
		}
		if v.cell() != c.cell {
			t.Errorf("%s: cell %q, want %q", c.name, v.cell(), c.cell)
		}
	}
	// A second index of ours, slower to build and faster to search, gives the ratio; the first stays cheaper longer. Where
	// the second overtakes the peer at last, there are two ranges, or one.
	for _, c := range []struct {
		many PeerReport
		cell string
	}{
		{peer("many", oursLibrary, 4.5, 120), "0.240× to 500"},
		{peer("many", oursLibrary, 20, 1000), "2.00× to 500, from 15.0k"},
		{peer("many", oursLibrary, 5.1, 1000), "2.00× always"},
	} {
		r := &Report{Recalls: []float64{0.9}, Peers: []PeerReport{peer("few", oursLibrary, 1, 100), c.many, peer("graph", "x", 5, 500)}}
		r.compareAll()
		if v := r.Versus[0]; v.Ours != "many" || v.cell() != c.cell {
			t.Errorf("of two: %+v, cell %q, want %q", v, v.cell(), c.cell)
		}
	}
}
