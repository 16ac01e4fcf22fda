package command

import (
	"math/rand/v2"
	"slices"

	"github.com/annoy-go/annoy/internal/words"
)

// demoWords are what the demo asks "more like this" about.
var demoWords = []string{"volcano", "poem", "wolf"}

// demoSet is the word set as the demo uses it: entries in the index, numbered
// by their ids, and entries held out as queries.
type demoSet struct {
	words *words.Set
	items []int   // entry of each id
	held  []int   // entries held out
	ids   []int64 // of demoWords
}

// newDemoSet takes total entries, of which held are held out. The choice
// depends on these numbers alone: both processes of the demo make it alike.
func newDemoSet(total, held int) (*demoSet, error) {
	w, err := words.Load()
	if err != nil {
		return nil, err
	}
	first := make([]int, len(demoWords))
	for i, word := range demoWords {
		first[i] = w.Find(word)
	}
	// The demo's words come first, so that they are never held out.
	order := slices.Clone(first)
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(words.Len) {
		if !slices.Contains(first, i) {
			order = append(order, i)
		}
	}
	d := &demoSet{words: w, items: order[:total-held], held: order[total-held : total]}
	slices.Sort(d.items)
	for _, entry := range first {
		id, _ := slices.BinarySearch(d.items, entry)
		d.ids = append(d.ids, int64(id))
	}
	return d, nil
}

// entry is the entry of an id.
func (d *demoSet) entry(id int64) words.Entry { return d.words.Entry(d.items[id]) }

// vectors gives the vectors of entries.
func (d *demoSet) vectors(entries []int) [][]float32 {
	v := make([][]float32, len(entries))
	for i, entry := range entries {
		v[i] = d.words.Vector(entry)
	}
	return v
}
