package canopy

import (
	"math"

	"github.com/annoy-go/annoy/internal/kernel"
)

const (
	spillWeight     = 1       // λ of SOAR; 0.5 to 4 measured alike
	spillCandidates = 64      // leaves at most, the nearest, whose loss is computed; about 50 on SIFT
	spillScores     = 1 << 18 // distances kept at once: 1 MiB stays in a second-level cache
	belowRoom       = 16      // kernel.Below's
)

// spiller is the memory for finding second leaves.
type spiller struct {
	scores []float32 // of each vector ‖c‖² − 2⟨x, c⟩ of all leaves of its nearest tops, in panels
	fill   []uint32  // of each vector where its scores begin; while they are written, where they go on
	value  []float32
	place  []uint32
	resid  []float32
}

// assignBoth sets Own and Spill of the block's vectors.
func (b *partitioner) assignBoth(f *finder, bl *block) error {
	f.rank(b, bl)
	f.least = grow(f.least, bl.n)
	f.fill = grow(f.fill, bl.n+1)
	for from := 0; from < bl.n; {
		to, total := from, 0
		for to < bl.n {
			width := 0
			for _, t := range f.near[to*f.ranks : (to+1)*f.ranks] {
				width += panelCount(b.leaves[t].n) * panelWidth
			}
			if to > from && total+width > spillScores {
				break
			}
			f.fill[to-from] = uint32(total)
			total += width
			to++
		}
		f.fill[to-from] = uint32(total)
		f.score(b, bl, from, to, total)
		for i := from; i < to; i++ {
			f.choose(b, bl, i, f.scores[f.fill[i-from]:f.fill[i-from+1]])
		}
		from = to
	}
	return nil
}

// score fills scores for the block's vectors from … to−1.
func (f *finder) score(b *partitioner, bl *block, from, to, total int) {
	f.scores = grow(f.scores, total)
	near := f.near[from*f.ranks : to*f.ranks]
	f.byTop(b, near)
	part := block{rows: bl.rows[from*b.Dim:]}
	for t := range b.tops.n {
		list := f.order[f.start[t]:f.start[t+1]]
		ps := &b.leaves[t]
		count := panelCount(ps.n)
		for len(list) > 0 {
			n := min(tilePoints, len(list))
			f.pick(&part, b.Dim, list[:n])
			for p := range count {
				f.tile.multiply(ps, p)
				norms := ps.norms[p*panelWidth : (p+1)*panelWidth]
				for j, place := range list[:n] {
					i := int(place) / f.ranks
					v := f.scores[f.fill[i]:][:panelWidth]
					copy(v, f.tile.out[j][:])
					kernel.Blend(v, -2, norms, 1)
					f.fill[i] += panelWidth
				}
			}
			list = list[n:]
		}
	}
	// Each begins now where it ended, which is where the next one begins.
	copy(f.fill[1:to-from+1], f.fill[:to-from])
	f.fill[0] = 0
}

// choose takes the nearest leaf of vector i of the block, and the second one by SOAR's loss: squared distance, and the
// square of its part along the residual, whose error the first leaf has already. A candidate's loss is at least its
// distance, so only those nearer than the least loss so far are looked at.
func (f *finder) choose(b *partitioner, bl *block, i int, scores []float32) {
	// The tops in the order of the scores: ascending.
	near := f.near[i*f.ranks : (i+1)*f.ranks]
	sortNumbers(near)
	inf := float32(math.Inf(1))
	best, _ := kernel.ArgMin(scores, scores, 1)
	own := f.leafAt(b, near, best)
	scores[best] = inf
	second, _ := kernel.ArgMin(scores, scores, 1)
	b.Own[bl.first+i], b.Spill[bl.first+i] = own, NoLeaf
	if !(scores[second] < inf) {
		return
	}
	x := bl.rows[i*b.Dim : (i+1)*b.Dim]
	f.resid = grow(f.resid, b.Dim)
	r := f.resid
	copy(r, x)
	kernel.Blend(r, 1, b.Leaf(int(own)), -1)
	tail := bl.tails[i] // of the residual against any leaf
	rr, xr := kernel.Dot(r, r)+tail, kernel.Dot(x, r)+tail
	if !(rr > 0) {
		b.Spill[bl.first+i] = f.leafAt(b, near, second)
		return
	}
	loss := func(score, cr float32) float32 { return score + spillWeight*(xr-cr)*(xr-cr)/rr }
	nearest := f.leafAt(b, near, second)
	least := loss(scores[second], kernel.Dot(b.Leaf(int(nearest)), r))
	b.Spill[bl.first+i] = nearest
	f.value, f.place = grow(f.value, len(scores)+belowRoom), grow(f.place, len(scores)+belowRoom)
	n := kernel.Below(scores, nil, least, f.value, f.place)
	if n > spillCandidates {
		t := kernel.Threshold(f.value[:n], spillCandidates, spillCandidates/4)
		n = kernel.Below(f.value[:n], f.place[:n], t, f.value, f.place)
	}
	for c, score := range f.value[:n] {
		if score >= least {
			continue
		}
		leaf := f.leafAt(b, near, int(f.place[c]))
		if l := loss(score, kernel.Dot(b.Leaf(int(leaf)), r)); l < least {
			least, b.Spill[bl.first+i] = l, leaf
		}
	}
}

// leafAt is the leaf of a place of the scores of the tops near.
func (f *finder) leafAt(b *partitioner, near []uint32, at int) uint32 {
	for _, t := range near {
		width := panelCount(b.leaves[t].n) * panelWidth
		if at < width {
			// Padding is +Inf and never taken but where all is.
			return uint32(b.First[t]) + uint32(min(at, b.leaves[t].n-1))
		}
		at -= width
	}
	return 0
}

func sortNumbers(n []uint32) {
	for i := 1; i < len(n); i++ {
		for j := i; j > 0 && n[j-1] > n[j]; j-- {
			n[j-1], n[j] = n[j], n[j-1]
		}
	}
}
