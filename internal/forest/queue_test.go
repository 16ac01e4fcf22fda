package forest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestKeyOfKeepsOrder: keys order as the numbers do, and the two zeros are one.
func TestKeyOfKeepsOrder(t *testing.T) {
	inf := float32(math.Inf(1))
	numbers := []float32{-inf, -math.MaxFloat32, -1, -1e-45, 0, 1e-45, 1, math.MaxFloat32, inf}
	for i := 1; i < len(numbers); i++ {
		if keyOf(numbers[i-1]) >= keyOf(numbers[i]) {
			t.Errorf("key of %v is not below key of %v", numbers[i-1], numbers[i])
		}
	}
	if keyOf(float32(math.Copysign(0, -1))) != keyOf(0) {
		t.Error("−0 and 0 have different keys: a margin of 0 would prefer a side")
	}
}

// TestEntryTies: of equal priorities the larger node number comes first, as in Annoy's queue of pairs.
func TestEntryTies(t *testing.T) {
	if entry(7, 3) >= entry(7, 4) || entry(8, 3) <= entry(7, 4) {
		t.Error("entries do not order by priority, then node number")
	}
}

func TestQueueAgainstSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var q queue
	var twin []uint64
	pop := func() {
		slices.Sort(twin)
		want := twin[len(twin)-1]
		if got := q.pop(); got != want {
			t.Fatalf("popped %d, want %d", got, want)
		}
		twin = twin[:len(twin)-1]
	}
	for range 5000 {
		e := uint64(rng.IntN(1000))
		switch {
		case q.empty() || rng.IntN(3) > 0:
			q.push(e)
			twin = append(twin, e)
		case rng.IntN(2) == 0:
			pop()
		default:
			twin = append(twin, e)
			slices.Sort(twin)
			if got, want := q.replaceTop(e), twin[len(twin)-1]; got != want {
				t.Fatalf("replaced %d, want %d", got, want)
			}
			twin = twin[:len(twin)-1]
		}
	}
	for !q.empty() {
		pop()
	}
	if len(twin) != 0 {
		t.Fatalf("%d entries were lost", len(twin))
	}
}

func TestBitmap(t *testing.T) {
	var b bitmap
	b.reset(1000)
	ids := []int32{0, 63, 64, 999}
	for _, id := range ids {
		if !b.add(id) || b.add(id) || !b.has(id) {
			t.Errorf("id %d: added twice, or not at all", id)
		}
	}
	if b.has(1) || b.has(998) {
		t.Error("an id that was not added is marked")
	}
	b.clearIDs(ids)
	for id := range int32(1000) {
		if b.has(id) {
			t.Errorf("id %d is marked after clearing", id)
		}
	}
}
