//go:build clib

// Command clib is the Go library behind a C interface, for the Python module: go build -tags clib -buildmode=c-shared.
// It is the only package with cgo, and so is built only where the tag clib asks for it. It reaches indexes by the
// public API, but for those that a forked process inherits (package inherit).
//
// Handles are what C has of an object, a filter or a job. Memory that C passes stays C's: vectors and results are used in
// place during the call, and nothing is kept but the bytes of annoy_load_bytes. A panic is returned as an error of
// the kind ANNOY_RUNTIME.
package main

// #include "annoyclib.h"
// #include <stdlib.h>
import "C"

import (
	"math"
	"runtime/cgo"
	"unsafe"
)

func main() {}

// objectOf panics where the handle is of no object: it is called where that becomes an error.
func objectOf(h C.uintptr_t) *object { return cgo.Handle(h).Value().(*object) }

//export annoy_version
func annoy_version() C.int32_t { return C.ANNOY_CLIB_VERSION }

//export annoy_free
func annoy_free(p unsafe.Pointer) { C.free(p) }

//export annoy_new
func annoy_new(dim C.int32_t, metric *C.char, canopy C.int32_t, h *C.uintptr_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		o, err := newObject(int(dim), C.GoString(metric), canopy != 0)
		if err == nil {
			*h = C.uintptr_t(cgo.NewHandle(o))
		}
		return err
	})
}

//export annoy_delete
func annoy_delete(h C.uintptr_t) {
	_ = on(h, nil, func(o *object) error {
		defer cgo.Handle(h).Delete()
		return o.close()
	})
}

//export annoy_len
func annoy_len(h C.uintptr_t) C.int64_t {
	return ask(h, func(o *object) C.int64_t { return C.int64_t(o.len()) })
}

//export annoy_trees
func annoy_trees(h C.uintptr_t) C.int32_t {
	return ask(h, func(o *object) C.int32_t {
		if ix := o.index.Load(); ix != nil {
			return C.int32_t(ix.Trees())
		}
		return 0
	})
}

// annoy_shape tells the dimension and the metric, which a canopy that was opened has from its file. The name is the caller's.
//
//export annoy_shape
func annoy_shape(h C.uintptr_t, dim *C.int32_t, metric **C.char, e *C.annoy_error) C.int32_t {
	return on(h, e, func(o *object) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		*dim, *metric = C.int32_t(o.dim), C.CString(o.metric.String())
		return nil
	})
}

// annoy_built tells whether there is an index to search.
//
//export annoy_built
func annoy_built(h C.uintptr_t) C.int32_t {
	return ask(h, func(o *object) C.int32_t {
		if o.index.Load() != nil {
			return 1
		}
		return 0
	})
}

//export annoy_set_seed
func annoy_set_seed(h C.uintptr_t, seed C.uint64_t) {
	_ = on(h, nil, func(o *object) error { o.seed.Store(uint64(seed)); return nil })
}

//export annoy_set_verbose
func annoy_set_verbose(h C.uintptr_t, verbose C.int32_t) {
	_ = on(h, nil, func(o *object) error { o.verbose.Store(verbose != 0); return nil })
}

//export annoy_add
func annoy_add(h C.uintptr_t, id C.int64_t, v *C.float, e *C.annoy_error) C.int32_t {
	return onWarned(h, e, func(o *object) error {
		q, err := vector(v, o.dim)
		if err != nil {
			return err
		}
		return o.add(int64(id), q)
	})
}

// annoy_add_many adds rows under ids, or where ids is NULL under those that follow the largest.
//
//export annoy_add_many
func annoy_add_many(h C.uintptr_t, ids *C.int64_t, rows *C.annoy_rows, e *C.annoy_error) C.int32_t {
	return onWarned(h, e, func(o *object) error {
		m, err := matrixOf(rows, o.dim)
		if err != nil {
			return err
		}
		if ids == nil {
			return o.addNext(m)
		}
		list, err := given[int64](unsafe.Pointer(ids), int64(m.count))
		if err != nil {
			return err
		}
		return o.addMany(m, func(i int) int64 { return list[i] })
	})
}

//export annoy_add_key
func annoy_add_key(h C.uintptr_t, key *C.char, size C.int64_t, v *C.float, e *C.annoy_error) C.int32_t {
	return onWarned(h, e, func(o *object) error {
		k, err := given[byte](unsafe.Pointer(key), int64(size))
		if err != nil {
			return err
		}
		q, err := vector(v, o.dim)
		if err != nil {
			return err
		}
		return o.addKey(string(k), q)
	})
}

//export annoy_vector
func annoy_vector(h C.uintptr_t, id C.int64_t, out *C.float, e *C.annoy_error) C.int32_t {
	return on(h, e, func(o *object) error {
		v, err := vector(out, o.dim)
		if err != nil {
			return err
		}
		return o.vector(v[:0], int64(id))
	})
}

//export annoy_distance
func annoy_distance(h C.uintptr_t, i, j C.int64_t, out *C.float, e *C.annoy_error) C.int32_t {
	return on(h, e, func(o *object) error {
		d, err := o.distance(int64(i), int64(j))
		*out = C.float(d)
		return err
	})
}

// vector is the vector at p.
func vector(p *C.float, dim int) ([]float32, error) {
	return given[float32](unsafe.Pointer(p), int64(dim))
}

// given is memory of C's as a slice of n elements. A number that no memory can have is an error.
func given[T any](p unsafe.Pointer, n int64) ([]T, error) {
	var element T
	switch {
	case n < 0 || n > math.MaxInt/int64(unsafe.Sizeof(element)):
		return nil, valueError("annoy: %d elements were passed, want 0 to %d", n, math.MaxInt/int64(unsafe.Sizeof(element)))
	case p == nil && n > 0:
		return nil, valueError("annoy: %d elements were passed without memory", n)
	}
	return unsafe.Slice((*T)(p), n), nil
}

// matrix is annoy_rows.
type matrix struct {
	data   unsafe.Pointer
	count  int
	stride int
	dim    int
}

func matrixOf(r *C.annoy_rows, dim int) (matrix, error) {
	return newMatrix(unsafe.Pointer(r.data), int64(r.count), int64(r.stride), dim)
}

// newMatrix checks the numbers, so that no row's address overflows. Rows may lie backwards.
func newMatrix(data unsafe.Pointer, count, stride int64, dim int) (matrix, error) {
	switch {
	case count < 0:
		return matrix{}, valueError("annoy: %d rows were passed", count)
	case data == nil && count > 0:
		return matrix{}, valueError("annoy: %d rows were passed without memory", count)
	case stride == math.MinInt64 || count > 0 && max(stride, -stride) > math.MaxInt/count:
		return matrix{}, valueError("annoy: %d rows were passed, %d bytes apart", count, stride)
	}
	return matrix{data, int(count), int(stride), dim}, nil
}

// each is how many elements n for each of count are.
func each(count int, n int64) (int64, error) {
	if n < 0 || n > 0 && int64(count) > math.MaxInt/n {
		return 0, valueError("annoy: %d rows of %d results were asked for", count, n)
	}
	return int64(count) * n, nil
}

func (m matrix) row(i int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(m.data, i*m.stride)), m.dim)
}
