package canopy

import (
	"fmt"

	"github.com/annoy-go/annoy/internal/kernel"
)

// layout says where every vector goes.
type layout struct {
	leaves  []Leaf   // by the partition's numbers, which leave out padding
	numbers []uint32 // 1 more than tops: the first leaf number of each top, padding included
	row     []uint32 // by vector
	spilled []uint32 // by vector: its slot in the second leaf, NoLeaf without one; nil with one assignment
	blocks  uint64
	slots   uint64
}

// layOut counts, and lets each vector follow those of its leaf that arrived before it. Leaves keep their order, which
// is that of their tops.
func layOut(p *Partition) (*layout, error) {
	l := &layout{leaves: make([]Leaf, p.NLeaves()), row: make([]uint32, len(p.Own))}
	for _, leaf := range p.Own {
		l.leaves[leaf].Own++
	}
	for i := range l.leaves {
		l.leaves[i].Slots = l.leaves[i].Own
	}
	for _, leaf := range p.Spill {
		if leaf != NoLeaf {
			l.leaves[leaf].Slots++
		}
	}
	var row uint32
	for i := range l.leaves {
		leaf := &l.leaves[i]
		leaf.FirstRow, leaf.FirstBlock = row, uint32(l.blocks)
		row += leaf.Own
		l.slots += uint64(leaf.Slots)
		if l.blocks += uint64(leaf.Blocks()); l.blocks > maxBlocks {
			return nil, fmt.Errorf("annoy: more than %d codes do not fit one canopy", uint64(maxBlocks)*kernel.BlockSlots)
		}
	}
	next := make([]uint32, len(l.leaves)) // the next slot of each leaf
	for i, leaf := range p.Own {
		l.row[i] = l.leaves[leaf].FirstRow + next[leaf]
		next[leaf]++
	}
	if p.Spill != nil {
		l.spilled = make([]uint32, len(p.Spill))
		for i, leaf := range p.Spill {
			l.spilled[i] = NoLeaf
			if leaf != NoLeaf {
				l.spilled[i] = l.leaves[leaf].FirstBlock*kernel.BlockSlots + next[leaf]
				next[leaf]++
			}
		}
	}
	l.numbers = make([]uint32, len(p.First))
	for t := range p.NTops() {
		children := uint32(p.First[t+1] - p.First[t])
		l.numbers[t+1] = l.numbers[t] + (children+group-1)&^(group-1)
	}
	return l, nil
}
