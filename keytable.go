package annoy

import "hash/maphash"

// keyTable is the keys of a builder's items, each with its place: the bytes in a row and a hash table of places, some
// 20 bytes a key less than a map of strings.
type keyTable struct {
	bytes []byte
	ends  []uint64 // by place, into bytes
	slots []uint32 // place + 1; 0 where free. A power of two, at most three quarters used
	seed  maphash.Seed
}

func newKeyTable() *keyTable { return &keyTable{seed: maphash.MakeSeed()} }

func (t *keyTable) len() int { return len(t.ends) }

// key is the key at a place, valid until the next add.
func (t *keyTable) key(place int) []byte {
	first := uint64(0)
	if place > 0 {
		first = t.ends[place-1]
	}
	return t.bytes[first:t.ends[place]]
}

// place is where a key's item lies.
func (t *keyTable) place(key string) (place int, ok bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	place = int(t.slots[t.slot(key)]) - 1
	return place, place >= 0
}

// slot is that of the key, or the free one that it would take.
func (t *keyTable) slot(key string) int {
	mask := len(t.slots) - 1
	for i := int(maphash.String(t.seed, key)) & mask; ; i = (i + 1) & mask {
		if p := t.slots[i]; p == 0 || string(t.key(int(p)-1)) == key {
			return i
		}
	}
}

// add gives a new key the next place.
func (t *keyTable) add(key string) {
	if 4*(len(t.ends)+1) > 3*len(t.slots) {
		t.slots = make([]uint32, max(16, 2*len(t.slots)))
		for place := range t.ends {
			t.slots[t.slot(string(t.key(place)))] = uint32(place) + 1
		}
	}
	at := t.slot(key)
	t.bytes = append(t.bytes, key...)
	t.ends = append(t.ends, uint64(len(t.bytes)))
	t.slots[at] = uint32(len(t.ends))
}
