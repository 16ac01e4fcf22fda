package canopy

import (
	"context"
	"io"
	"math"

	"github.com/annoy-go/annoy/internal/exact"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Sample is queries with the distances of their exact answers: what a calibration measures recall against.
type Sample struct {
	metric  Metric
	queries [][]float32
	self    []int64 // nil, or of each query the id that is no answer to it: its own
	far     [][]float32
}

// sampleAnswers is how many exact answers of each query are known: as many as any calibration asks for.
const sampleAnswers = 100

// SampleOf takes n of the vectors, evenly spaced, as queries; each for the others.
func SampleOf(ctx context.Context, m Metric, vs Vectors, n, workers int) (*Sample, error) {
	n = min(n, vs.Len())
	s := &Sample{metric: m, queries: make([][]float32, n), self: make([]int64, n)}
	for i := range n {
		row := int(int64(i) * int64(vs.Len()) / int64(n))
		s.queries[i] = append([]float32(nil), vs.Row(row, make([]float32, vs.Dim()))...)
		s.self[i] = vs.ID(row)
	}
	return s, s.find(ctx, vs, workers)
}

// SampleFor takes the caller's queries.
func SampleFor(ctx context.Context, m Metric, vs Vectors, queries [][]float32, workers int) (*Sample, error) {
	s := &Sample{metric: m, queries: queries}
	return s, s.find(ctx, vs, workers)
}

// find finds the exact answers.
func (s *Sample) find(ctx context.Context, vs Vectors, workers int) error {
	k := sampleAnswers
	if s.self != nil {
		k++
	}
	state, err := exact.New(exact.Metric(s.metric), k, s.queries)
	if err != nil {
		return err
	}
	if err := state.Add(ctx, &vectorSource{vs: vs}, &exact.Options{Workers: workers}); err != nil {
		return err
	}
	s.far = make([][]float32, len(s.queries))
	for i := range s.far {
		for _, n := range state.Neighbors(i) {
			if (s.self == nil || n.ID != s.self[i]) && len(s.far[i]) < sampleAnswers {
				s.far[i] = append(s.far[i], s.metric.farthest(n.Distance))
			}
		}
	}
	return nil
}

// farthest is the largest raw distance that counts as this exact one: the rule of recall everywhere in the library.
func (m Metric) farthest(distance float64) float32 {
	if m == Dot {
		return float32(-(distance - 1e-5*math.Abs(distance) - 1e-6))
	}
	d := distance*(1+1e-5) + 1e-6
	switch m {
	case Angular, Euclidean:
		d *= d
	case Cosine:
		d *= 2
	}
	return float32(d)
}

// vectorSource streams vectors.
type vectorSource struct {
	vs   Vectors
	next int
}

func (v *vectorSource) Dim() int { return v.vs.Dim() }
func (v *vectorSource) Len() int { return v.vs.Len() }

func (v *vectorSource) Next(dst []float32) (int64, error) {
	if v.next >= v.vs.Len() {
		return 0, io.EOF
	}
	i := v.next
	v.next++
	copy(dst, v.vs.Row(i, dst))
	return v.vs.ID(i), nil
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
