package main

import (
	"errors"
	"math"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
)

// grown is the time of a query at one size.
type grown struct {
	Rows int          `json:"rows"`
	Cost peers.Figure `json:"us"` // CPU microseconds a query, over rounds
}

// growth is the time of a query over the number of vectors, at one recall.
type growth struct {
	Target float64 `json:"target"`
	Sizes  []grown `json:"sizes"`
	// Exponent e of rows^e between the least size and the largest, round by round.
	Exponent peers.Figure `json:"exponent"`
}

// growthSteps are the sizes as parts of all rows.
var growthSteps = []float64{0.1, 0.316, 1}

// growthQueries are asked in every round.
const growthQueries = 2000

// effort is one search_k, and what it takes and finds.
type effort struct {
	searchK int
	recall  float64
	seconds []float64 // CPU seconds a query, by round
}

// bracket is the efforts around a recall.
type bracket struct{ below, above effort }

// measureGrowth indexes the first vectors of a set, more and more of them, and asks all indexes in turns.
func measureGrowth(b *bench) (*result, error) {
	all, err := b.vectors()
	if err != nil {
		return nil, err
	}
	var subjects []*subject
	for _, step := range growthSteps {
		rows := int(math.Round(step * float64(all.rows)))
		x, err := b.index(variant{first: rows})
		if err != nil {
			return nil, err
		}
		part, err := all.first(b.ctx, rows, growthQueries)
		if err != nil {
			return nil, err
		}
		s, err := newSubject(x.ix, part, 10)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, s)
	}
	r := &result{Queries: len(subjects[0].v.queries)}
	for _, target := range []float64{0.95, 0.99} {
		g, err := grow(b, subjects, target)
		if err != nil {
			return nil, err
		}
		r.Growth = append(r.Growth, *g)
	}
	return r, nil
}

func grow(b *bench, subjects []*subject, target float64) (*growth, error) {
	brackets := make([]bracket, len(subjects))
	for i, s := range subjects {
		var err error
		if brackets[i], err = s.bracket(target); err != nil {
			return nil, err
		}
	}
	for range b.rounds {
		for i, s := range subjects {
			if err := b.ctx.Err(); err != nil {
				return nil, err
			}
			for _, e := range []*effort{&brackets[i].below, &brackets[i].above} {
				p, err := s.pass(0, len(s.v.queries), &annoy.SearchOptions{SearchK: e.searchK})
				if err != nil {
					return nil, err
				}
				e.seconds = append(e.seconds, p.cpu.Seconds()/float64(len(s.v.queries)))
			}
		}
	}
	g := &growth{Target: target}
	costs := make([][]float64, len(subjects))
	for i, s := range subjects {
		costs[i] = brackets[i].at(target)
		g.Sizes = append(g.Sizes, grown{s.v.rows, peers.FigureOf(scaled(costs[i], 1e6))})
	}
	last := len(subjects) - 1
	g.Exponent = peers.FigureOf(exponents(costs[0], costs[last], float64(subjects[0].v.rows), float64(subjects[last].v.rows)))
	return g, nil
}

// growthStep is the step of search_k.
const growthStep = 1.3

// bracket finds the two efforts of a grid between which recall reaches the target.
func (s *subject) bracket(target float64) (bracket, error) {
	var before effort
	for searchK := float64(s.k); ; searchK *= growthStep {
		e := effort{searchK: min(int(searchK), s.v.rows)}
		p, err := s.pass(0, len(s.v.queries), &annoy.SearchOptions{SearchK: e.searchK})
		if err != nil {
			return bracket{}, err
		}
		e.recall = p.recall
		switch {
		case e.recall >= target && before.searchK == 0:
			return bracket{e, e}, nil
		case e.recall >= target:
			return bracket{before, e}, nil
		case e.searchK == s.v.rows:
			return bracket{}, errors.New("recall is too low at the largest effort")
		}
		before = e
	}
}

// at interpolates as the comparison does: logarithms of cost over that of the share that is missed.
func (b *bracket) at(target float64) (seconds []float64) {
	missed := func(recall float64) float64 { return math.Log(max(1-recall, 1e-4)) }
	w := 1.0
	if span := missed(b.below.recall) - missed(b.above.recall); span > 0 {
		w = (missed(b.below.recall) - missed(target)) / span
	}
	for i, from := range b.below.seconds {
		seconds = append(seconds, math.Exp((1-w)*math.Log(from)+w*math.Log(b.above.seconds[i])))
	}
	return seconds
}

// exponents are those of rows^e that lead from one cost to another, round by round.
func exponents(from, to []float64, rows, moreRows float64) (all []float64) {
	for i := range from {
		all = append(all, math.Log(to[i]/from[i])/math.Log(moreRows/rows))
	}
	return all
}

func scaled(values []float64, by float64) (all []float64) {
	for _, v := range values {
		all = append(all, v*by)
	}
	return all
}
