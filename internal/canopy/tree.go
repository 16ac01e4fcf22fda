package canopy

import (
	"slices"

	"github.com/annoy-go/annoy/internal/kiss"
)

// findTops finds the tops, and the mean, on a sample.
func (b *partitioner) findTops() error {
	n := len(b.Own)
	k := topCount(n, b.params.Leaf)
	list := spread(n, min(n, max(k*leastTopSample, min(k*topSample, b.room()))), kiss.Stream(b.params.Seed, streamSample, 0))
	rows := make([]float32, len(list)*b.Dim)
	if err := b.gather(list, rows); err != nil { // the mean is still zero
		return err
	}
	sum := make([]float64, b.Dim)
	for at := 0; at < len(rows); at += b.Dim {
		for i, v := range rows[at : at+b.Dim] {
			sum[i] += float64(v)
		}
	}
	for i, v := range sum {
		b.Mean[i] = float32(v / float64(len(list)))
	}
	if err := b.gather(list, rows); err != nil {
		return err
	}
	rng := kiss.Stream(b.params.Seed, streamTops, 0)
	tops, err := b.kmeans(rows, b.Dim, k, topRounds, &rng)
	if err != nil {
		return err
	}
	if b.Tops, err = b.splitTops(rows, tops, len(list)/k, splitLevels, &rng); err != nil {
		return err
	}
	b.tops.pack(b.Tops, b.Dim)
	return nil
}

// splitTops divides tops that have more than splitFrom times the mean number of the sample's rows among tops of their own, so many
// levels deep. K-means leaves such tops where most vectors are close together and some far away; finding the leaves of one takes
// time with the square of its vectors, and so does routing through it.
func (b *partitioner) splitTops(rows, tops []float32, mean, levels int, rng *kiss.Source) ([]float32, error) {
	k := len(tops) / b.Dim
	own := make([]uint32, len(rows)/b.Dim)
	var ps panels
	ps.pack(tops, b.Dim)
	err := b.chunks(len(own), assignChunk, func(w, from, to int) error {
		b.finders[w].tile.nearest(&ps, rows[from*b.Dim:to*b.Dim], own[from:to])
		return nil
	})
	if err != nil {
		return nil, err
	}
	start, order := make([]uint32, k+1), make([]uint32, len(own))
	countingSort(own, start, order)
	var out []float32
	for t := range k {
		members := order[start[t]:start[t+1]]
		if len(members) <= splitFrom*max(mean, 1) {
			out = append(out, tops[t*b.Dim:(t+1)*b.Dim]...)
			continue
		}
		part := make([]float32, 0, len(members)*b.Dim)
		for _, i := range members {
			part = append(part, rows[int(i)*b.Dim:][:b.Dim]...)
		}
		parts, err := b.kmeans(part, b.Dim, len(members)/max(mean, 1), topRounds, rng)
		if err == nil && levels > 1 && len(parts) > b.Dim {
			parts, err = b.splitTops(part, parts, mean, levels-1, rng)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, parts...)
	}
	return out, nil
}

// spread draws m different numbers of 0 … n−1, m ≤ n, ascending: one from each of m nearly equal parts.
func spread(n, m int, rng kiss.Source) []int {
	list := make([]int, m)
	end := 0
	for j := range list {
		from := end
		end = int(uint64(j+1) * uint64(n) / uint64(m))
		list[j] = from + rng.Index(end-from)
	}
	return list
}

// assignTops sets Own to the nearest top, for the time being.
func (b *partitioner) assignTops() error {
	return b.sweep(func(f *finder, bl *block) error {
		f.tile.nearest(&b.tops, bl.rows[:bl.n*b.Dim], b.Own[bl.first:bl.first+bl.n])
		return nil
	}, nil)
}

// findLeaves finds the leaves of every top on a sample of its vectors. The samples of as many tops as Memory has room
// for are read in one pass.
func (b *partitioner) findLeaves() error {
	k1 := len(b.Tops) / b.Dim
	counts := make([]int, k1)
	for _, t := range b.Own {
		counts[t]++
	}
	room := b.room()
	leaves := make([][]float32, k1)
	var samples []float32
	for from := 0; from < k1; {
		to, total := from, 0
		for to < k1 {
			if m := b.sampleSize(counts[to]); to == from || total+m <= room {
				total += m
				to++
				continue
			}
			break
		}
		samples = grow(samples, total*b.Dim)
		if err := b.findLeavesOf(from, to, counts, samples, leaves); err != nil {
			return err
		}
		from = to
	}
	b.First = make([]int32, 1, k1+1)
	kept := b.Tops[:0]
	for t, centroids := range leaves {
		if len(centroids) > 0 {
			kept = append(kept, b.Top(t)...)
			b.Leaves = append(b.Leaves, centroids...)
			b.First = append(b.First, int32(len(b.Leaves)/b.Dim))
		}
	}
	b.Tops = kept
	return nil
}

// room is how many vectors of a sample may be held at once.
func (b *partitioner) room() int {
	memory := b.params.Memory
	if memory <= 0 {
		memory = defaultSampleBytes
	}
	return int(max(memory, leastSampleBytes) / int64(4*b.Dim))
}

// sampleSize is how many of a top's n vectors its leaves are found on.
func (b *partitioner) sampleSize(n int) int { return min(n, leafSample*leafCount(n, b.params.Leaf)) }

// findLeavesOf finds the leaves of tops from … to−1, with room for their samples.
func (b *partitioner) findLeavesOf(from, to int, counts []int, samples []float32, leaves [][]float32) error {
	picks := make([][]int, to-from) // of each top: the ordinals of the sample among its vectors
	start := make([]int, to-from+1)
	for i := range picks {
		n := counts[from+i]
		picks[i] = spread(n, b.sampleSize(n), kiss.Stream(b.params.Seed, streamLeafSample, uint64(from+i)))
		start[i+1] = start[i] + len(picks[i])
	}
	// list has the numbers of the sampled vectors, ascending, and place where each goes: the sample of a top is together.
	list, place := make([]int, 0, start[len(picks)]), make([]int, 0, start[len(picks)])
	seen, taken := make([]int, len(picks)), make([]int, len(picks))
	for i, t := range b.Own {
		at := int(t) - from
		if at < 0 || at >= len(picks) {
			continue
		}
		for pick := picks[at]; taken[at] < len(pick) && pick[taken[at]] == seen[at]; taken[at]++ {
			list = append(list, i)
			place = append(place, start[at]+taken[at])
		}
		seen[at]++
	}
	err := b.chunks(len(list), assignChunk, func(w, from, to int) error {
		b.finders[w].load(b, to-from, func(j int) int { return list[from+j] }, func(j int) []float32 { return samples[place[from+j]*b.Dim:][:b.Dim] }, nil)
		return nil
	})
	if err != nil {
		return err
	}
	find := func(p *pool, at int) (err error) {
		top := from + at
		rng := kiss.Stream(b.params.Seed, streamLeaves, uint64(top))
		rows := samples[start[at]*b.Dim : start[at+1]*b.Dim]
		leaves[top], err = p.kmeans(rows, b.Dim, leafCount(counts[top], b.params.Leaf), leafRounds, &rng)
		b.progress.add(int64(counts[top]))
		return err
	}
	// A top that is much of the work is all workers'; the others are one worker's each, the largest first.
	var small []int
	for at, pick := range picks {
		if len(pick) > len(list)/(4*b.workers) {
			if err := find(b.pool, at); err != nil {
				return err
			}
		} else {
			small = append(small, at)
		}
	}
	slices.SortStableFunc(small, func(x, y int) int { return len(picks[y]) - len(picks[x]) })
	alone := b.alone()
	return b.each(len(small), func(_, i int) error { return find(alone, small[i]) })
}
