package kernel

import (
	"runtime/debug"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// guarded returns two pages that can be read and written, and the address of their end, from which on two pages can
// not.
func guarded(t *testing.T) (pages []byte, fence unsafe.Pointer) {
	size := unix.Getpagesize()
	memory, err := unix.Mmap(-1, 0, 4*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	if err := unix.Mprotect(memory[2*size:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return memory[: 2*size : 2*size], unsafe.Pointer(&memory[2*size])
}

// TestEndOfMapping reads vectors whose last byte is the last of a mapping: a kernel that reads beyond its vectors dies
// here.
func TestEndOfMapping(t *testing.T) {
	r := newRand(t)
	pages, fence := guarded(t)
	onPaths(t, func(t *testing.T) {
		for _, n := range edgeLengths {
			if n == 0 || 4*n > len(pages) {
				continue
			}
			count := min(len(pages)/(4*n), 9)
			rows := Rows{Base: unsafe.Add(fence, -4*n*count), Stride: uintptr(4 * n)}
			last := row[float32](rows, int32(count-1), n)
			q := make([]float32, n)
			fill(r, q)
			for i := range count {
				fill(r, row[float32](rows, int32(i), n))
			}
			out := make([]float32, 2*count)
			ids := make([]int32, 2*count)
			for i := range ids {
				ids[i] = int32(i % count)
			}
			for _, k := range floatKernels {
				want := k.one(append([]float32(nil), q...), append([]float32(nil), last...))
				if a, b := k.one(last, q), k.one(q, last); a != want || b != want {
					t.Fatalf("%s of %d components at the end of a mapping: %v and %v, want %v", k.name, n, a, b, want)
				}
				k.many(q, rows, ids, out)
				if got := out[len(out)-1]; got != want {
					t.Fatalf("%sMany of %d components at the end of a mapping: %v, want %v", k.name, n, got, want)
				}
				if k.bound != nil {
					k.bound(q, rows, ids, out, infinity)
					if got := out[len(out)-1]; got != want {
						t.Fatalf("%sManyBound of %d components at the end of a mapping: %v, want %v", k.name, n, got, want)
					}
				}
			}
			Blend(last, 1, q, 0)
			if n%2 == 0 {
				testWordsAtEnd(t, fence, n/2, count)
			}
		}
	})
}

func testWordsAtEnd(t *testing.T, fence unsafe.Pointer, n, count int) {
	t.Helper()
	rows := Rows{Base: unsafe.Add(fence, -8*n*count), Stride: uintptr(8 * n)}
	last := row[uint64](rows, int32(count-1), n)
	q := make([]uint64, n)
	want := hammingGo(q, last)
	out := make([]float32, 1)
	HammingMany(q, rows, []int32{int32(count - 1)}, out)
	if got := Hamming(q, last); got != want || out[0] != float32(want) {
		t.Fatalf("Hamming of %d words at the end of a mapping: %d and %v, want %d", n, got, out[0], want)
	}
}

// TestFault reads a row that is not there. Under debug.SetPanicOnFault that must be a panic with the address, from
// assembly as from Go, and later calls must work.
func TestFault(t *testing.T) {
	_, fence := guarded(t)
	onPaths(t, func(t *testing.T) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // it is a property of the goroutine
		const n = 100
		q, out, words := make([]float32, n), make([]float32, 5), make([]uint64, n/2)
		rows := Rows{Base: unsafe.Add(fence, -4*n), Stride: 4 * n} // row 0 is there, row 1 is not
		ids := []int32{0, 0, 0, 0, 1}
		for name, f := range map[string]func(){
			"Dot":          func() { Dot(q, row[float32](rows, 1, n)) },
			"DotMany":      func() { DotMany(q, rows, ids, out) },
			"L2Many":       func() { L2Many(q, rows, ids, out) },
			"L1Many":       func() { L1Many(q, rows, ids, out) },
			"L2ManyBound":  func() { L2ManyBound(q, rows, ids, out, 1) },
			"HammingMany":  func() { HammingMany(words, rows, ids, out) },
			"Blend's x":    func() { Blend(q, 1, row[float32](rows, 1, n), 1) },
			"L2, one page": func() { L2(row[float32](Rows{unsafe.Add(fence, -4), 0}, 0, n), q) },
		} {
			func() {
				defer func() {
					fault, ok := recover().(interface{ Addr() uintptr })
					if !ok {
						t.Errorf("%s of a page that is not there did not panic with an address", name)
					} else if a := fault.Addr(); a < uintptr(fence) || a > uintptr(fence)+4*n {
						t.Errorf("%s: fault at %#x, want it behind %p", name, a, fence)
					}
				}()
				f()
			}()
		}
		DotMany(q, rows, ids[:4], out)
		if got := Dot(q, row[float32](rows, 0, n)); got != out[0] {
			t.Errorf("after a fault DotMany gives %v, Dot %v", out[0], got)
		}
	})
}
