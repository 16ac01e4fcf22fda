package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// chooseSets are values of many shapes: what Threshold's search could stumble on.
var chooseSets = []struct {
	name string
	at   func(r *rand.Rand, i int) float32
}{
	{"normal", func(r *rand.Rand, _ int) float32 { return float32(r.NormFloat64()) }},
	{"uniform", func(r *rand.Rand, _ int) float32 { return r.Float32() }},
	{"narrow", func(r *rand.Rand, _ int) float32 { return 100 + r.Float32()/1000 }},
	{"magnitudes", func(r *rand.Rand, _ int) float32 { return float32(math.Exp(60 * r.NormFloat64())) }},
	{"outlier", func(r *rand.Rand, i int) float32 {
		if i == 2 {
			return math.MaxFloat32
		}
		return r.Float32()
	}},
	{"both ends", func(r *rand.Rand, i int) float32 {
		return []float32{-math.MaxFloat32, math.MaxFloat32, r.Float32()}[min(i, 2)]
	}},
	{"equal", func(*rand.Rand, int) float32 { return 3 }},
	{"few values", func(r *rand.Rand, _ int) float32 { return float32(r.IntN(4)) }},
	{"zeros", func(r *rand.Rand, i int) float32 {
		return []float32{0, float32(math.Copysign(0, -1)), 1e-45, -1e-45}[r.IntN(4)]
	}},
	{"some infinite", func(r *rand.Rand, i int) float32 {
		if i%3 == 0 {
			return infinity
		}
		return r.Float32()
	}},
	{"all infinite", func(*rand.Rand, int) float32 { return infinity }},
	{"not numbers", func(r *rand.Rand, i int) float32 {
		return []float32{float32(math.NaN()), -infinity, r.Float32(), r.Float32(), r.Float32()}[i%5]
	}},
}

var chooseLengths = []int{1, 2, 7, 8, 9, 15, 16, 17, 22, 27, 31, 32, 33, 63, 64, 65, 100, 200, 511, 1000, 4096}

// TestThreshold holds the promise against a sorted copy, and asks for the same number on all paths.
func TestThreshold(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 1))
	for _, set := range chooseSets {
		for _, n := range chooseLengths {
			v := make([]float32, n)
			for i := range v {
				v[i] = set.at(r, i)
			}
			sorted := slices.DeleteFunc(slices.Clone(v), func(x float32) bool { return !(x < infinity) })
			slices.Sort(sorted)
			for _, want := range []int{-1, 0, 1, 2, n / 10, n / 2, n - 1, n, n + 1} {
				for _, excess := range []int{0, 1, want / 4, want / 16} {
					first := float32(math.NaN())
					for _, path := range Paths() {
						restore := Force(path)
						got := Threshold(v, want, excess)
						restore()
						if first != first {
							first = got
							checkThreshold(t, fmt.Sprintf("%s: %d of %d", set.name, want, n), sorted, n, want, max(excess, 0), got)
						}
						if got != first {
							t.Fatalf("%s: %d of %d, excess %d: %v is %v, Go %v", set.name, want, n, excess, path, got, first)
						}
					}
				}
			}
		}
	}
}

// checkThreshold takes the values that are not infinite, in their order, of n in all.
func checkThreshold(t *testing.T, name string, sorted []float32, n, want, excess int, got float32) {
	t.Helper()
	if n <= want && got != infinity {
		t.Fatalf("%s: threshold %v, want +Inf", name, got)
	}
	count, _ := slices.BinarySearch(sorted, got)
	if want = min(max(want, 0), len(sorted)); count < want {
		t.Fatalf("%s: %d are less than %v", name, count, got)
	}
	if count > want+excess && want > 0 && sorted[want-1] != sorted[count-1] {
		// No excess over want is as small as this one unless the values between are equal.
		for k := want; k < count; k++ {
			if sorted[k-1] != sorted[k] && k <= want+excess {
				t.Fatalf("%s, excess %d: %d are less than %v, where %d could be", name, excess, count, got, k)
			}
		}
	}
}

// TestBelow compares both outputs with a loop, apart from the input and in its place.
func TestBelow(t *testing.T) {
	r := rand.New(rand.NewPCG(52, 1))
	onPaths(t, func(t *testing.T) {
		for _, set := range chooseSets {
			for _, n := range append([]int{0}, chooseLengths...) {
				v, id := make([]float32, n), make([]uint32, n)
				for i := range v {
					v[i], id[i] = set.at(r, i), r.Uint32()
				}
				thresholds := []float32{infinity, -infinity, 0, float32(math.NaN()), 0.05, 0.5}
				if n > 0 {
					thresholds = append(thresholds, v[n/2], v[n-1])
				}
				for _, threshold := range thresholds {
					testBelow(t, v, id, threshold)
				}
			}
		}
	})
}

func testBelow(t *testing.T, v []float32, id []uint32, threshold float32) {
	t.Helper()
	var wantV []float32
	var wantI, wantID []uint32
	for i, x := range v {
		if x < threshold {
			wantV, wantI, wantID = append(wantV, x), append(wantI, uint32(i)), append(wantID, id[i])
		}
	}
	room := len(wantV) + 16
	check := func(name string, n int, outV []float32, outI, ids []uint32) {
		t.Helper()
		if n != len(wantV) || !slices.Equal(outV[:n], wantV) || !slices.Equal(outI[:n], ids) {
			t.Fatalf("%s, %d values below %v: %d, want %d", name, len(v), threshold, n, len(wantV))
		}
		for i := room; i < len(outV); i++ {
			if outV[i] != -7 || outI[i] != 7 {
				t.Fatalf("%s, %d values below %v: written behind the room", name, len(v), threshold)
			}
		}
	}
	guarded := func(n int) ([]float32, []uint32) {
		a, b := make([]float32, n+16), make([]uint32, n+16)
		for i := range a {
			a[i], b[i] = -7, 7
		}
		return a, b
	}
	outV, outI := guarded(room)
	check("places", Below(v, nil, threshold, outV[:room:room], outI[:room:room]), outV, outI, wantI)
	outV, outI = guarded(room)
	check("ids", Below(v, id, threshold, outV[:room:room], outI[:room:room]), outV, outI, wantID)
	outV, outI = guarded(len(v) + 16)
	copy(outV, v)
	copy(outI, id)
	room = len(outV) - 16
	check("in place", Below(outV[:len(v)], outI[:len(v)], threshold, outV[:room:room], outI[:room:room]), outV, outI, wantID)
}

// TestBelowRefuses asks for a panic where there is no room, not for a write beyond it.
func TestBelowRefuses(t *testing.T) {
	v, id := make([]float32, 40), make([]uint32, 40)
	onPaths(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 8, 16, 39} {
			mustPanic(t, fmt.Sprint("values ", n), func() { Below(v, nil, 1, make([]float32, n), make([]uint32, 90)) })
			mustPanic(t, fmt.Sprint("numbers ", n), func() { Below(v, nil, 1, make([]float32, 90), make([]uint32, n)) })
		}
		mustPanic(t, "ids", func() { Below(v, id[:39:39], 1, make([]float32, 90), make([]uint32, 90)) })
		if n := Below(v, nil, 0, nil, nil); n != 0 {
			t.Errorf("none passes, but %d", n)
		}
	})
}
