package canopy

// pack readies the centroids for assignments.
func (b *partitioner) pack() error {
	b.tops.pack(b.Tops, b.Dim)
	b.leaves = grow(b.leaves, b.NTops())
	return b.each(b.NTops(), func(_, t int) error {
		b.leaves[t].pack(b.Leaves[int(b.First[t])*b.Dim:int(b.First[t+1])*b.Dim], b.Dim)
		return nil
	})
}

// refine assigns all vectors, moves the leaves to the means of their vectors and the tops to the means of theirs, and
// assigns all again, the second leaves too.
func (b *partitioner) refine() error {
	if err := b.pack(); err != nil {
		return err
	}
	s := newSums(b)
	if err := b.sweep(b.assignOwn, s.fold); err != nil {
		return err
	}
	s.move()
	if err := b.pack(); err != nil {
		return err
	}
	if !b.params.Spill {
		return b.sweep(b.assignOwn, nil)
	}
	b.Spill = make([]uint32, len(b.Own))
	return b.sweep(b.assignBoth, nil)
}

func (b *partitioner) assignOwn(f *finder, bl *block) error {
	f.findLeaves(b, bl, b.Own[bl.first:bl.first+bl.n])
	return nil
}

// sums are the sums of the vectors of each leaf, added in ascending order of the vectors whoever adds them.
type sums struct {
	*partitioner
	sum   []float64 // L×Dc
	count []int
	order []uint32 // of the vectors of the blocks at hand, by stripe
	start []uint32
	keys  []uint32
}

// stripes divide the leaves for the adding: leaf l is in stripe l mod stripes.
const stripes = 64

func newSums(b *partitioner) *sums {
	return &sums{partitioner: b, sum: make([]float64, len(b.Leaves)), count: make([]int, b.NLeaves()),
		start: make([]uint32, stripes+1)}
}

// fold adds the vectors of blocks.
func (s *sums) fold(blocks []block) error {
	first := blocks[0].first
	last := &blocks[len(blocks)-1]
	own := s.Own[first : last.first+last.n]
	s.keys, s.order = grow(s.keys, len(own)), grow(s.order, len(own))
	for i, l := range own {
		s.keys[i] = l % stripes
	}
	countingSort(s.keys, s.start, s.order)
	size := len(blocks[0].rows) / s.Dim
	return s.each(stripes, func(_, stripe int) error {
		for _, i := range s.order[s.start[stripe]:s.start[stripe+1]] {
			l := int(own[i])
			s.count[l]++
			sum := s.sum[l*s.Dim : (l+1)*s.Dim]
			bl, at := &blocks[int(i)/size], int(i)%size
			for c, v := range bl.rows[at*s.Dim : (at+1)*s.Dim] {
				sum[c] += float64(v)
			}
		}
		return nil
	})
}

// move moves leaves and tops to their means and drops those that have no vectors.
func (s *sums) move() {
	keep := make([]bool, len(s.count))
	top := make([]float64, s.Dim)
	for t := range s.NTops() {
		clear(top)
		total := 0
		for l := int(s.First[t]); l < int(s.First[t+1]); l++ {
			if s.count[l] == 0 {
				continue
			}
			keep[l] = true
			total += s.count[l]
			sum := s.sum[l*s.Dim : (l+1)*s.Dim]
			setMean(s.Leaf(l), sum, s.count[l])
			for c, v := range sum {
				top[c] += v
			}
		}
		if total > 0 {
			setMean(s.Top(t), top, total)
		}
	}
	s.dropLeaves(keep)
}

func setMean(to []float32, sum []float64, n int) {
	for i, v := range sum {
		to[i] = float32(v / float64(n))
	}
}
