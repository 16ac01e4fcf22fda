package canopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/format"
	"github.com/annoy-go/annoy/internal/kernel"
)

// numbered is a matrix with ids of its own.
type numbered struct {
	*matrix
	id func(i int) int64
}

func (v *numbered) ID(i int) int64 { return v.id(i) }

// fixture says what a test's file is made of.
type fixture struct {
	fold    int // axes, whatever the vectors; 0: none
	metric  Metric
	n, dim  int
	shape   Shape
	element kernel.Element
	id      func(i int) int64
	keys    bool
	meta    []byte
	reserve int
}

func (f fixture) String() string {
	return fmt.Sprintf("metric %d, %d×%d, %v, %v, keys %v", f.metric, f.n, f.dim, f.shape, f.element, f.keys)
}

func count(i int) int64 { return int64(i) }

// sparse ids are negative, and more than 32 bits.
func sparse(i int) int64 { return (int64(i)*7919%2003 - 600) << 40 }

func key(i int) string {
	if i%5 == 0 {
		return ""
	}
	return fmt.Sprintf("doc-%d", i*7919%4001) // 4001 is prime: no two are equal
}

// assembly partitions random vectors; the codebook is random too: where bytes go does not depend on its merits.
func (f fixture) assembly(t testing.TB) *Assembly {
	t.Helper()
	m := normal(f.n, f.dim, 5)
	if f.element != kernel.Float32 {
		for i, x := range m.rows {
			m.rows[i] = float32(math.Round(float64(min(max(20*x, 0), 100))))
		}
	}
	if f.metric == Hamming {
		m = m.bits()
	}
	return f.assemblyOf(t, m)
}

// assemblyOf is assembly for these vectors.
func (f fixture) assemblyOf(t testing.TB, m *matrix) *Assembly {
	t.Helper()
	sp := newSpace(f.metric, f.dim).within(largestSquare(m))
	if f.fold > 0 {
		sp.axes = mustTurn(t, m, sp, f.fold)
	}
	p, err := NewPartition(t.Context(), m, sp, PartitionParams{Leaf: 40, Spill: f.shape.Assignments() > 1, Seed: 1, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	book := &Codebook{M: f.shape.subspaces(sp.coded(), sp.fold()), Dims: f.shape.Dims() / sp.fold()}
	book.Words = normal(book.M*book.Dims, Codewords, 6).rows
	a := &Assembly{
		Vectors: &numbered{m, f.id}, Space: sp, Shape: f.shape, Partition: p, Codebook: book, Element: f.element,
		About:    About{Seed: 77, Leaf: 40, ShapeWhy: FewestBytes, RowsWhy: Exact, ShapeCost: [3]float64{3, 2, 1}},
		Metadata: f.meta, Calibration: f.reserve, Workers: 1,
	}
	if f.keys {
		a.Keys = key
	}
	return a
}

// fixtures: the first two are large enough that searches scan codes.
var fixtures = []fixture{
	{metric: Euclidean, n: 1400, dim: 9, shape: Two8, id: count, keys: true, meta: []byte("mine"), reserve: 100},
	{metric: Angular, n: 1100, dim: 17, shape: One4, element: kernel.Uint8, id: sparse},
	{metric: Cosine, n: 300, dim: 9, shape: One8, element: kernel.Int8, id: func(i int) int64 { return int64(i) + 1e6 }},
	{metric: Dot, n: 300, dim: 8, shape: Two8, element: kernel.Float16, id: func(i int) int64 { return int64(599 - 2*i) }, keys: true},
	{metric: Hamming, n: 33, dim: 3, shape: One4, id: count, meta: []byte{}},
	{metric: Manhattan, n: 1, dim: 1, shape: Two8, id: func(int) int64 { return math.MinInt64 }, keys: true},
	{metric: Euclidean, n: 0, dim: 4, shape: Two8, id: count, keys: true, reserve: 8},
}

func assemble(t testing.TB, a *Assembly) []byte {
	t.Helper()
	out := new(Memory)
	if _, err := a.Write(context.Background(), out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func mustOpen(t testing.TB, data []byte) *Index {
	t.Helper()
	ix, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func TestFileRoundTrip(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.String(), func(t *testing.T) {
			a := f.assembly(t)
			data := assemble(t, a)
			ix := mustOpen(t, data)
			var last [2]int64
			if err := ix.VerifyWith(t.Context(), func(done, total int64) { last = [2]int64{done, total} }); err != nil {
				t.Fatal(err)
			}
			if last[0] > last[1] {
				t.Errorf("%d steps of %d", last[0], last[1])
			}
			if ix.Metric != f.metric || ix.Dim != f.dim || ix.Coded != a.Space.coded() || ix.N != f.n || ix.Shape != f.shape ||
				ix.Element != f.element || ix.M != a.Codebook.M || ix.Dims != f.shape.Dims() || ix.About != a.About ||
				ix.NTops != a.Partition.NTops() || ix.NLeaves != a.Partition.NLeaves() || ix.RowScale != 1 {
				t.Errorf("opened as %+v", ix)
			}
			if f.metric == Dot && ix.MaxNorm2 != a.Space.limit {
				t.Errorf("largest squared norm %v, want %v", ix.MaxNorm2, a.Space.limit)
			}
			if !slices.Equal(ix.Mean, a.Partition.Mean) || !slices.Equal(ix.Codebook, a.Codebook.Words) {
				t.Error("mean or codebook differ")
			}
			if !bytes.Equal(ix.Metadata(), f.meta) || (ix.Metadata() == nil) != (f.meta == nil) {
				t.Errorf("metadata %q, want %q", ix.Metadata(), f.meta)
			}
			sameItems(t, ix, a)
			sameLeaves(t, ix, a)
			for _, s := range ix.Sections() {
				if s.Offset%64 != 0 || s.Name == "" {
					t.Errorf("section %q at %d", s.Name, s.Offset)
				}
			}
		})
	}
}

// sameItems asks for every vector by its id and by its key.
func sameItems(t *testing.T, ix *Index, a *Assembly) {
	t.Helper()
	if ix.HasKeys() != (a.Keys != nil) {
		t.Errorf("keys: %v", ix.HasKeys())
	}
	x := make([]float32, ix.Dim)
	for i := range a.Vectors.Len() {
		id := a.Vectors.ID(i)
		row, ok, err := ix.FindRow(id)
		if !ok || err != nil || ix.RowID(row) != id {
			t.Fatalf("id %d: row %d, %v (%v)", id, row, ok, err)
		}
		kernel.Widen(ix.Element, ix.Row(row), x)
		if !slices.Equal(x, a.Vectors.Row(i, nil)) {
			t.Fatalf("id %d: %v, want %v", id, x, a.Vectors.Row(i, nil))
		}
		if a.Keys == nil {
			continue
		}
		k, err := ix.Key(row)
		if err != nil || k != a.Keys(i) {
			t.Fatalf("id %d: key %q, want %q (%v)", id, k, a.Keys(i), err)
		}
		if found, ok, err := ix.Lookup(k); err != nil || ok != (k != "") || ok && found != row {
			t.Fatalf("key %q: row %d, want %d (%v)", k, found, row, err)
		}
	}
	for _, id := range []int64{-1, 5e9, math.MaxInt64, int64(2*ix.N) + 1, 1e6 - 1, 598} {
		wanted := false
		for i := range a.Vectors.Len() {
			wanted = wanted || a.Vectors.ID(i) == id
		}
		if _, ok, err := ix.FindRow(id); ok != wanted || err != nil {
			t.Errorf("id %d: %v (%v)", id, ok, err)
		}
	}
	for _, k := range []string{"", "a", "doc-", "doc-99999", "z"} {
		if _, ok, err := ix.Lookup(k); ok || err != nil {
			t.Errorf("key %q: %v (%v)", k, ok, err)
		}
	}
}

// sameLeaves asks for the code of every vector in its leaves, and for the leaves' centroids.
func sameLeaves(t *testing.T, ix *Index, a *Assembly) {
	t.Helper()
	vector := map[uint32]int{}
	for i := range a.Vectors.Len() {
		row, _, _ := ix.FindRow(a.Vectors.ID(i))
		vector[row] = i
	}
	coder, want, x := NewCoder(a.Space, a.Partition, a.Codebook), make([]byte, ix.M), make([]float32, ix.Coded)
	slots := 0
	for top := range uint32(ix.NTops) {
		first, end, err := ix.Children(top)
		if err != nil {
			t.Fatal(err)
		}
		sameCentroid(t, ix, ix.TopGroups, ix.TopNorm[top], int(top), a.Partition.Top(int(top)))
		for child := range uint32(a.Partition.First[top+1] - a.Partition.First[top]) {
			l, which := first+child, int(a.Partition.First[top])+int(child)
			sameCentroid(t, ix, ix.LeafGroups, ix.LeafNorm[l], int(l), a.Partition.Leaf(which))
			leaf, err := ix.Leaf(l)
			if err != nil || l >= end {
				t.Fatal(l, err)
			}
			for s := range leaf.Slots {
				row := leaf.FirstRow + s
				if ix.SlotRow != nil {
					row = ix.SlotRow[leaf.FirstBlock*kernel.BlockSlots+s]
				}
				i := vector[row]
				if s < leaf.Own && int(a.Partition.Own[i]) != which || s >= leaf.Own && int(a.Partition.Spill[i]) != which {
					t.Fatalf("leaf %d, slot %d: vector %d is of another leaf", which, s, i)
				}
				fadd, fresc, _ := coder.Encode(a.Space.item(a.Vectors.Row(i, nil), x), 0, which, want)
				if got, factors := codeAt(ix, leaf, int(s)); !bytes.Equal(got, want) || factors != uint32(fadd)<<16|uint32(fresc) {
					t.Fatalf("leaf %d, slot %d: code %v, factors %08x; want %v, %04x%04x", which, s, got, factors, want, fadd, fresc)
				}
			}
			slots += int(leaf.Slots)
		}
	}
	wanted := a.Vectors.Len()
	for _, l := range a.Partition.Spill {
		if l != NoLeaf {
			wanted++
		}
	}
	if slots != wanted {
		t.Errorf("%d slots, want %d", slots, wanted)
	}
}

// codeAt is the nibbles and factors of a slot.
func codeAt(ix *Index, leaf Leaf, s int) (nibbles []byte, factors uint32) {
	block := ix.LeafBlocks(leaf)[s/kernel.BlockSlots*kernel.BlockBytes(ix.M):]
	s %= kernel.BlockSlots
	for j := range ix.M {
		at, shift := kernel.NibbleAt(j, s)
		nibbles = append(nibbles, block[at]>>shift&15)
	}
	f := block[16*ix.M+4*s:]
	return nibbles, uint32(f[0]) | uint32(f[1])<<8 | uint32(f[2])<<16 | uint32(f[3])<<24
}

// sameCentroid allows half a step in every component.
func sameCentroid(t *testing.T, ix *Index, groups []int8, norm float32, place int, want []float32) {
	t.Helper()
	dim4, sum := (ix.Coded+3)/4*4, 0.0
	for d, w := range want {
		w -= ix.Mean[d]
		sum += float64(w) * float64(w)
		got := float32(groups[place/16*16*dim4+d/4*64+place%16*4+d%4]) * ix.Scale
		if abs(got-w) > 0.501*ix.Scale {
			t.Fatalf("centroid %d: component %d is %v, want %v within %v", place, d, got, w, ix.Scale/2)
		}
	}
	if ix.Metric == Dot {
		sum = ix.MaxNorm2 + product(ix.Mean, ix.Mean) - 2*product(ix.Mean, want)
	}
	if abs(norm-float32(sum)) > 1e-5*float32(sum) {
		t.Fatalf("centroid %d: squared norm %v, want %v", place, norm, sum)
	}
}

// The bytes depend neither on the number of workers, nor on the windows, nor on what they are written to.
func TestFileDeterminism(t *testing.T) {
	for _, f := range fixtures {
		a := f.assembly(t)
		want := assemble(t, a)
		for _, workers := range []int{2, 7} {
			a.Workers = workers
			if !bytes.Equal(assemble(t, a), want) {
				t.Errorf("%v: %d workers give other bytes than 1", f, workers)
			}
		}
		for _, memory := range []int64{0, 1, 5000} {
			a.Memory, a.Workers = memory, 2
			var told []int64
			a.Progress = func(done, total int64) { told = append(told, done, total) }
			if !bytes.Equal(assemble(t, a), want) || !bytes.Equal(onDisk(t, a), want) {
				t.Errorf("%v: windows of %d bytes give other bytes than one", f, memory)
			}
			if n := len(told); n > 0 && told[n-2] != told[n-1] || n == 0 && f.n > 0 {
				t.Errorf("%v: told of %d codes of %d", f, told[max(0, n-2)], told[max(0, n-1)])
			}
		}
		a.Memory = 3000
		if l, err := layOut(a.Partition); err != nil || f.n >= 300 && len(a.windows(&writer{head: a.header(l, surveyIDs(a.Vectors))}, l)) < 3 {
			t.Errorf("%v: too few windows to prove anything (%v)", f, err)
		}
	}
}

func onDisk(t *testing.T, a *Assembly) []byte {
	t.Helper()
	f, err := os.Create(t.TempDir() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := a.Write(t.Context(), Disk{f})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil || int64(len(data)) != b.Size() {
		t.Fatalf("%d bytes of %d (%v)", len(data), b.Size(), err)
	}
	return data
}

func TestFileCalibration(t *testing.T) {
	a := fixtures[0].assembly(t)
	out := new(Memory)
	b, err := a.Write(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := mustOpen(t, out.Bytes()).Calibration(); c != nil || err != nil {
		t.Errorf("before any: %q (%v)", c, err)
	}
	if err := b.SetCalibration(make([]byte, 101)); err == nil {
		t.Error("101 bytes where 100 were reserved")
	}
	for _, want := range []string{string(bytes.Repeat([]byte("x"), 100)), "short"} {
		if err := b.SetCalibration([]byte(want)); err != nil {
			t.Fatal(err)
		}
		ix := mustOpen(t, out.Bytes())
		if c, err := ix.Calibration(); string(c) != want || err != nil {
			t.Errorf("%q, want %q (%v)", c, want, err)
		}
		if err := ix.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		bad := slices.Clone(out.Bytes())
		bad[ix.calibration.offset] ^= 1
		if c, err := mustOpen(t, bad).Calibration(); !errors.Is(err, format.ErrCorrupt) {
			t.Errorf("damaged: %q (%v)", c, err)
		}
	}
}

func TestFileRefusesTheSameTwice(t *testing.T) {
	for what, f := range map[string]fixture{
		"id 0 is there twice":             {metric: Euclidean, n: 50, dim: 4, shape: One4, id: func(i int) int64 { return int64(i % 49) }},
		"id 1099511627776 is there twice": {metric: Euclidean, n: 50, dim: 4, shape: One4, id: func(i int) int64 { return int64(max(i, 2)%49) << 39 }},
	} {
		if _, err := f.assembly(t).Write(t.Context(), new(Memory)); err == nil || err.Error() != "annoy: "+what {
			t.Errorf("%s: %v", what, err)
		}
	}
	a := fixtures[0].assembly(t)
	a.Keys = func(i int) string { return key(i % 600) }
	if _, err := a.Write(t.Context(), new(Memory)); err == nil {
		t.Error("equal keys: no error")
	}
}

// A row of int8 for components far smaller than 1 needs its scale.
func TestFileRowScale(t *testing.T) {
	f := fixtures[0]
	a := f.assembly(t)
	a.Element, a.RowScale = kernel.Int8, 0.05
	ix := mustOpen(t, assemble(t, a))
	x := make([]float32, ix.Dim)
	for i := range ix.N {
		row, _, _ := ix.FindRow(int64(i))
		kernel.Widen(ix.Element, ix.Row(row), x)
		for d, want := range a.Vectors.Row(i, nil) {
			if got := x[d] * ix.RowScale; abs(got-want) > 0.0251 {
				t.Fatalf("vector %d, component %d: %v, want %v", i, d, got, want)
			}
		}
	}
}

// Keys of 4 GiB and more have wider offsets.
func TestFileWideKeys(t *testing.T) {
	if narrow, wide := offsetBytes(1<<32-1), offsetBytes(1<<32); narrow != 4 || wide != 8 {
		t.Errorf("offsets of %d and %d bytes", narrow, wide)
	}
	a := fixtures[0].assembly(t)
	ix := mustOpen(t, assemble(t, a))
	for _, at := range ix.keys.narrow {
		ix.keys.wide = append(ix.keys.wide, uint64(at))
	}
	ix.keys.narrow = nil
	sameItems(t, ix, a)
	ix.keys.wide[3] = 1 << 40
	if _, err := ix.Key(3); !errors.Is(err, format.ErrCorrupt) {
		t.Errorf("an offset beyond the keys: %v", err)
	}
}

func TestLive(t *testing.T) {
	for _, ids := range [][]int64{
		{}, {5}, {1, 2, 3}, {3, 2, 1}, {1, 1, 1}, {1, 2, 1, 3}, {7, 7, 8}, {math.MinInt64, math.MaxInt64, 0, math.MinInt64},
		{1 << 50, 3, 1 << 50, 3, 4},
	} {
		last := map[int64]int{}
		for i, id := range ids {
			last[id] = i
		}
		var want []uint32
		for i, id := range ids {
			if last[id] == i {
				want = append(want, uint32(i))
			}
		}
		if len(want) == len(ids) {
			want = nil
		}
		if got := Live(len(ids), func(i int) int64 { return ids[i] }); !slices.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%v: %v live, want %v", ids, got, want)
		}
	}
}
