package canopy

import (
	"math"
	"reflect"
	"sync/atomic"
	"testing"
)

// What was measured on the index's own rows holds for queries that it has not seen, and does not depend on the number
// of workers.
func TestCalibrate(t *testing.T) {
	ix, vs, queries := wordIndex(t, Angular, Two8)
	n := 300
	if testing.Short() {
		n = 100
	}
	sample, err := SampleOf(t.Context(), Angular, ix.Stored(), n, 2, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := ix.Calibrate(t.Context(), sample, 2, nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if table.Given || table.Samples != n {
		t.Errorf("%d samples, given %v", table.Samples, table.Given)
	}
	if !testing.Short() {
		again, err := ix.Calibrate(t.Context(), sample, 1, func(do func() error) error { return do() }, nil, 0)
		if err != nil || !reflect.DeepEqual(table, again) {
			t.Errorf("by one worker %+v, %v, by two %+v", again, err, table)
		}
		for _, entries := range []int{64, 4096} { // too few, enough
			var asked atomic.Int64
			again, err := ix.Calibrate(t.Context(), sample, 2, nil, func(part []byte) {
				if len(part) == ix.RowStride {
					asked.Add(1)
				}
			}, int64(n*entries*memoEntry))
			if err != nil || !reflect.DeepEqual(table, again) {
				t.Errorf("%d distances of a query remembered: %+v, %v, none: %+v", entries, again, err, table)
			}
			if most := int64(n * ix.N); asked.Load() == 0 || entries >= ix.N && asked.Load() > most {
				t.Errorf("%d distances of a query remembered: %d rows read, of %d once", entries, asked.Load(), most)
			}
		}
	}
	for _, k := range []int{1, 10, 100} {
		answers := exactAnswers(t, vs, Angular, queries, k)
		last := 0.0
		for _, target := range []float64{0.8, 0.9, 0.95, 0.99} {
			e, ok := table.For(k, target)
			if !ok {
				t.Errorf("k %d: no effort reaches %v", k, target)
				continue
			}
			var s Searcher
			found, bytes := 0.0, int64(0)
			for i := range queries.Len() {
				hits, err := s.Search(ix, &Query{Vec: queries.Row(i, nil), K: k, Effort: e.Setting})
				if err != nil {
					t.Fatal(err)
				}
				found += recall(Angular, hits, answers[i]) / float64(queries.Len())
				bytes += s.Touched.Bytes(ix)
			}
			t.Logf("k %d, %.3f: %+v has %.4f, %.0f bytes, here %.4f, %d bytes", k, target, e.Setting, e.Recall, e.Bytes, found, bytes/int64(queries.Len()))
			// 200 queries have a standard error of 0.02 at a recall of 0.9 of one answer, and n samples theirs.
			if slack := 0.02 + 0.04/float64(k)*math.Sqrt(300/float64(n)); found < target-slack {
				t.Errorf("k %d: %+v for %v has a recall of %.4f", k, e.Setting, target, found)
			}
			if e.Recall < target || e.Bytes < last {
				t.Errorf("k %d: %+v for %v, after %.0f bytes", k, e, target, last)
			}
			last = e.Bytes
		}
	}
	cost, err := ix.Cost(t.Context(), sample, 2, nil)
	e, _ := table.For(10, 0.95)
	if err != nil || cost < e.Bytes/2 || cost > 2*e.Bytes {
		t.Errorf("cost %v, %v, calibrated %v", cost, err, e.Bytes)
	}
}

// A sample of the caller's queries is told apart, and equal vectors are all answers.
func TestCalibrateGivenQueries(t *testing.T) {
	vs := normal(6000, 5, 1)
	for i := range 600 {
		copy(vs.Row(i, nil), vs.Row(0, nil))
	}
	ix := mustBuild(t, vs, Euclidean, One4, 50, 0)
	sample, err := SampleFor(t.Context(), Euclidean, vs, [][]float32{vs.Row(0, nil), vs.Row(700, nil), {9, 9, 9, 9, 9}}, 1, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := ix.Calibrate(t.Context(), sample, 1, nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := table.For(10, 0.999); !table.Given || table.Samples != 3 || !ok || e.Recall != 1 {
		t.Errorf("%+v", table)
	}
}
