package annoy

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/forest"
	"github.com/annoy-go/annoy/internal/sidecar"
	"github.com/annoy-go/annoy/internal/topk"
)

// forestIndex is the backend of Annoy's kind.
type forestIndex struct {
	im      *annfile.Image
	metric  Metric
	meta    *sidecar.Meta // nil where none describes the file
	seed    uint64
	scratch sync.Pool // of *forest.Searcher
}

func newForestIndex(im *annfile.Image, m Metric) *forestIndex {
	return &forestIndex{im: im, metric: m, scratch: sync.Pool{New: func() any { return new(forest.Searcher) }}}
}

func (f *forestIndex) kind() Kind { return Forest }

func (f *forestIndex) dim() int { return f.im.Dim }

func (f *forestIndex) len() int { return f.im.NItems }

func (f *forestIndex) places() int { return f.im.NItems }

func (f *forestIndex) itemAt(dst []float32, place int) (int64, []float32, error) {
	v, err := f.appendVector(dst, int64(place))
	return int64(place), v, err
}

// item is the node of an id.
func (f *forestIndex) item(id int64) (unsafe.Pointer, error) {
	if id < 0 || id >= int64(f.im.NItems) {
		return nil, noItem(id, f.im.NItems)
	}
	p := f.im.Node(int32(id))
	if f.im.Descendants(p) != 1 {
		return nil, noItem(id, f.im.NItems)
	}
	return p, nil
}

func (f *forestIndex) appendVector(dst []float32, id int64) ([]float32, error) {
	p, err := f.item(id)
	if err != nil {
		return dst, err
	}
	return appendVector(dst, &f.im.Layout, p), nil
}

func appendVector(dst []float32, l *annfile.Layout, p unsafe.Pointer) []float32 {
	if l.Metric == annfile.Hamming {
		return annfile.UnpackBits(dst, l.Bits(p), l.Dim)
	}
	return append(dst, l.Floats(p)...)
}

func (f *forestIndex) distance(i, j int64) (float32, error) {
	for _, id := range [2]int64{i, j} {
		if _, err := f.item(id); err != nil {
			return 0, err
		}
	}
	return f.metric.distance(forest.Raw(f.im, int32(i), int32(j))), nil
}

// distance is what the user is told for a raw distance.
func (m Metric) distance(raw float32) float32 {
	if m == Cosine {
		return max(raw, 0) / 2
	}
	return forest.Distance(m.stored(), raw)
}

func (f *forestIndex) stats(s *Stats) error {
	im := f.im
	s.Items, s.Trees, s.Nodes = im.NItems, im.Trees, im.NNodes
	s.Bytes, s.NodeBytes, s.LeafCapacity = int64(im.NNodes)*int64(im.Size), int(im.Size), im.LeafCap
	s.Sidecar, s.Seed, s.DotDialect = f.meta != nil, f.seed, dialectOf(&im.Layout)
	for i := range int32(im.NItems) {
		if im.Descendants(im.Node(i)) != 1 {
			s.Holes++
		}
	}
	return nil
}

// search appends the hits of a query, which has been checked.
func (f *forestIndex) search(dst []Neighbor, q []float32, k int, o *SearchOptions) ([]Neighbor, error) {
	s := f.scratch.Get().(*forest.Searcher)
	query := forest.Query{Vec: q}
	if f.im.Metric == annfile.Hamming {
		query.Bits = s.Bits(f.im.Words)
		annfile.PackBits(query.Bits, q)
	}
	return f.run(dst, s, &query, k, o)
}

// searchByID is search for the vector of an item.
func (f *forestIndex) searchByID(dst []Neighbor, id int64, k int, o *SearchOptions) ([]Neighbor, error) {
	p, err := f.item(id)
	if err != nil {
		return dst, err
	}
	s := f.scratch.Get().(*forest.Searcher)
	query := forest.Query{}
	if f.im.Metric == annfile.Hamming {
		query.Bits = f.im.Bits(p)
	} else {
		query.Vec = f.im.Floats(p)
	}
	first := len(dst)
	if dst, err = f.run(dst, s, &query, k, o); err == nil && k > 0 && f.hasDirection(id) && o.allows(id) {
		hits := f.itself(dst[first:], id, k)
		dst = append(dst[:first], hits...)
	}
	return dst, err
}

// hasDirection tells whether an item has an angle to others: the zero vector is equally far from all, itself among them.
func (f *forestIndex) hasDirection(id int64) bool {
	return f.im.Metric == annfile.Angular && forest.Same(f.im, int32(id), int32(id))
}

// itself puts an item among its own hits, at distance 0. In Annoy's arithmetic it may be some 3e-4 away from itself, and behind items
// of smaller ids that are at 0 and have other directions. Those of its own direction come before it, as always.
func (f *forestIndex) itself(hits []Neighbor, id int64, k int) []Neighbor {
	hits = slices.DeleteFunc(hits, func(h Neighbor) bool { return h.ID == id })
	place := 0
	for place < len(hits) && hits[place].Distance == 0 && hits[place].ID < id && forest.Same(f.im, int32(hits[place].ID), int32(id)) {
		place++
	}
	hits = slices.Insert(hits, place, Neighbor{ID: id})
	return hits[:min(k, len(hits))]
}

// run searches and appends the hits that the options allow.
func (f *forestIndex) run(dst []Neighbor, s *forest.Searcher, q *forest.Query, k int, o *SearchOptions) ([]Neighbor, error) {
	q.K = min(k, f.im.NItems)
	if o != nil {
		f.limit(q, o)
	}
	pairs, err := s.Search(f.im, q)
	if err == nil {
		dst = f.appendHits(dst, pairs, k, o)
	}
	// Not deferred: a search that a page fault or a filter's panic cut off leaves its marks in the scratch.
	f.scratch.Put(s)
	return dst, err
}

// limit asks for what the options want. As many more are found as may be taken away by Exclude: a walk that was to stop
// after so many candidates for K still does.
func (f *forestIndex) limit(q *forest.Query, o *SearchOptions) {
	q.SearchK, q.Filter = o.SearchK, o.Filter
	if o.Exact {
		q.SearchK, q.Precise = math.MaxInt, true
	}
	if len(o.Exclude) > 0 && q.K > 0 {
		if q.SearchK <= 0 {
			q.SearchK = q.K * len(f.im.Roots)
		}
		q.K = min(q.K+len(o.Exclude), f.im.NItems)
	}
}

// appendHits appends up to k of the answers.
func (f *forestIndex) appendHits(dst []Neighbor, pairs []topk.Pair, k int, o *SearchOptions) []Neighbor {
	for _, p := range pairs {
		d := f.metric.distance(p.Dist)
		if k == 0 || o.beyond(d) {
			break
		}
		if o == nil || !slices.Contains(o.Exclude, int64(p.ID)) {
			dst = append(dst, Neighbor{ID: int64(p.ID), Distance: d})
			k--
		}
	}
	return dst
}

// verify proves every item and tree, and, where there is a sidecar, the checksum of all bytes.
func (f *forestIndex) verify(ctx context.Context, tell func(Progress)) error {
	steps := reporter{to: tell}
	err := f.im.VerifyWith(ctx, func(done, total int64) {
		steps.tell(Progress{Stage: "verify", Done: done, Total: total})
	})
	if err != nil {
		return err
	}
	steps.end()
	if f.meta == nil {
		return nil
	}
	crc, err := f.checksum(ctx, &reporter{to: tell})
	if err != nil {
		return err
	}
	if crc != f.meta.CRC {
		return &CorruptError{Offset: -1, Reason: fmt.Sprintf("CRC-32C of the file is %08x, its sidecar has %08x", crc, f.meta.CRC)}
	}
	return nil
}

// checksum is the CRC-32C of all bytes.
func (f *forestIndex) checksum(ctx context.Context, r *reporter) (crc uint32, err error) {
	items, trees := f.im.Bytes()
	p := Progress{Stage: "checksum", Total: int64(len(items)) + int64(len(trees))}
	for _, part := range [][]byte{items, trees} {
		crc, err = continueCRC(ctx, crc, part, func(n int) {
			p.Done += int64(n)
			r.tell(p)
		})
		if err != nil {
			return 0, err
		}
	}
	r.end()
	return crc, nil
}

func (f *forestIndex) save(path string, warn func(string)) error {
	return saveImage(path, f.im, f.metric, f.seed, warn)
}

func (f *forestIndex) writeTo(w io.Writer) (n int64, err error) {
	items, trees := f.im.Bytes()
	for _, part := range [][]byte{items, trees} {
		k, err := writeCopies(w, part, nil)
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
