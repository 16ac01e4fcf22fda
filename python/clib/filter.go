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
func annoy_filter_ids(ids *C.int64_t, count C.int64_t, h *C.uintptr_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		list, err := given[int64](unsafe.Pointer(ids), int64(count))
		if err == nil {
			*h = filterHandle(annoy.IDFilter(list))
		}
		return err
	})
}

// annoy_filter_mask makes a filter of a byte for each id, 0 for those that are not in it.
//
//export annoy_filter_mask
func annoy_filter_mask(mask *C.uint8_t, count C.int64_t, h *C.uintptr_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		list, err := given[uint8](unsafe.Pointer(mask), int64(count))
		if err != nil {
			return err
		}
		b := roaring64.New()
		for id, in := range list {
			if in != 0 {
				b.Add(uint64(id))
			}
		}
		*h = filterHandle(annoy.Roaring64Filter(b))
		return nil
	})
}

// annoy_filter_roaring makes a filter of a serialised roaring bitmap, of 32 or 64 bits.
//
//export annoy_filter_roaring
func annoy_filter_roaring(data unsafe.Pointer, size C.int64_t, bits C.int32_t, h *C.uintptr_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		bytes, err := given[byte](data, int64(size))
		if err != nil {
			return err
		}
		f, err := roaringFilter(bytes, int(bits))
		if err == nil {
			*h = filterHandle(f)
		}
		return err
	})
}

// roaringFilter reads a bitmap. It copies what it reads: the bytes are C's, and however many there are, used in place.
func roaringFilter(bytes []byte, bits int) (annoy.Filter, error) {
	if bits == 64 {
		b := roaring64.New()
		if err := b.UnmarshalBinary(bytes); err != nil {
			return nil, valueError("annoy: not a roaring bitmap of 64 bits: %v", err)
		}
		return annoy.Roaring64Filter(b), nil
	}
	b := roaring.New()
	if err := b.UnmarshalBinary(bytes); err != nil {
		return nil, valueError("annoy: not a roaring bitmap: %v", err)
	}
	return annoy.RoaringFilter(b), nil
}

func filterHandle(f annoy.Filter) C.uintptr_t { return C.uintptr_t(cgo.NewHandle(f)) }

//export annoy_filter_delete
func annoy_filter_delete(h C.uintptr_t) {
	_ = protect(func() error { cgo.Handle(h).Delete(); return nil })
}
