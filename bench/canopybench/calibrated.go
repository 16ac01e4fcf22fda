package main

import "fmt"

// asking is what came of one recall that was asked for.
type asking struct {
	K      int     `json:"k"`
	Target float64 `json:"target"`
	Recall float64 `json:"recall"` // on queries held out
	QPS    float64 `json:"qps"`    // of CPU time, one thread
}

// What is asked for: the numbers of neighbours and recalls that a build calibrates.
var (
	askedK       = []int{1, 10, 100}
	askedRecalls = []float64{0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999}
)

// measureCalibrated asks for recall and measures it on queries that the calibration has not seen.
func measureCalibrated(b *bench) (*result, error) {
	x, err := b.index(variant{})
	if err != nil {
		return nil, err
	}
	r := &result{Indexes: map[string]indexInfo{variant{}.name(): x.info}}
	for _, k := range askedK {
		progress("%s: recall asked for, k %d", b.set.name, k)
		s, err := newSubject(x.ix, b.v, k)
		if err != nil {
			return nil, err
		}
		for _, target := range askedRecalls {
			if err := b.ctx.Err(); err != nil {
				return nil, err
			}
			p, err := s.pass(0, len(b.v.queries), atRecall(target))
			if err != nil {
				return nil, fmt.Errorf("recall %v of %d: %w", target, k, err)
			}
			r.Asked = append(r.Asked, asking{k, target, p.recall, float64(len(b.v.queries)) / p.cpu.Seconds()})
		}
	}
	r.Queries = len(b.v.queries)
	return r, nil
}
