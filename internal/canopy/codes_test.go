package canopy

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/metric"
)

func mustTrain(t testing.TB, vs Vectors, sp space, part *Partition, shape Shape, workers int) *Codebook {
	t.Helper()
	book, err := TrainCodebook(context.Background(), vs, sp, part, shape, CodebookParams{Seed: 3, Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// encoded is all codes of a partition: of every vector against its own leaf, and against its second.
type encoded struct {
	nibbles     []byte
	fadd, fresc float32
	err         float32
	leaf, row   int
}

func encodeAll(vs Vectors, sp space, part *Partition, book *Codebook) []encoded {
	c := NewCoder(sp, part, book)
	var all []encoded
	rows := codedRows(vs, sp)
	for i := range vs.Len() {
		leaves := []int{int(part.Own[i])}
		if part.Spill != nil && part.Spill[i] != NoLeaf {
			leaves = append(leaves, int(part.Spill[i]))
		}
		for _, l := range leaves {
			e := encoded{nibbles: make([]byte, book.M), leaf: l, row: i}
			fadd, fresc, err := c.Encode(rows[i*part.Dim:(i+1)*part.Dim], 0, l, e.nibbles)
			e.fadd, e.fresc, e.err = kernel.FromBFloat16(fadd), kernel.FromBFloat16(fresc), err
			all = append(all, e)
		}
	}
	return all
}

// decodedProduct is ⟨x̂, v⟩ in float64.
func (e *encoded) decodedProduct(book *Codebook, v []float32) float64 {
	var s float64
	for d, x := range v {
		s += float64(x) * float64(book.Words[d*Codewords+int(e.nibbles[d/book.Dims])])
	}
	return s
}

// Estimates are without bias, and spread as the index's one number of errors says, for every shape: in units of the deviation
// that it predicts, errors have mean 0 and mean square 1.
func TestEstimates(t *testing.T) {
	base, queries := wordSet()
	sets := []struct {
		name          string
		base, queries *matrix
		metric        Metric
	}{
		{"words", base, queries, Angular},
		{"normal", normal(3000, 50, 1), normal(40, 50, 2), Euclidean},
		{"products", normal(3000, 50, 1), normal(40, 50, 2), Dot},
	}
	for _, set := range sets {
		for _, shape := range []Shape{One4, One8, Two8} {
			t.Run(fmt.Sprintf("%s/%v", set.name, shape), func(t *testing.T) {
				sp := newSpace(set.metric, set.base.dim).within(largestSquare(set.base))
				part := mustPartition(t, set.base, set.metric, PartitionParams{Leaf: shape.LeafTarget(), Spill: shape.Assignments() == 2, Seed: 1, Workers: 2})
				book := mustTrain(t, set.base, sp, part, shape, 2)
				all := encodeAll(set.base, sp, part, book)
				var cerr float64
				for _, e := range all {
					cerr += float64(e.err) / float64(len(all))
				}
				rows := codedRows(set.base, sp)
				var sum, squares, n float64
				for i := range min(queries.Len(), 40) {
					q := sp.query(set.queries.Row(i, nil), make([]float32, sp.coded()))
					relative := slices.Clone(q)
					kernel.Blend(relative, 1, part.Mean, -1)
					for at := i % 29; at < len(all); at += 29 {
						e := &all[at]
						x := rows[e.row*part.Dim : (e.row+1)*part.Dim]
						c := part.Leaf(e.leaf)
						g, exact := squaredDistance(q, c), squaredDistance(q, x)
						if set.metric == Dot {
							g, exact = product(q, q)-2*product(q, c), product(q, q)-2*product(q, x)
						}
						// The error is of ⟨r, q−c⟩ for products too. Searches, which do not know ‖q−c‖, take a little more.
						reach := math.Sqrt(squaredDistance(q, c))
						estimate := g + float64(e.fadd) + float64(e.fresc)*e.decodedProduct(book, relative)
						deviation := math.Abs(float64(e.fresc)) * 2 * cerr / math.Sqrt(float64(part.Dim)) * reach
						if deviation == 0 {
							continue
						}
						z := (estimate - exact) / deviation
						sum, squares, n = sum+z, squares+z*z, n+1
					}
				}
				mean, root := sum/n, math.Sqrt(squares/n)
				if math.Abs(mean) > 0.1 || root < 0.8 || root > 1.2 {
					t.Errorf("errors of %d estimates have mean %.3f and root mean square %.3f deviations", int(n), mean, root)
				}
			})
		}
	}
}

func largestSquare(vs Vectors) (largest float64) {
	for i := range vs.Len() {
		largest = max(largest, metric.Squares(vs.Row(i, make([]float32, vs.Dim()))))
	}
	return largest
}

func product(a, b []float32) float64 {
	var s float64
	for i, v := range a {
		s += float64(v) * float64(b[i])
	}
	return s
}

// The error of a code is orthogonal to the residual: that is what makes the estimate of a vector's own distance exact, but for
// the rounding of the factors.
func TestCodeOfTheVectorItself(t *testing.T) {
	vs := normal(1500, 30, 4)
	sp := newSpace(Euclidean, 30)
	for _, shape := range []Shape{One4, Two8} {
		part := mustPartition(t, vs, Euclidean, PartitionParams{Leaf: 64, Spill: shape == Two8, Seed: 1, Workers: 2})
		book := mustTrain(t, vs, sp, part, shape, 2)
		for _, e := range encodeAll(vs, sp, part, book) {
			x := slices.Clone(vs.Row(e.row, nil))
			g := squaredDistance(x, part.Leaf(e.leaf))
			kernel.Blend(x, 1, part.Mean, -1)
			estimate := g + float64(e.fadd) + float64(e.fresc)*e.decodedProduct(book, x)
			if bound := (g + math.Abs(float64(e.fadd))) / 64; math.Abs(estimate) > bound {
				t.Fatalf("%v: the distance of vector %d from itself is estimated as %v, ± %v expected", shape, e.row, estimate, bound)
			}
		}
	}
}

func TestCodebookIsTheSameForAnyWorkers(t *testing.T) {
	vs := normal(5000, 19, 3)
	sp := newSpace(Euclidean, 19)
	part := mustPartition(t, vs, Euclidean, PartitionParams{Leaf: 64, Seed: 1, Workers: 2})
	first := mustTrain(t, vs, sp, part, One4, 1)
	for _, workers := range []int{2, 7} {
		if book := mustTrain(t, vs, sp, part, One4, workers); !slices.Equal(book.Words, first.Words) {
			t.Errorf("%d workers: another codebook", workers)
		}
	}
}

// Codes of sets with nothing to learn from are valid and say that the vector is where its centroid is.
func TestCodesOfDegenerateSets(t *testing.T) {
	same := &matrix{dim: 5}
	for range 300 {
		same.rows = append(same.rows, 0.1, 0.2, 0.3, 0.4, 0.5)
	}
	huge := normal(300, 5, 1)
	for i := range huge.rows {
		huge.rows[i] *= 1e18
	}
	for name, vs := range map[string]*matrix{
		"one": {3, []float32{1, 2, 3}}, "three": {1, []float32{1, 2, 4}}, "zeros": {dim: 2, rows: make([]float32, 400)},
		"same": same, "huge": huge, "dim 1": normal(500, 1, 1), "dim 17": normal(500, 17, 1), "dim 4096": normal(40, 4096, 1),
	} {
		for m := Angular; m <= Cosine; m++ {
			for _, shape := range []Shape{One4, One8, Two8} {
				sp := newSpace(m, vs.dim)
				part := mustPartition(t, vs, m, PartitionParams{Leaf: 32, Spill: shape == Two8, Seed: 1, Workers: 2})
				book := mustTrain(t, vs, sp, part, shape, 2)
				for _, e := range encodeAll(vs, sp, part, book) {
					for _, v := range []float32{e.fadd, e.fresc, e.err} {
						if v-v != 0 {
							t.Fatalf("%s, metric %d, %v: vector %d has fadd %v, fresc %v, error %v", name, m, shape, e.row, e.fadd, e.fresc, e.err)
						}
					}
					if slices.Max(e.nibbles) >= Codewords {
						t.Fatalf("%s, metric %d, %v: vector %d has codes %v", name, m, shape, e.row, e.nibbles)
					}
					if (name == "zeros" || name == "one") && (e.fadd != 0 || e.fresc != 0 || e.err != 0) {
						t.Fatalf("%s, metric %d, %v: vector %d is its centroid and has fadd %v, fresc %v, error %v", name, m, shape, e.row, e.fadd, e.fresc, e.err)
					}
				}
			}
		}
	}
}

// A coder that is used again gives the same codes.
func TestCoderKeepsNothing(t *testing.T) {
	vs := normal(600, 21, 8)
	sp := newSpace(Cosine, 21)
	part := mustPartition(t, vs, Cosine, PartitionParams{Leaf: 64, Seed: 1, Workers: 2})
	book := mustTrain(t, vs, sp, part, One8, 2)
	a, b := encodeAll(vs, sp, part, book), NewCoder(sp, part, book)
	rows := codedRows(vs, sp)
	for i := len(a) - 1; i >= 0; i-- {
		nibbles := make([]byte, book.M)
		fadd, fresc, err := b.Encode(rows[i*21:(i+1)*21], 0, a[i].leaf, nibbles)
		if kernel.FromBFloat16(fadd) != a[i].fadd || kernel.FromBFloat16(fresc) != a[i].fresc || err != a[i].err || !bytes.Equal(nibbles, a[i].nibbles) {
			t.Fatalf("vector %d is coded in another way the second time", i)
		}
	}
}
