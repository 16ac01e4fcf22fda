package forest

// bitmap marks the ids that a search has met. A bit an item stays in the second-level
// cache for a million items, where Annoy sorts all that it collected to find duplicates.
// It is all zeros between searches.
type bitmap struct{ words []uint64 }

// reset makes room for ids below n.
func (b *bitmap) reset(n int) {
	if need := (n + 63) / 64; need > len(b.words) {
		b.words = make([]uint64, need)
	}
}

// add marks id and tells whether it was not marked before.
func (b *bitmap) add(id int32) bool {
	w, bit := &b.words[uint32(id)/64], uint64(1)<<(uint32(id)%64)
	if *w&bit != 0 {
		return false
	}
	*w |= bit
	return true
}

func (b *bitmap) has(id int32) bool { return b.words[uint32(id)/64]>>(uint32(id)%64)&1 == 1 }

// clearIDs unmarks the ids, and whatever shares a word with them.
func (b *bitmap) clearIDs(ids []int32) {
	for _, id := range ids {
		b.words[uint32(id)/64] = 0
	}
}

func (b *bitmap) clearAll() { clear(b.words) }
