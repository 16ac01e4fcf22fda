package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTable compares the products that the table stands for with float64, and all paths with each other, bit by bit.
func TestTable(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 1))
	for _, dims := range []int{1, 2, 4, 8} {
		for _, m := range []int{4, 8, 12, 32, 36, 100, 256, 512, 1024} {
			q, codebook := make([]float32, m*dims), make([]float32, m*dims*16)
			fill(r, q)
			fill(r, codebook)
			clear(q[len(q)-dims:]) // padding: a sub-space of range 0
			testTable(t, q, codebook, m, dims)
		}
	}
}

func testTable(t *testing.T, q, codebook []float32, m, dims int) {
	t.Helper()
	products := make([]float64, 16*m)
	for j := range m {
		for c := range 16 {
			for d := range dims {
				products[16*j+c] += float64(q[j*dims+d]) * float64(codebook[(j*dims+d)*16+c])
			}
		}
	}
	var first []byte
	var firstUnit, firstBias float32
	onPaths(t, func(t *testing.T) {
		scratch, table := make([]float32, 16*m+1), make([]byte, 16*m+1)
		scratch[16*m], table[16*m] = -7, 77
		unit, bias := Table(q, codebook, m, dims, scratch[:16*m:16*m], table[:16*m:16*m])
		if scratch[16*m] != -7 || table[16*m] != 77 {
			t.Fatalf("m %d, dims %d: written behind the table", m, dims)
		}
		table = table[:16*m]
		if first == nil {
			first, firstUnit, firstBias = table, unit, bias
		}
		if string(table) != string(first) || unit != firstUnit || bias != firstBias {
			t.Fatalf("m %d, dims %d: not the table of another path", m, dims)
		}
		var largest byte
		var most, minima float64
		for j := range m {
			least := products[16*j]
			for _, x := range products[16*j:][:16] {
				least = min(least, x)
			}
			minima += least
			var row byte
			for c, b := range table[16*j:][:16] {
				got, want := float64(b)*float64(unit), products[16*j+c]-least
				if !(math.Abs(got-want) <= 0.501*float64(unit)) {
					t.Fatalf("m %d, dims %d: entry %d of %d stands for %v, want %v, unit %v", m, dims, c, j, got, want, unit)
				}
				row = max(row, b)
			}
			largest = max(largest, row)
			most += float64(row)
		}
		if math.Abs(float64(bias)-minima) > 1e-5*float64(m)*math.Abs(minima) {
			t.Errorf("m %d, dims %d: bias %v, want %v", m, dims, bias, minima)
		}
		if most > 65535 {
			t.Errorf("m %d, dims %d: a sum of %v does not fit into 16 bits", m, dims, most)
		}
		if largest < 255 && most < 64000 {
			t.Errorf("m %d, dims %d: largest entry %d, largest sum %v: the unit is larger than need be", m, dims, largest, most)
		}
	})
}

// TestTableZero gives queries without range: every entry is 0.
func TestTableZero(t *testing.T) {
	codebook := make([]float32, 4*4*16)
	fill(rand.New(rand.NewPCG(32, 1)), codebook)
	onPaths(t, func(t *testing.T) {
		for _, x := range []float32{0, 1e-38, 1e-45} {
			q, scratch, table := make([]float32, 16), make([]float32, 64), make([]byte, 64)
			for i := range q {
				q[i] = x
			}
			for i := range table {
				table[i] = 7
			}
			unit, bias := Table(q, codebook, 4, 4, scratch, table)
			if unit != 1 || math.Abs(float64(bias)) > 1e-35 {
				t.Errorf("components %v: unit %v, bias %v, want 1 and 0", x, unit, bias)
			}
			for i, b := range table {
				if b != 0 {
					t.Fatalf("components %v: entry %d is %d", x, i, b)
				}
			}
		}
	})
}
