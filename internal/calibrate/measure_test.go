package calibrate

import (
	"cmp"
	"context"
	"errors"
	"math"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/annoy-go/annoy/internal/kiss"
)

// model answers as an index would whose queries' answers lie in leaves of known ranks, and of which a z loses those whose
// estimates err by more.
type model struct {
	queries int
	answers [][100]place
	fail    error
	exact   float64 // bytes of exact search; 0: more than any other
	runs    atomic.Int64
	guarded atomic.Int64
}

// place is where an answer lies, and how large a z it takes not to lose it.
type place struct {
	rank int
	z    float32
}

const modelLeaves = 500

func newModel(queries int) *model {
	rng := kiss.New(5)
	uniform := func() float64 { return float64(rng.Uint64()>>11) / (1 << 53) }
	m := &model{queries: queries, answers: make([][100]place, queries)}
	for i := range m.answers {
		for j := range m.answers[i] {
			m.answers[i][j] = place{int(math.Pow(uniform(), 4) * modelLeaves * 0.8), float32(3 * math.Pow(uniform(), 3))}
		}
	}
	return m
}

func (m *model) Queries() int   { return m.queries }
func (m *model) MaxProbes() int { return modelLeaves }
func (m *model) MaxTops() int   { return 40 }
func (m *model) Exact() float64 { return cmp.Or(m.exact, math.Inf(1)) }
func (m *model) Tops(p int) int { return 8 + p/50 }
func (m *model) Worker() Worker { return m }
func (m *model) Guard(do func() error) error {
	m.guarded.Add(1)
	return do()
}

func (m *model) Run(i, k int, s Setting) (Outcome, error) {
	m.runs.Add(1)
	o := Outcome{Want: k, Bytes: int64(s.Probes)*100 + int64(float32(k)*s.Z*200)}
	for _, a := range m.answers[i][:k] {
		if a.rank < s.Probes && a.z <= s.Z {
			o.Found++
		}
	}
	return o, m.fail
}

func (m *model) Trace(i, k int, z float32, probes []int, out []Outcome) error {
	for j, p := range probes {
		out[j], _ = m.Run(i, k, Setting{Probes: p, Z: z})
	}
	return m.fail
}

// mean is the recall of all queries at a setting.
func (m *model) mean(k int, s Setting) float64 {
	found := 0
	for i := range m.queries {
		o, _ := m.Run(i, k, s)
		found += o.Found
	}
	return float64(found) / float64(k*m.queries)
}

func TestMeasure(t *testing.T) {
	m := newModel(400)
	table, err := Measure(context.Background(), m, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Entries) != len(ks)*len(targets) || table.Samples != 400 {
		t.Fatalf("%d entries, %d samples", len(table.Entries), table.Samples)
	}
	for _, e := range table.Entries {
		if !e.Reached() {
			t.Errorf("k %d: %v is not reached", e.K, e.Target)
			continue
		}
		if got := m.mean(e.K, e.Setting); got < e.Target-0.005 || e.Recall < e.Target {
			t.Errorf("k %d, target %v: %+v, of all %v", e.K, e.Target, e, got)
		}
		if e.K != 10 || e.Target > 0.99 {
			continue
		}
		// The fewest bytes that a search over all settings finds for it.
		least := int64(math.MaxInt64)
		for _, z := range zs {
			p := 1
			for ; p <= modelLeaves && m.mean(e.K, Setting{Probes: p, Z: z}) < e.Target; p += 1 + p/10 {
			}
			if p <= modelLeaves {
				o, _ := m.Run(0, e.K, Setting{Probes: p, Z: z})
				least = min(least, o.Bytes)
			}
		}
		if e.Bytes > 1.35*float64(least) {
			t.Errorf("k %d, target %v: %v bytes, %d would do", e.K, e.Target, e.Bytes, least)
		}
	}
	b, err := table.MarshalBinary()
	if err != nil || len(b) != MaxBytes {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	again, err := Measure(context.Background(), newModel(400), 1)
	if err != nil || !reflect.DeepEqual(again, table) {
		t.Errorf("again %+v, %v", again, err)
	}
	if m.guarded.Load() == 0 {
		t.Error("nothing was guarded")
	}
	cost, err := Cost(context.Background(), m, 1, 10, 0.95)
	if e, _ := table.For(10, 0.95); err != nil || cost < 0.8*e.Bytes || cost > 1.2*e.Bytes {
		t.Errorf("cost %v, %v, calibrated %v", cost, err, e.Bytes)
	}
}

func TestMeasureNothing(t *testing.T) {
	table, err := Measure(context.Background(), newModel(0), 3)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := table.For(10, 0.999); !ok || e.Probes > 2 {
		t.Errorf("without queries %+v, %v", e, ok)
	}
}

func TestMeasureStops(t *testing.T) {
	broken := errors.New("broken")
	failing := newModel(5)
	failing.fail = broken
	if _, err := Measure(context.Background(), failing, 2); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Measure(ctx, newModel(5), 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Cost(ctx, newModel(5), 2, 10, 0.95); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// scattered is a model a part of whose answers lie in leaves of far tops: ranks among all leaves do not tell.
type scattered struct{ *model }

func (m scattered) Worker() Worker { return m }
func (m scattered) Tops(p int) int { return 8 + p*32/modelLeaves }

// top is how near the top of an answer is.
func (m scattered) top(i, j int) int {
	if (7*i+j)%25 == 0 {
		return 15 + (i+j)%15
	}
	return 1
}

func (m scattered) Run(i, k int, s Setting) (Outcome, error) {
	o := Outcome{Want: k, Bytes: int64(s.Probes)*100 + int64(s.Tops)*20 + int64(float32(k)*s.Z*200)}
	for j, a := range m.answers[i][:k] {
		if a.rank < s.Probes && a.z <= s.Z && m.top(i, j) < s.Tops {
			o.Found++
		}
	}
	return o, nil
}

// Where answers are in other tops more tops are opened, and not so many leaves scanned that their number suggests these.
func TestMeasureOpensTops(t *testing.T) {
	m := newModel(400)
	for i := range m.answers {
		for j := range m.answers[i] {
			m.answers[i][j].rank %= 20
		}
	}
	table, err := Measure(context.Background(), scattered{m}, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range table.Entries {
		if e.Target < 0.98 {
			continue
		}
		if !e.Reached() || e.Tops < 25 || e.Probes > 60 {
			t.Errorf("%+v", e)
		}
	}
	// A usual index's tops are as their number of probes suggests.
	usual, err := Measure(context.Background(), newModel(400), 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range usual.Entries {
		if e.Tops != m.Tops(e.Probes) {
			t.Errorf("%+v opens %d tops, want %d", e, e.Tops, m.Tops(e.Probes))
		}
	}
}

// dear is a model each query of which touches as much as those of vectors without any order.
type dear struct {
	*model
	asked *[1000]atomic.Bool
}

func (m dear) Worker() Worker { return m }

func (m dear) Run(i, k int, s Setting) (Outcome, error) {
	m.asked[i].Store(true)
	o, err := m.model.Run(i, k, s)
	o.Bytes *= 2000
	return o, err
}

func (m dear) Trace(i, k int, z float32, probes []int, out []Outcome) error {
	for j, p := range probes {
		out[j], _ = m.Run(i, k, Setting{Probes: p, Z: z})
	}
	return nil
}

// Of dear queries fewer are asked, and the table still keeps its promises.
func TestMeasureDear(t *testing.T) {
	m := dear{newModel(1000), new([1000]atomic.Bool)}
	table, err := Measure(context.Background(), m, 2)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for i := range m.asked {
		if m.asked[i].Load() {
			asked++
		}
	}
	if table.Samples != fewestQueries {
		t.Errorf("the table speaks of %d queries", table.Samples)
	}
	if asked < fewestQueries || asked > 2*fewestQueries+pilotQueries {
		t.Errorf("%d queries asked", asked)
	}
	for _, e := range table.Entries {
		if got := m.mean(e.K, e.Setting); !e.Reached() || got < e.Target-0.02 {
			t.Errorf("%+v, of all %v", e, got)
		}
	}
}

// What touches as much as exact search is not an effort, and higher targets are not looked for any more.
func TestMeasureGivesUp(t *testing.T) {
	plain := newModel(400)
	all, err := Measure(context.Background(), plain, 2)
	if err != nil {
		t.Fatal(err)
	}
	// Exact search is as cheap as a recall of 0.95.
	limited := newModel(400)
	e, _ := all.For(10, 0.95)
	limited.exact = e.Bytes
	some, err := Measure(context.Background(), limited, 2)
	if err != nil {
		t.Fatal(err)
	}
	reached := 0
	for i, e := range some.Entries {
		if e.Reached() && e.Bytes >= limited.exact {
			t.Errorf("%+v touches more than exact search, %v", e, limited.exact)
		}
		if i > 0 && some.Entries[i-1].K == e.K && e.Reached() && !some.Entries[i-1].Reached() {
			t.Errorf("%+v is reached, after %+v", e, some.Entries[i-1])
		}
		if e.Reached() {
			reached++
		}
	}
	if reached == 0 || reached == len(some.Entries) {
		t.Errorf("%d of %d entries are reached", reached, len(some.Entries))
	}
	if limited.runs.Load() >= plain.runs.Load() {
		t.Errorf("%d searches, %d without a limit", limited.runs.Load(), plain.runs.Load())
	}
}
