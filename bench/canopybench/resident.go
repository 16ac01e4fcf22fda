package main

import (
	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
)

// resident is what a copy of the file on huge pages gains.
type resident struct {
	Target   float64      `json:"target"`
	Mapped   peers.Figure `json:"mapped_qps"` // of CPU time
	Resident peers.Figure `json:"resident_qps"`
	Gain     peers.Figure `json:"gain"` // resident by mapped, round by round
}

// measureResident asks the same file mapped and resident, in turns.
func measureResident(b *bench) (*result, error) {
	x, err := b.index(variant{})
	if err != nil {
		return nil, err
	}
	copied, err := annoy.Open(x.path, &annoy.OpenOptions{Access: annoy.AccessResident})
	if err != nil {
		return nil, err
	}
	defer copied.Close()
	r := &resident{Target: tailTarget}
	var rates [2][]float64
	var gains []float64
	for range b.rounds {
		var rate [2]float64
		for i, ix := range []*annoy.Index{x.ix, copied} {
			s, err := newSubject(ix, b.v, 10)
			if err != nil {
				return nil, err
			}
			p, err := s.pass(0, len(b.v.queries), atRecall(r.Target))
			if err != nil {
				return nil, err
			}
			rate[i] = float64(len(b.v.queries)) / p.cpu.Seconds()
			rates[i] = append(rates[i], rate[i])
		}
		gains = append(gains, rate[1]/rate[0])
	}
	r.Mapped, r.Resident, r.Gain = peers.FigureOf(rates[0]), peers.FigureOf(rates[1]), peers.FigureOf(gains)
	return &result{Resident: r, Queries: len(b.v.queries)}, nil
}

// ResidentTable has a row for each set.
func (p *page) ResidentTable() string {
	rows := [][]string{{"set", "mapped, queries per CPU second", "resident", "resident by mapped"}}
	for _, m := range p.Of("resident") {
		r := m.Resident
		rows = append(rows, []string{m.Title(), peers.Short(r.Mapped.Median), peers.Short(r.Resident.Median),
			peers.Significant(r.Gain.Median) + " (" + peers.Significant(r.Gain.Min) + "–" + peers.Significant(r.Gain.Max) + ")"})
	}
	return table(rows)
}
