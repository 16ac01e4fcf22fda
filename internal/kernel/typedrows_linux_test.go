package kernel

import (
	"runtime/debug"
	"testing"
	"unsafe"
)

// TestTypedEndOfMapping reads rows, panels and points whose last byte is the last of a mapping.
func TestTypedEndOfMapping(t *testing.T) {
	r := newRand(t)
	pages, fence := guarded(t)
	onPaths(t, func(t *testing.T) {
		for _, e := range elements {
			for _, n := range typedLengths {
				size := n * e.Size()
				if n == 0 || size > len(pages) {
					continue
				}
				count := min(len(pages)/size, 5)
				rows := Rows{Base: unsafe.Add(fence, -size*count), Stride: uintptr(size)}
				ids := make([]uint32, count)
				for i := range ids {
					randomRow(r, e, rows.at(uint32(i)), n)
					ids[i] = uint32(i)
				}
				q, out := make([]float32, n), make([]float32, count)
				fill(r, q)
				last := append([]byte(nil), unsafe.Slice((*byte)(rows.at(uint32(count-1))), size)...)
				for _, k := range typedKernels {
					k.rows(e, q, rows, ids, 2, out)
					want := make([]float32, 1)
					k.rows(e, q, Rows{Base: unsafe.Pointer(&last[0])}, []uint32{0}, 0, want)
					if out[count-1] != want[0] {
						t.Fatalf("%s of %d %vs at the end of a mapping: %v, want %v", k.name, n, e, out[count-1], want[0])
					}
				}
				wide := make([]float32, n)
				Widen(e, rows.at(uint32(count-1)), wide)
				Narrow(e, wide, rows.at(uint32(count-1)))
			}
		}
		for _, n := range typedLengths {
			if n == 0 || 4*n > len(pages) {
				continue
			}
			v := unsafe.Slice((*float32)(unsafe.Add(fence, -4*n)), n)
			fill(r, v)
			at, _ := ArgMin(v, v, 1)
			if want, _ := argMinGo(v, v, 1); at != want {
				t.Fatalf("the smallest of %d at the end of a mapping is at %d, want %d", n, at, want)
			}
			Fits(v, 15)
			Narrow(Float16, v, unsafe.Pointer(&make([]float32, n)[0]))
			Widen(Uint8, unsafe.Pointer(&make([]float32, n)[0]), v)
			var points [ProductPoints]*float32
			for p := range points {
				points[p] = &v[0]
			}
			var out [ProductPoints][ProductCentroids]float32
			Products(&points, make([]float32, n*ProductCentroids), n, &out)
			if 4*n*ProductCentroids <= len(pages) {
				panel := unsafe.Slice((*float32)(unsafe.Add(fence, -4*n*ProductCentroids)), n*ProductCentroids)
				Products(&points, panel, n, &out)
			}
		}
	})
}

// TestTypedFault reads rows that are not there, on the terms of TestFault.
func TestTypedFault(t *testing.T) {
	_, fence := guarded(t)
	onPaths(t, func(t *testing.T) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // it is a property of the goroutine
		const n = 100
		q, out := make([]float32, n), make([]float32, 5)
		for _, e := range elements {
			size := n * e.Size()
			rows := Rows{Base: unsafe.Add(fence, -size), Stride: uintptr(size)} // row 0 is there, row 1 is not
			for _, k := range typedKernels {
				func() {
					defer func() {
						fault, ok := recover().(interface{ Addr() uintptr })
						if !ok {
							t.Errorf("%s of a page that is not there did not panic with an address", k.name)
						} else if a := fault.Addr(); a < uintptr(fence) || a > uintptr(fence)+uintptr(size) {
							t.Errorf("%s: fault at %#x, want it behind %p", k.name, a, fence)
						}
					}()
					k.rows(e, q, rows, []uint32{0, 0, 0, 0, 1}, 3, out)
				}()
				k.rows(e, q, rows, []uint32{0, 0, 0, 0}, 3, out)
			}
		}
	})
}
