//go:build clib

package main

// #include "annoyclib.h"
import "C"

import (
	"runtime/cgo"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/annoy-go/annoy"
)

// annoy_filter_ids makes a filter of a list of ids. annoy_filter_delete gives each of these up.
//
//export annoy_filter_ids
func annoy_filter_ids(ids *C.int64_t, count C.int64_t) C.uintptr_t {
	return filterHandle(annoy.IDFilter(unsafe.Slice((*int64)(ids), count)))
}

// annoy_filter_mask makes a filter of a byte for each id, 0 for those that are not in it.
//
//export annoy_filter_mask
func annoy_filter_mask(mask *C.uint8_t, count C.int64_t) C.uintptr_t {
	b := roaring64.New()
	for id, in := range unsafe.Slice((*uint8)(mask), count) {
		if in != 0 {
			b.Add(uint64(id))
		}
	}
	return filterHandle(annoy.Roaring64Filter(b))
}

// annoy_filter_roaring makes a filter of a serialised roaring bitmap, of 32 or 64 bits.
//
//export annoy_filter_roaring
func annoy_filter_roaring(data unsafe.Pointer, size C.int64_t, bits C.int32_t, h *C.uintptr_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		bytes := C.GoBytes(data, C.int(size))
		if bits == 64 {
			b := roaring64.New()
			if err := b.UnmarshalBinary(bytes); err != nil {
				return valueError("annoy: not a roaring bitmap of 64 bits: %v", err)
			}
			*h = filterHandle(annoy.Roaring64Filter(b))
			return nil
		}
		b := roaring.New()
		if err := b.UnmarshalBinary(bytes); err != nil {
			return valueError("annoy: not a roaring bitmap: %v", err)
		}
		*h = filterHandle(annoy.RoaringFilter(b))
		return nil
	})
}

func filterHandle(f annoy.Filter) C.uintptr_t { return C.uintptr_t(cgo.NewHandle(f)) }

//export annoy_filter_delete
func annoy_filter_delete(h C.uintptr_t) { cgo.Handle(h).Delete() }
