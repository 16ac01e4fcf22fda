package forest

import (
	"fmt"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/filter"
	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/topk"
)

// Query is what a search asks for.
type Query struct {
	Vec     []float32     // Dim components; for hamming unused
	Bits    []uint64      // hamming: Words words
	K       int           // answers wanted, ≥ 1
	SearchK int           // candidates to collect, counted as Annoy counts them; ≤ 0: K · trees
	Filter  filter.Filter // nil: all items

	// Precise measures small angles in float64. Annoy does not: its order of vectors with nearly one direction is that of their ids.
	Precise bool
}

// scanAlways is how many ids a filter may have and always be scanned rather than searched for.
const scanAlways = 1000

// scans tells whether scanning ids items is cheaper than the walk that finds searchK of
// them among n: the walk meets searchK · n/ids ids, and testing two of those costs about as much as one distance.
func scans(ids, n int, searchK int64) bool {
	return ids <= scanAlways || float64(ids)*float64(ids) <= float64(searchK)*float64(n)/2
}

// Searcher is the scratch memory of one search at a time; the zero value is ready.
// It grows with the items seen and is kept for the next search.
type Searcher struct {
	queue    queue
	seen     bitmap // ids collected
	accepted bitmap // ids collected that the filter contains
	ids      []int32
	dist     []float32
	list     filter.List
	top      topk.Select
	bits     []uint64
}

// Bits is room for a hamming query of n words, valid until the next call.
func (s *Searcher) Bits(n int) []uint64 {
	if cap(s.bits) < n {
		s.bits = make([]uint64, n)
	}
	return s.bits[:n]
}

// Search returns the K nearest of the candidates, nearest first, ties to the smaller id. Distances are
// raw: squared for euclidean, 2−2cos for angular, minus the product for dot. The result
// is valid until the next search.
//
// The walk is Annoy's (github.com/spotify/annoy, annoylib.h): one priority queue
// over all trees, ordered by the smallest margin on the way, largest first.
func (s *Searcher) Search(im *annfile.Image, q *Query) ([]topk.Pair, error) {
	s.ids = s.ids[:0]
	if im.NItems == 0 || q.K < 1 {
		return nil, nil
	}
	searchK := int64(q.SearchK)
	if searchK <= 0 {
		searchK = int64(q.K) * int64(len(im.Roots))
	}
	s.seen.reset(im.NItems)
	sized, _ := q.Filter.(filter.Sized)
	switch {
	case sized != nil && scans(sized.Len(), im.NItems, searchK):
		s.collectFilter(im, sized)
	case searchK >= int64(im.NItems)*int64(len(im.Roots)):
		s.collectAll(im, q.Filter)
	case q.Filter != nil:
		if err := s.collectFiltered(im, q, searchK); err != nil {
			return nil, err
		}
	default:
		if err := s.collect(im, q, searchK); err != nil {
			return nil, err
		}
		s.seen.clearIDs(s.ids)
	}
	if len(s.ids) == 0 {
		return nil, nil
	}
	s.top.Reset(min(q.K, len(s.ids)))
	s.rank(im, q)
	pairs := s.top.Sorted()
	if q.Precise && im.Metric == annfile.Angular {
		refine(im, q.Vec, pairs)
	}
	return pairs, nil
}

// collect walks the trees until searchK ids were met, duplicates counted as
// Annoy does, and leaves the distinct ones in s.ids.
func (s *Searcher) collect(im *annfile.Image, q *Query, searchK int64) error {
	w := walk{im: im, q: q, queue: &s.queue}
	w.start()
	for met := int64(0); met < searchK; {
		ids, err := w.next()
		if err != nil {
			s.seen.clearIDs(s.ids)
			return err
		}
		if ids == nil {
			break
		}
		met += int64(len(ids))
		for _, id := range ids {
			if uint(id) >= uint(im.NItems) {
				s.seen.clearIDs(s.ids)
				return w.badID(id)
			}
			if s.seen.add(id) {
				s.ids = append(s.ids, id)
			}
		}
	}
	return nil
}

// collectFiltered is collect for the ids in a filter: searchK counts only those,
// and at least K distinct ones are looked for. When as many ids were met as
// there are items, testing every item once costs no more than going on, and is exact.
func (s *Searcher) collectFiltered(im *annfile.Image, q *Query, searchK int64) error {
	w := walk{im: im, q: q, queue: &s.queue}
	w.start()
	s.accepted.reset(im.NItems)
	defer func() {
		s.seen.clearAll()
		s.accepted.clearIDs(s.ids)
	}()
	all := 0
	for met := int64(0); met < searchK || len(s.ids) < q.K; {
		ids, err := w.next()
		if err != nil {
			return err
		}
		if ids == nil {
			return nil
		}
		if all += len(ids); all > im.NItems {
			s.accepted.clearIDs(s.ids)
			s.ids = s.ids[:0]
			s.collectAll(im, q.Filter)
			return nil
		}
		for _, id := range ids {
			if uint(id) >= uint(im.NItems) {
				return w.badID(id)
			}
			if s.seen.add(id) && q.Filter.Contains(int64(id)) {
				s.accepted.add(id)
				s.ids = append(s.ids, id)
			}
			if s.accepted.has(id) {
				met++
			}
		}
	}
	return nil
}

// collectFilter takes the ids of a small filter.
func (s *Searcher) collectFilter(im *annfile.Image, f filter.Sized) {
	if l, ok := f.(filter.Lister); ok {
		s.list.Reset(0, int64(im.NItems)-1)
		l.List(&s.list)
		for _, id := range s.list.IDs {
			s.ids = append(s.ids, int32(id))
		}
		return
	}
	for id := range f.All() {
		if id >= 0 && id < int64(im.NItems) && s.seen.add(int32(id)) {
			s.ids = append(s.ids, int32(id))
		}
	}
	s.seen.clearIDs(s.ids)
}

// collectAll takes every id, or every one in the filter.
func (s *Searcher) collectAll(im *annfile.Image, f filter.Filter) {
	for id := range int32(im.NItems) {
		if f == nil || f.Contains(int64(id)) {
			s.ids = append(s.ids, id)
		}
	}
}

// walk goes through the trees, best margin first.
type walk struct {
	im     *annfile.Image
	q      *Query
	queue  *queue
	splits int // splits visited; more than there are tree nodes means a cycle
	node   int32
	one    [1]int32
}

// start seeds the queue with every root.
func (w *walk) start() {
	w.queue.reset()
	first := keyOf(infinite)
	if w.im.Metric == annfile.Hamming {
		first = hammingStart
	}
	for _, r := range w.im.Roots {
		w.queue.push(entry(first, r))
	}
}

// next returns the ids of the next leaf, or nil at the end. The ids are the file's own bytes, unchecked.
func (w *walk) next() ([]int32, error) {
	if w.queue.empty() {
		return nil, nil
	}
	im, e := w.im, w.queue.pop()
	for {
		i := int32(uint32(e))
		w.node = i
		p := im.Node(i)
		n := im.Descendants(p)
		switch {
		case int(i) < im.NItems:
			if n != 1 {
				return nil, corrupt(im, i, "a tree leads to an item whose n_descendants is not 1")
			}
			w.one[0] = i
			return w.one[:], nil
		case im.RootIDs > 0:
			return im.Leaf(p, im.RootIDs), nil
		case n < 1:
			return nil, corrupt(im, i, "n_descendants of a tree node is below 1")
		case int(n) <= im.LeafCap:
			return im.Leaf(p, int(n)), nil
		}
		if w.splits++; w.splits > im.NNodes-im.NItems {
			return nil, corrupt(im, i, "the nodes of the trees form a cycle")
		}
		near, far, err := w.split(i, p, uint32(e>>32))
		if err != nil {
			return nil, err
		}
		// The nearer child is nearly always the next to be popped: when it is, it does not go through the queue.
		if w.queue.empty() || near > w.queue.top() {
			w.queue.push(far)
			e = near
			continue
		}
		w.queue.push(near)
		e = w.queue.replaceTop(far)
	}
}

// split computes the entries of both children of split i, the one with the larger key first.
func (w *walk) split(i int32, p unsafe.Pointer, key uint32) (near, far uint64, err error) {
	im := w.im
	kids := im.Children(p)
	c0, c1 := kids[0], kids[1] // once: whoever rewrites the file in place may change what was checked
	if uint(c0) >= uint(im.NNodes) || uint(c1) >= uint(im.NNodes) {
		return 0, 0, corrupt(im, i, "the number of a child is out of range")
	}
	kernel.Prefetch(uintptr(im.Node(c0)), int(im.Size))
	kernel.Prefetch(uintptr(im.Node(c1)), int(im.Size))
	var k0, k1 uint32
	if im.Metric == annfile.Hamming {
		pos := im.Position(p)
		if pos >= uint64(len(w.q.Bits))*64 {
			return 0, 0, corrupt(im, i, "a split tests a bit that the vectors do not have")
		}
		k0, k1 = key, key
		if annfile.PositionBit(w.q.Bits, pos) {
			k0--
		} else {
			k1--
		}
	} else {
		m := margin(im, p, w.q.Vec)
		k0, k1 = min(key, keyOf(-m)), min(key, keyOf(m))
	}
	e0, e1 := entry(k0, c0), entry(k1, c1)
	return max(e0, e1), min(e0, e1), nil
}

// margin is the signed distance of q to the plane of split p, as far as the order needs it.
func margin(im *annfile.Image, p unsafe.Pointer, q []float32) float32 {
	m := kernel.Dot(im.Floats(p), q)
	switch im.Metric {
	case annfile.Euclidean, annfile.Manhattan:
		m += im.Offset(p)
	case annfile.Dot:
		// 1.17.3 squares the split's own factor, whatever the query; our own files have 0 there.
		if im.Dialect == annfile.Released {
			f := im.Factor(p)
			m += f * f
		}
	}
	return m
}

func (w *walk) badID(id int32) error {
	return corrupt(w.im, w.node, fmt.Sprintf("id %d of %d in a leaf", id, w.im.NItems))
}
