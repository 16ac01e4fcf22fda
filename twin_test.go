package annoy_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"flag"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/annoy-go/annoy"
)

// seedFlag replays a random test: go test -run NAME -seed N .
var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0: another one every run")

var allMetrics = []annoy.Metric{annoy.Angular, annoy.Euclidean, annoy.Manhattan, annoy.Dot, annoy.Hamming, annoy.Cosine}

func eachMetric(t *testing.T, f func(t *testing.T, m annoy.Metric)) {
	t.Helper()
	for _, m := range allMetrics {
		t.Run(m.String(), func(t *testing.T) { f(t, m) })
	}
}

// seeded is a random source with a fixed seed.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x616e6e6f79)) }

// cloud is n vectors around some centres; of each eighth pair the second repeats the first. Halfway between 0 and
// 1 lies hamming's threshold, so bits of them are mixed.
func cloud(rng *rand.Rand, n, dim int) [][]float32 {
	centres := make([][]float32, 1+n/50)
	for i := range centres {
		centres[i] = gauss(rng, dim, 1)
	}
	out := make([][]float32, n)
	for i := range out {
		out[i] = gauss(rng, dim, 0.5)
		for c, x := range centres[rng.IntN(len(centres))] {
			out[i][c] += x + 0.5
		}
		if i%16 == 1 {
			out[i] = slices.Clone(out[i-1])
		}
	}
	return out
}

func gauss(rng *rand.Rand, dim int, scale float64) []float32 {
	v := make([]float32, dim)
	for c := range v {
		v[c] = float32(rng.NormFloat64() * scale)
	}
	return v
}

// twin is what an index must answer, computed in float64 from the definitions.
type twin struct {
	metric annoy.Metric
	items  map[int64][]float32
}

func newTwin(m annoy.Metric) *twin { return &twin{m, map[int64][]float32{}} }

// twinOf has the vectors under the ids 0, 1, …; every hole-th id is left out, except the last (hole 0: none).
func twinOf(m annoy.Metric, vecs [][]float32, hole int) *twin {
	tw := newTwin(m)
	for i, v := range vecs {
		if hole == 0 || i%hole != hole-1 || i == len(vecs)-1 {
			tw.items[int64(i)] = v
		}
	}
	return tw
}

func (tw *twin) ids() []int64 { return slices.Sorted(maps.Keys(tw.items)) }

// length is the largest id + 1.
func (tw *twin) length() int {
	n := int64(0)
	for id := range tw.items {
		n = max(n, id+1)
	}
	return int(n)
}

// hit is a neighbour with its float64 distance; slack is how far a float32 computation may be off.
type hit struct {
	id          int64
	dist, slack float64
}

// distance of two vectors by the definitions of the metrics.
func distance(m annoy.Metric, a, b []float32) (dist, slack float64) {
	var dot, aa, bb, sum, abs float64
	switch m {
	case annoy.Euclidean:
		for i, x := range a {
			d := float64(x) - float64(b[i])
			sum += d * d
		}
	case annoy.Manhattan:
		for i, x := range a {
			sum += math.Abs(float64(x) - float64(b[i]))
		}
	case annoy.Hamming:
		differ := 0
		for i, x := range a {
			differ += bit(x) ^ bit(b[i])
		}
		sum = float64(differ)
	default:
		for i := range a {
			x, y := float64(a[i]), float64(b[i])
			dot += x * y
			aa += x * x
			bb += y * y
			abs += math.Abs(x * y)
		}
	}
	switch m {
	case annoy.Angular, annoy.Cosine:
		cos := 0.0
		if aa > 0 && bb > 0 {
			cos = dot / math.Sqrt(aa*bb)
		}
		if m == annoy.Cosine {
			return 1 - cos, 2e-6
		}
		return math.Sqrt(max(0, 2-2*cos)), 2e-6 // of the square
	case annoy.Dot:
		return dot, 2e-6*abs + 1e-30
	case annoy.Euclidean:
		return math.Sqrt(sum), 1e-5*math.Sqrt(sum) + 1e-30
	case annoy.Manhattan:
		return sum, 1e-5*sum + 1e-30
	default:
		return sum, 0
	}
}

// bit is what a hamming index makes of a component.
func bit(x float32) int {
	if x > 0.5 {
		return 1
	}
	return 0
}

func nearDistance(m annoy.Metric, got, want, slack float64) bool {
	if m == annoy.Angular {
		return math.Abs(got*got-want*want) <= slack
	}
	return math.Abs(got-want) <= slack
}

// rank is all items that keep allows (nil: all), nearest first, ties to the smaller id.
func (tw *twin) rank(q []float32, keep func(int64) bool) []hit {
	hits := make([]hit, 0, len(tw.items))
	for id, v := range tw.items {
		if keep == nil || keep(id) {
			d, slack := distance(tw.metric, q, v)
			hits = append(hits, hit{id, d, slack})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if tw.metric == annoy.Dot {
			a.dist, b.dist = -a.dist, -b.dist
		}
		return cmp.Or(cmp.Compare(a.dist, b.dist), cmp.Compare(a.id, b.id))
	})
	return hits
}

// checkHits wants the k first of ranked: as many hits, each at its own distance, and the distances those of the
// ranking, place by place. So every id is right, up to near ties.
func (tw *twin) checkHits(t testing.TB, q []float32, k int, hits []annoy.Neighbor, ranked []hit) {
	t.Helper()
	want := ranked[:min(k, len(ranked))]
	if len(hits) != len(want) {
		t.Fatalf("%s: %d hits, want %d", tw.metric, len(hits), len(want))
	}
	tw.checkValid(t, q, hits)
	for i, h := range hits {
		if !nearDistance(tw.metric, float64(h.Distance), want[i].dist, 2*want[i].slack) {
			t.Fatalf("%s: hit %d is %d at %v, want %d at %v", tw.metric, i, h.ID, h.Distance, want[i].id, want[i].dist)
		}
	}
}

// checkValid wants existing ids, none twice, each at its own distance, in order.
func (tw *twin) checkValid(t testing.TB, q []float32, hits []annoy.Neighbor) {
	t.Helper()
	seen := map[int64]bool{}
	for i, h := range hits {
		v, ok := tw.items[h.ID]
		if !ok || seen[h.ID] {
			t.Fatalf("%s: hit %d is %d, which does not exist or came before", tw.metric, i, h.ID)
		}
		seen[h.ID] = true
		d, slack := distance(tw.metric, q, v)
		if !nearDistance(tw.metric, float64(h.Distance), d, slack) {
			t.Fatalf("%s: hit %d is %d at %v, its distance is %v", tw.metric, i, h.ID, h.Distance, d)
		}
		if i > 0 && !inOrder(tw.metric, hits[i-1], h) {
			t.Fatalf("%s: hit %d is %+v, after %+v", tw.metric, i, h, hits[i-1])
		}
	}
}

// inOrder: by (distance, id). Angular and euclidean are sorted before the root is taken, and angular and
// cosine before rounding errors below 0 are cut, which may make two distances equal that were not.
func inOrder(m annoy.Metric, a, b annoy.Neighbor) bool {
	switch {
	case m == annoy.Dot && a.Distance != b.Distance:
		return a.Distance > b.Distance
	case a.Distance != b.Distance:
		return a.Distance < b.Distance
	}
	return m == annoy.Angular || m == annoy.Euclidean || m == annoy.Cosine && a.Distance == 0 || a.ID < b.ID
}

// builder has the twin's items, added by ascending id.
func (tw *twin) builder(t testing.TB, dim int, o *annoy.BuilderOptions) *annoy.Builder {
	t.Helper()
	b, err := annoy.NewBuilder(dim, tw.metric, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	for _, id := range tw.ids() {
		if err := b.Add(int(id), tw.items[id]); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// build is an index of the twin's items.
func (tw *twin) build(t testing.TB, dim, trees int) *annoy.Index {
	t.Helper()
	return build(t, tw.builder(t, dim, nil), &annoy.BuildOptions{Kind: annoy.Forest, Trees: trees})
}

func build(t testing.TB, b *annoy.Builder, o *annoy.BuildOptions) *annoy.Index {
	t.Helper()
	ix, err := b.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	return ix
}

// bytesOf is the .ann file of an index.
func bytesOf(t testing.TB, ix *annoy.Index) []byte {
	t.Helper()
	var buf bytes.Buffer
	if _, err := ix.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// saved is a path in a new directory that an index was saved to.
func saved(t testing.TB, ix *annoy.Index) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.ann")
	if err := ix.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string, o *annoy.OpenOptions) *annoy.Index {
	t.Helper()
	ix, err := annoy.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	return ix
}

func load(t testing.TB, data []byte, m annoy.Metric, dim int) *annoy.Index {
	t.Helper()
	ix, err := annoy.Load(data, &annoy.OpenOptions{Metric: m, Dim: dim})
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func search(t testing.TB, ix *annoy.Index, q []float32, k int, o *annoy.SearchOptions) []annoy.Neighbor {
	t.Helper()
	hits, err := ix.Search(q, k, o)
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

// everything is a SearchK that makes a search exact.
func everything(ix *annoy.Index) *annoy.SearchOptions {
	return &annoy.SearchOptions{SearchK: ix.Len() * ix.Trees()}
}

// idsOf lists the ids of hits.
func idsOf(hits []annoy.Neighbor) []int64 {
	ids := make([]int64, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	return ids
}

// filesIn lists a directory.
func filesIn(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// filterFunc is a filter that cannot list itself.
type filterFunc func(id int64) bool

func (f filterFunc) Contains(id int64) bool { return f(id) }

// floatBytes are the bits of a vector, so that two may be compared to the last one.
func floatBytes(v []float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}
