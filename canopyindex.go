package annoy

import (
	"context"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/internal/calibrate"
	"github.com/annoy-go/annoy/internal/canopy"
)

// canopyIndex is the backend of this library's own kind.
type canopyIndex struct {
	ix          *canopy.Index
	metric      Metric
	data        []byte           // the whole file
	stored      canopy.Vectors   // its rows, as vectors
	calibration *calibrate.Table // nil where there is none
	access      Access
	cold        *canopy.FixedRerank // Rows is not set; nil but for AccessCold
	scratch     sync.Pool           // of *canopySearcher
}

// canopySearcher is the scratch of one search at a time: the query lies in it, for a pointer to one outside would put
// it on the heap each time.
type canopySearcher struct {
	canopy.Searcher
	query canopy.Query
	fixed canopy.FixedRerank
	vec   []float32
}

// openCanopy makes an index of the bytes of a file, which the metric asked for may view in its own way.
func openCanopy(data []byte, o *OpenOptions) (*canopyIndex, error) {
	ix, err := canopy.Open(data)
	if err != nil {
		return nil, err
	}
	c := &canopyIndex{ix: ix, metric: Metric(ix.Metric), data: data, stored: ix.Stored(), access: o.Access}
	if err := o.contradicts(c.metric, ix.Dim, "the file"); err != nil {
		return nil, err
	}
	if o.Metric != 0 {
		c.metric = o.Metric
	}
	table, err := ix.Calibration()
	if err != nil {
		return nil, err
	}
	if table != nil {
		c.calibration = new(calibrate.Table)
		if err := c.calibration.UnmarshalBinary(table); err != nil {
			return nil, &CorruptError{Offset: -1, Reason: err.Error()}
		}
	}
	c.scratch.New = func() any { return new(canopySearcher) }
	return c, nil
}

func (c *canopyIndex) kind() Kind { return Canopy }

func (c *canopyIndex) dim() int { return c.ix.Dim }

func (c *canopyIndex) len() int { return c.ix.N }

func (c *canopyIndex) places() int { return c.ix.Places() }

func (c *canopyIndex) itemAt(dst []float32, place int) (int64, []float32, error) {
	row, ok, err := c.ix.RowAt(place)
	if err != nil {
		return 0, dst, err
	}
	if !ok {
		return 0, dst, noItem(int64(place), c.ix.Places())
	}
	return c.ix.RowID(row), c.appendRow(dst, row), nil
}

// row is where an item lies.
func (c *canopyIndex) row(id int64) (uint32, error) {
	row, ok, err := c.ix.FindRow(id)
	if err == nil && !ok {
		err = fail(ErrNotFound, "%d", id)
	}
	return row, err
}

func (c *canopyIndex) appendRow(dst []float32, row uint32) []float32 {
	n := len(dst)
	for range c.ix.Dim {
		dst = append(dst, 0)
	}
	copy(dst[n:], c.stored.Row(int(row), dst[n:]))
	return dst
}

func (c *canopyIndex) appendVector(dst []float32, id int64) ([]float32, error) {
	row, err := c.row(id)
	if err != nil {
		return dst, err
	}
	return c.appendRow(dst, row), nil
}

func (c *canopyIndex) distance(i, j int64) (float32, error) {
	a, err := c.row(i)
	if err != nil {
		return 0, err
	}
	b, err := c.row(j)
	if err != nil {
		return 0, err
	}
	var s canopy.Searcher
	return c.metric.distance(s.Between(c.ix, a, b)), nil
}

// search appends the hits of a query, which has been checked.
func (c *canopyIndex) search(dst []Neighbor, q []float32, k int, o *SearchOptions) ([]Neighbor, error) {
	s := c.scratch.Get().(*canopySearcher)
	return c.run(dst, s, q, k, o)
}

// searchByID is search for the vector of an item.
func (c *canopyIndex) searchByID(dst []Neighbor, id int64, k int, o *SearchOptions) ([]Neighbor, error) {
	row, err := c.row(id)
	if err != nil {
		return dst, err
	}
	s := c.scratch.Get().(*canopySearcher)
	s.vec = c.appendRow(s.vec[:0], row)
	return c.run(dst, s, s.vec, k, o)
}

// run searches and appends the hits that the options allow.
func (c *canopyIndex) run(dst []Neighbor, s *canopySearcher, q []float32, k int, o *SearchOptions) ([]Neighbor, error) {
	if o == nil {
		o = &SearchOptions{}
	}
	s.query = canopy.Query{Vec: q, K: min(k, c.ix.N), Filter: o.Filter, Exclude: o.Exclude, Exact: o.Exact}
	if err := c.effort(&s.query, o); err != nil {
		return dst, err
	}
	if o.MaxDistance != 0 || o.MinProduct != 0 {
		// The limit is there before the first row is measured: nothing is found by the way.
		s.query.Effort.Z = max(s.query.Effort.Z, s.query.Effort.Sure)
		s.query.MaxDist, s.query.Bounded = c.metric.raw(o), true
	}
	if c.cold != nil {
		s.fixed = *c.cold
		s.fixed.Rows, s.fixed.More = coldRows(s.query.K)
		s.query.Fixed = &s.fixed
		s.query.Effort.Z += coldZ
	}
	hits, err := s.Search(c.ix, &s.query)
	for _, h := range hits {
		d := c.metric.distance(h.Dist)
		if o.beyond(d) {
			break
		}
		dst = append(dst, Neighbor{ID: c.ix.RowID(h.Row), Distance: d})
	}
	s.query = canopy.Query{} // the pool must not keep what is the caller's
	// Not deferred: a search that a page fault or a filter's panic cut off leaves its marks in the scratch.
	c.scratch.Put(s)
	return dst, err
}

// defaultRecall is what a search looks for unless told otherwise.
const defaultRecall = 0.95

// mostRecall is the largest recall that a calibration has an effort for.
const mostRecall = 0.999

// effort says how much of the index to look at.
func (c *canopyIndex) effort(q *canopy.Query, o *SearchOptions) error {
	if o.Recall > 0 && c.calibration == nil {
		return fail(ErrNotCalibrated, "the canopy was built with Calibrate -1: use SearchK, or Exact")
	}
	if q.Exact {
		return nil
	}
	codes := o.SearchK
	if codes <= 0 && c.calibration != nil {
		recall := o.Recall
		if recall == 0 {
			recall = defaultRecall
		}
		k := q.K
		if n := len(o.Exclude); n > max(1, k/4) {
			// They are found too. What is missed of all may be missed of the others alone.
			k += n
			recall = max(recall, min(1-(1-recall)*float64(q.K)/float64(k), mostRecall))
		}
		e, ok := c.calibration.For(k, recall)
		if !ok || c.ix.BytesFor(e, k) > c.ix.ExactBytes() {
			q.Exact = true
			return nil
		}
		q.Effort = e.Setting
		if k > e.K {
			q.Effort.Z = e.Sure
			q.Effort.Left = float32(min(float64(e.Left), 1-e.Target) / 2)
		}
		return nil
	}
	if codes <= 0 {
		codes = uncalibratedCodes(c.ix.N)
	}
	if codes >= c.ix.N {
		q.Exact = true
		return nil
	}
	q.Effort = canopy.Effort{Probes: int(math.Ceil(float64(codes) / max(c.ix.MeanSlots, 1))), Z: uncalibratedZ}
	if c.calibration != nil {
		if e, ok := c.calibration.Near(q.K, q.Effort.Probes); ok {
			q.Effort.Z = e.Z
			// As many more tops than usual as there.
			wide := float64(e.Tops) / float64(c.ix.TopsFor(e.Probes))
			q.Effort.Tops = int(max(wide, 1) * float64(c.ix.TopsFor(q.Effort.Probes)))
		}
	}
	return nil
}

// uncalibratedCodes is how many codes a search scans where neither effort nor calibration is given: twice what a recall
// of 0.95 took on a million descriptors of photographs, growing as it did with their number.
func uncalibratedCodes(n int) int { return int(200 * math.Pow(float64(n), 0.37)) }

// coldZ is by how many deviations more a cold search lowers its bounds. One in memory also measures what it meets before its limit
// is low, and is calibrated with what that finds: without the 0.4 a cold one falls short by up to 0.028 (SIFT, 100 neighbours, 0.95),
// and with them by nothing, at about as many rows.
const coldZ = 0.4

// coldRows is how many rows a search of a cold index reads, those of the smallest bounds, and how many more at most. A recall
// of 0.95 takes few more; for 0.999 of a hundred answers, to read no more cost 5 % of them.
func coldRows(k int) (rows, more int) { return 100 + 4*k, 700 + 16*k }

// uncalibratedZ is how far below its estimate a bound is there, in deviations: few answers are lost at 2.
const uncalibratedZ = 2

// raw is the largest raw distance that may be within the limits of the options. What it rounds is settled by
// SearchOptions.beyond.
func (m Metric) raw(o *SearchOptions) float32 {
	d := float64(o.MaxDistance)
	switch m {
	case Angular, Euclidean:
		d *= d
	case Cosine:
		d *= 2
	case Dot:
		d = -float64(o.MinProduct)
	}
	return float32(d + 1e-6*math.Abs(d))
}

func (c *canopyIndex) verify(ctx context.Context, tell func(Progress)) error {
	steps := reporter{to: tell}
	err := c.ix.VerifyWith(ctx, func(done, total int64) {
		steps.tell(Progress{Stage: "verify", Done: done, Total: total})
	})
	if err == nil {
		err = c.verifyCalibration()
	}
	if err == nil {
		steps.end()
	}
	return err
}

// verifyCalibration proves that the calibration, which was read whole when the index was opened, asks for no more than there is.
func (c *canopyIndex) verifyCalibration() error {
	if c.calibration == nil {
		return nil
	}
	for _, e := range c.calibration.Entries {
		if e.Probes > max(1, c.ix.NLeaves) || e.Tops > max(1, c.ix.NTops) {
			return &CorruptError{Offset: -1, Reason: fmt.Sprintf("the calibration asks for %d leaves of %d and %d tops of %d",
				e.Probes, c.ix.NLeaves, e.Tops, c.ix.NTops)}
		}
	}
	return nil
}

func (c *canopyIndex) save(path string, warn func(string)) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := c.writeTo(f); err != nil {
		return err
	}
	err = f.Commit()
	tellInPlace(warn, f)
	return err
}

// writeTo writes the file. Where the index is a view by another metric than the file's, the header says that metric.
func (c *canopyIndex) writeTo(w io.Writer) (n int64, err error) {
	head := c.ix.HeaderAs(canopy.Metric(c.metric))
	for _, part := range [][]byte{head, c.data[len(head):]} {
		m, err := writeCopies(w, part, nil)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// key is the key of an item, "" where it has none.
func (c *canopyIndex) key(id int64) (string, error) {
	row, err := c.row(id)
	if err != nil {
		return "", err
	}
	return c.ix.Key(row)
}

// lookup is the id of a key.
func (c *canopyIndex) lookup(key string) (int64, error) {
	if !c.ix.HasKeys() {
		return 0, fail(ErrNotFound, "key %q: the index was built without keys (Builder.AddKey or annoy build --keys gives them)", key)
	}
	row, ok, err := c.ix.Lookup(key)
	switch {
	case err != nil:
		return 0, err
	case !ok || key == "":
		return 0, fail(ErrNotFound, "key %q", key)
	}
	return c.ix.RowID(row), nil
}
