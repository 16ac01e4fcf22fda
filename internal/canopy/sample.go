package canopy

import (
	"context"
	"io"

	"github.com/annoy-go/annoy/internal/exact"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Sample is queries with the distances of their exact answers: what a calibration measures recall against.
type Sample struct {
	rule    exact.Rule
	queries [][]float32
	self    []int64 // nil, or of each query the id that is no answer to it: its own
	far     [][]float32
}

// sampleAnswers is how many exact answers of each query are known: as many as any calibration asks for.
const sampleAnswers = 100

// SampleOf takes n of the vectors, evenly spaced, as queries; each for the others. Memory is what
// finding these may hold of the vectors; 0: as is convenient. Guard, unless it is nil, runs what reads vectors.
func SampleOf(ctx context.Context, m Metric, vs Vectors, n, workers int, memory int64, guard func(func() error) error) (*Sample, error) {
	n = min(n, vs.Len())
	s := &Sample{self: make([]int64, n)}
	var err error
	if s.queries, err = spaced(vs, n, guard, func(i, row int) { s.self[i] = vs.ID(row) }); err != nil {
		return nil, err
	}
	s.rule = exact.NewRule(exact.Metric(m), s.queries)
	return s, s.find(ctx, m, vs, workers, memory, guard)
}

// spaced copies n of the vectors, evenly spaced. tell, unless it is nil, is told which row each of them is.
func spaced(vs Vectors, n int, guard func(func() error) error, tell func(i, row int)) ([][]float32, error) {
	out := make([][]float32, n)
	for i := range out {
		row := int(int64(i) * int64(vs.Len()) / int64(n))
		out[i] = make([]float32, vs.Dim())
		if err := copyRow(vs, row, out[i], guard); err != nil {
			return nil, err
		}
		if tell != nil {
			tell(i, row)
		}
	}
	return out, nil
}

// copyRow copies vector i; guard, unless it is nil, runs that.
func copyRow(vs Vectors, i int, dst []float32, guard func(func() error) error) error {
	if guard == nil {
		copy(dst, vs.Row(i, dst))
		return nil
	}
	return guard(func() error {
		copy(dst, vs.Row(i, dst))
		return nil
	})
}

// SampleFor takes the caller's queries.
func SampleFor(ctx context.Context, m Metric, vs Vectors, queries [][]float32, workers int, memory int64, guard func(func() error) error) (*Sample, error) {
	items, err := spaced(vs, min(ruleItems, vs.Len()), guard, nil)
	if err != nil {
		return nil, err
	}
	s := &Sample{queries: queries, rule: exact.NewRule(exact.Metric(m), items)}
	return s, s.find(ctx, m, vs, workers, memory, guard)
}

// ruleItems is how many vectors say what the unit of the rule of recall is, where the queries are none of them.
const ruleItems = 1000

// find finds the exact answers.
func (s *Sample) find(ctx context.Context, m Metric, vs Vectors, workers int, memory int64, guard func(func() error) error) error {
	k := sampleAnswers
	if s.self != nil {
		k++
	}
	state, err := exact.New(exact.Metric(m), k, s.queries)
	if err != nil {
		return err
	}
	if err := state.Add(ctx, &vectorSource{vs: vs, guard: guard}, &exact.Options{Workers: workers, Memory: memory}); err != nil {
		return err
	}
	s.far = make([][]float32, len(s.queries))
	for i := range s.far {
		for _, n := range state.Neighbors(i) {
			if (s.self == nil || n.ID != s.self[i]) && len(s.far[i]) < sampleAnswers {
				s.far[i] = append(s.far[i], m.rawOf(s.rule.Limit(s.queries[i], n.Distance)))
			}
		}
	}
	return nil
}

// rawOf is the raw distance of a distance.
func (m Metric) rawOf(d float64) float32 {
	switch m {
	case Angular, Euclidean:
		d *= d
	case Cosine:
		d *= 2
	case Dot:
		d = -d
	}
	return float32(d)
}

// vectorSource streams vectors.
type vectorSource struct {
	vs    Vectors
	next  int
	guard func(func() error) error
}

func (v *vectorSource) Dim() int { return v.vs.Dim() }
func (v *vectorSource) Len() int { return v.vs.Len() }

func (v *vectorSource) Next(dst []float32) (int64, error) {
	if v.next >= v.vs.Len() {
		return 0, io.EOF
	}
	i := v.next
	v.next++
	return v.vs.ID(i), copyRow(v.vs, i, dst, v.guard)
}

// Stored is the vectors that an index holds, in the order of its rows.
func (ix *Index) Stored() Vectors { return stored{ix} }

type stored struct{ ix *Index }

func (s stored) Len() int       { return s.ix.N }
func (s stored) Dim() int       { return s.ix.Dim }
func (s stored) ID(i int) int64 { return s.ix.RowID(uint32(i)) }

func (s stored) Row(i int, buf []float32) []float32 {
	kernel.Widen(s.ix.Element, s.ix.Row(uint32(i)), buf)
	if s.ix.RowScale != 1 {
		for c := range buf {
			buf[c] *= s.ix.RowScale
		}
	}
	return buf
}
