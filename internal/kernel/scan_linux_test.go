package kernel

import (
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"
	"unsafe"
)

// fenced are the ends of mappings.
type fenced []unsafe.Pointer

func newFenced(t *testing.T, n int) fenced {
	f := make(fenced, n)
	for i := range f {
		_, f[i] = guarded(t)
	}
	return f
}

// atFence returns a copy of v that ends where mapping i of f does.
func atFence[T any](f fenced, i int, v []T) []T {
	if len(v) == 0 {
		return nil
	}
	c := unsafe.Slice((*T)(unsafe.Add(f[i], -len(v)*int(unsafe.Sizeof(v[0])))), len(v))
	copy(c, v)
	return c
}

// TestCodedSearchEndOfMapping gives the kernels of coded search slices whose last byte is the last of a mapping, and
// asks for what they make of slices anywhere.
func TestCodedSearchEndOfMapping(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 1))
	f := newFenced(t, 6)
	onPaths(t, func(t *testing.T) {
		for _, m := range []int{4, 8, 12, 32, 36} {
			for count := 1; count <= 4; count++ {
				l := newLeaf(r, m, count, false)
				p := &ScanParams{Unit: 1 / float32(m), Threshold: infinity, Ahead: uintptr(f[1]) - 100}
				bounds, slots := l.scan(t, p, count)
				room := BlockSlots*count + 16
				v, i := atFence(f, 2, make([]float32, room)), atFence(f, 3, make([]uint32, room))
				n := Scan(atFence(f, 0, l.table), m, atFence(f, 1, l.blocks), p, v, i)
				if !slices.Equal(v[:n], bounds) || !slices.Equal(i[:n], slots) {
					t.Fatalf("Scan of %d blocks of %d nibbles gives %d others", count, m, n)
				}
			}
			testTableAtEnd(t, r, f, m)
		}
		for _, dim := range []int{4, 8, 12, 16, 20, 100} {
			testRouteAtEnd(t, r, f, dim)
		}
		for _, n := range typedLengths {
			testChooseAtEnd(t, r, f, n)
		}
	})
}

func testTableAtEnd(t *testing.T, r *rand.Rand, f fenced, m int) {
	t.Helper()
	for dims := 1; dims <= 3; dims++ {
		q, codebook := make([]float32, m*dims), make([]float32, 16*m*dims)
		fill(r, q)
		fill(r, codebook)
		scratch, want := make([]float32, 16*m), make([]byte, 16*m)
		Table(q, codebook, m, dims, scratch, want)
		table := atFence(f, 3, make([]byte, 16*m))
		Table(atFence(f, 0, q), atFence(f, 1, codebook), m, dims, atFence(f, 2, scratch), table)
		if !slices.Equal(table, want) {
			t.Fatalf("Table of %d sub-spaces of %d components is another", m, dims)
		}
	}
}

func testRouteAtEnd(t *testing.T, r *rand.Rand, f fenced, dim int) {
	t.Helper()
	for n := RouteGroup; n <= 3*RouteGroup; n += RouteGroup {
		x, q8, comps := make([]float32, dim), make([]uint8, dim), make([]int8, dim*n)
		fill(r, x)
		Quantize8(x, 40, q8)
		for i := range comps {
			comps[i] = int8(r.IntN(255) - 127)
		}
		norms, bias, want := make([]float32, n), make([]int32, n), make([]float32, n)
		fill(r, norms)
		p := RouteParams{Base: 3, Mul: 1e-3}
		RouteMany(q8, comps, norms, bias, p, want)
		codes, out := atFence(f, 1, make([]uint8, dim)), atFence(f, 5, make([]float32, n))
		Quantize8(atFence(f, 0, x), 40, codes)
		RouteMany(codes, atFence(f, 2, comps), atFence(f, 3, norms), atFence(f, 4, bias), p, out)
		if !slices.Equal(codes, q8) || !slices.Equal(out, want) {
			t.Fatalf("RouteMany of %d centroids of %d components gives others", n, dim)
		}
	}
}

func testChooseAtEnd(t *testing.T, r *rand.Rand, f fenced, n int) {
	t.Helper()
	v, id := make([]float32, n), make([]uint32, n)
	fill(r, v)
	for i := range id {
		id[i] = r.Uint32()
	}
	threshold := Threshold(v, n/3, 0)
	endV, endI := atFence(f, 0, v), atFence(f, 1, id)
	if got := Threshold(endV, n/3, 0); got != threshold {
		t.Fatalf("a third of %d are below %v, want %v", n, got, threshold)
	}
	outV, outI := make([]float32, n+16), make([]uint32, n+16)
	count := Below(v, id, threshold, outV, outI)
	exactV, exactI := atFence(f, 2, make([]float32, count+16)), atFence(f, 3, make([]uint32, count+16))
	for name, got := range map[string]int{
		"apart":    Below(endV, endI, threshold, exactV, exactI),
		"in place": Below(endV, endI, threshold, endV, endI),
	} {
		if got != count {
			t.Fatalf("%d of %d are below %v, %s, want %d", got, n, threshold, name, count)
		}
	}
	if !slices.Equal(exactV[:count], outV[:count]) || !slices.Equal(exactI[:count], outI[:count]) ||
		!slices.Equal(endV[:count], outV[:count]) || !slices.Equal(endI[:count], outI[:count]) {
		t.Fatalf("the %d of %d below %v are others", count, n, threshold)
	}
}

// TestScanFault scans codes and routes to centroids that are not there. Under debug.SetPanicOnFault that must be a
// panic with the address.
func TestScanFault(t *testing.T) {
	_, fence := guarded(t)
	onPaths(t, func(t *testing.T) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		const m, dim = 8, 32
		table, bounds, slots := make([]byte, 16*m), make([]float32, 80), make([]uint32, 80)
		q8, norms, bias := make([]uint8, dim), make([]float32, 32), make([]int32, 32)
		// The first block and group are there, the second are not.
		blocks := unsafe.Slice((*byte)(unsafe.Add(fence, -BlockBytes(m))), 2*BlockBytes(m))
		groups := unsafe.Slice((*int8)(unsafe.Add(fence, -RouteGroup*dim)), 2*RouteGroup*dim)
		for name, f := range map[string]func(){
			"Scan":      func() { Scan(table, m, blocks, &ScanParams{}, bounds, slots) },
			"RouteMany": func() { RouteMany(q8, groups, norms, bias, RouteParams{}, bounds) },
		} {
			func() {
				defer func() {
					fault, ok := recover().(interface{ Addr() uintptr })
					if !ok {
						t.Errorf("%s of a page that is not there did not panic with an address", name)
					} else if a := fault.Addr(); a < uintptr(fence) || a > uintptr(fence)+RouteGroup*dim {
						t.Errorf("%s: fault at %#x, want it behind %p", name, a, fence)
					}
				}()
				f()
			}()
		}
		if n := Scan(table, m, blocks[:BlockBytes(m)], &ScanParams{Threshold: 1}, bounds, slots); n != BlockSlots {
			t.Errorf("after a fault %d slots pass, want all", n)
		}
	})
}
