//go:build clib

package main

// #include "annoyclib.h"
//
// static inline const void *annoy_part(const annoy_bytes *b, int i) { return (const void *)b->parts[i]; }
import "C"

import (
	"unsafe"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/inherit"
)

// annoy_where tells where the bytes of the index are, for annoy_inherit in a process that is forked from this one. They stay there
// until the index is changed by unbuild, unload, load or save, or the object is deleted.
//
//export annoy_where
func annoy_where(h C.uintptr_t, out *C.annoy_bytes) {
	_ = on(h, nil, func(o *object) error {
		*out = C.annoy_bytes{}
		ix := o.index.Load()
		if ix == nil {
			return nil
		}
		b := inherit.Of(ix)
		for i, part := range b.Parts {
			out.parts[i], out.sizes[i] = C.uintptr_t(uintptr(unsafe.Pointer(unsafe.SliceData(part)))), C.int64_t(len(part))
		}
		out.trees, out.seed, out.there = C.int32_t(b.Trees), C.uint64_t(b.Seed), 1
		if b.Mapped {
			out.mapped = 1
		}
		return nil
	})
}

// annoy_inherit makes an index of the bytes that annoy_where told a process before this one: of the file at path, of which they were
// opened with access, or of none where path is empty.
//
//export annoy_inherit
func annoy_inherit(h C.uintptr_t, from *C.annoy_bytes, path, access *C.char, e *C.annoy_error) C.int32_t {
	return on(h, e, func(o *object) error {
		b := inherit.Bytes{Mapped: from.mapped != 0, Trees: int(from.trees), Seed: uint64(from.seed)}
		for i := range b.Parts {
			part, err := given[byte](C.annoy_part(from, C.int(i)), int64(from.sizes[i]))
			if err != nil {
				return err
			}
			b.Parts[i] = part
		}
		var a annoy.Access
		if err := a.UnmarshalText([]byte(C.GoString(access))); err != nil {
			return err
		}
		return o.inherit(b, C.GoString(path), a)
	})
}

func (o *object) inherit(b inherit.Bytes, path string, access annoy.Access) error {
	return o.change(func() error {
		options := o.options()
		options.Access = access
		ix, err := inherit.Take(b, path, &options)
		if err != nil {
			return err
		}
		return o.take(ix.(*annoy.Index))
	})
}
