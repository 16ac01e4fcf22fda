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

// A handle is uintptr in C.
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
	_ = call(nil, objectOf(h).close)
	cgo.Handle(h).Delete()
}

//export annoy_len
func annoy_len(h C.uintptr_t) C.int64_t { return C.int64_t(objectOf(h).len()) }

//export annoy_trees
func annoy_trees(h C.uintptr_t) C.int32_t {
	if ix := objectOf(h).index.Load(); ix != nil {
		return C.int32_t(ix.Trees())
	}
	return 0
}

// annoy_shape tells the dimension and the metric, which a canopy that was opened has from its file. The name is the caller's.
//
//export annoy_shape
func annoy_shape(h C.uintptr_t, dim *C.int32_t, metric **C.char) {
	o := objectOf(h)
	o.mu.Lock()
	defer o.mu.Unlock()
	*dim, *metric = C.int32_t(o.dim), C.CString(o.metric.String())
}

// annoy_built tells whether there is an index to search.
//
//export annoy_built
func annoy_built(h C.uintptr_t) C.int32_t {
	if objectOf(h).index.Load() != nil {
		return 1
	}
	return 0
}

//export annoy_set_seed
func annoy_set_seed(h C.uintptr_t, seed C.uint64_t) { objectOf(h).seed.Store(uint64(seed)) }

//export annoy_set_verbose
func annoy_set_verbose(h C.uintptr_t, on C.int32_t) { objectOf(h).verbose.Store(on != 0) }

//export annoy_add
func annoy_add(h C.uintptr_t, id C.int64_t, v *C.float, e *C.annoy_error) C.int32_t {
	o := objectOf(h)
	return warned(e, o, func() error { return o.add(int64(id), vector(v, o.dim)) })
}

// annoy_add_many adds rows under ids, or where ids is NULL under those that follow the largest.
//
//export annoy_add_many
func annoy_add_many(h C.uintptr_t, ids *C.int64_t, rows *C.annoy_rows, e *C.annoy_error) C.int32_t {
	o := objectOf(h)
	m := matrixOf(rows, o.dim)
	return warned(e, o, func() error {
		if ids == nil {
			return o.addNext(m)
		}
		list := unsafe.Slice((*int64)(ids), m.count)
		return o.addMany(m, func(i int) int64 { return list[i] })
	})
}

//export annoy_add_key
func annoy_add_key(h C.uintptr_t, key *C.char, size C.int64_t, v *C.float, e *C.annoy_error) C.int32_t {
	o := objectOf(h)
	return warned(e, o, func() error {
		return o.addKey(unsafe.String((*byte)(unsafe.Pointer(key)), int(size)), vector(v, o.dim))
	})
}

//export annoy_vector
func annoy_vector(h C.uintptr_t, id C.int64_t, out *C.float, e *C.annoy_error) C.int32_t {
	o := objectOf(h)
	return call(e, func() error { return o.vector(unsafe.Slice((*float32)(out), o.dim)[:0], int64(id)) })
}

//export annoy_distance
func annoy_distance(h C.uintptr_t, i, j C.int64_t, out *C.float, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		d, err := objectOf(h).distance(int64(i), int64(j))
		*out = C.float(d)
		return err
	})
}

// vector is the vector at p.
func vector(p *C.float, dim int) []float32 { return unsafe.Slice((*float32)(p), dim) }

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

func matrixOf(r *C.annoy_rows, dim int) matrix {
	return matrix{unsafe.Pointer(r.data), int(r.count), int(r.stride), dim}
}

func (m matrix) row(i int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(m.data, i*m.stride)), m.dim)
}
