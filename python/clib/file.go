//go:build clib

package main

// #include "annoyclib.h"
import "C"

import (
	"encoding/json"
	"errors"
	"unsafe"

	"github.com/annoy-go/annoy"
)

//export annoy_on_disk_build
func annoy_on_disk_build(h C.uintptr_t, path *C.char, e *C.annoy_error) C.int32_t {
	return on(h, e, func(o *object) error { return o.buildOnDisk(C.GoString(path)) })
}

//export annoy_unbuild
func annoy_unbuild(h C.uintptr_t, e *C.annoy_error) C.int32_t {
	return on(h, e, (*object).unbuild)
}

//export annoy_unload
func annoy_unload(h C.uintptr_t, e *C.annoy_error) C.int32_t {
	return on(h, e, (*object).unload)
}

//export annoy_save
func annoy_save(h C.uintptr_t, path *C.char, prefault C.int32_t, e *C.annoy_error) C.int32_t {
	return onWarned(h, e, func(o *object) error { return o.save(C.GoString(path), prefault != 0) })
}

// annoy_load opens a file; access is the name of an annoy.Access.
//
//export annoy_load
func annoy_load(h C.uintptr_t, path *C.char, prefault C.int32_t, access *C.char, e *C.annoy_error) C.int32_t {
	return onWarned(h, e, func(o *object) error {
		var a annoy.Access
		if err := a.UnmarshalText([]byte(C.GoString(access))); err != nil {
			return err
		}
		return o.load(C.GoString(path), prefault != 0, a)
	})
}

// annoy_load_bytes makes an index of the bytes of a file, which must stay where they are, unchanged, until the object has another index.
//
//export annoy_load_bytes
func annoy_load_bytes(h C.uintptr_t, data unsafe.Pointer, size C.int64_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		bytes, err := given[byte](data, int64(size))
		if err != nil {
			return err
		}
		return objectOf(h).loadBytes(bytes)
	})
}

// annoy_size is how many bytes annoy_write will write.
//
//export annoy_size
func annoy_size(h C.uintptr_t, size *C.int64_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		ix := objectOf(h).index.Load()
		if ix == nil {
			return valueError("annoy: there is no index to write: call build() first")
		}
		stats, err := ix.Stats()
		*size = C.int64_t(stats.Bytes)
		return err
	})
}

//export annoy_write
func annoy_write(h C.uintptr_t, to unsafe.Pointer, size C.int64_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		ix := objectOf(h).index.Load()
		if ix == nil {
			return errBusy
		}
		room, err := given[byte](to, int64(size))
		if err != nil {
			return err
		}
		n, err := ix.WriteTo(&writer{room})
		if err == nil && n != int64(size) {
			err = errChanged
		}
		return err
	})
}

var errChanged = errors.New("annoy: the index was replaced while it was being written")

// writer writes to C's memory.
type writer struct{ to []byte }

func (w *writer) Write(p []byte) (int, error) {
	if len(p) > len(w.to) {
		return 0, errChanged
	}
	n := copy(w.to, p)
	w.to = w.to[n:]
	return n, nil
}

// annoy_stats describes the index as JSON, which is the caller's.
//
//export annoy_stats
func annoy_stats(h C.uintptr_t, text **C.char, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		ix := objectOf(h).index.Load()
		if ix == nil {
			return valueError("annoy: there is no index to describe: call build() or open one")
		}
		stats, err := ix.Stats()
		if err != nil {
			return err
		}
		out, err := json.Marshal(&stats)
		*text = C.CString(string(out))
		return err
	})
}

// annoy_metadata is the caller's own bytes in a canopy.
//
//export annoy_metadata
func annoy_metadata(h C.uintptr_t, data *unsafe.Pointer, size *C.int64_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		ix := objectOf(h).index.Load()
		if ix == nil {
			return valueError("annoy: there is no index: call build() or open one")
		}
		b, err := ix.Metadata()
		*data, *size = C.CBytes(b), C.int64_t(len(b))
		return err
	})
}

// annoy_key is the key of an id, "" where it has none.
//
//export annoy_key
func annoy_key(h C.uintptr_t, id C.int64_t, key *unsafe.Pointer, size *C.int64_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		ix := objectOf(h).index.Load()
		if ix == nil {
			return valueError("annoy: keys are read of an index: call build() or open one")
		}
		k, err := ix.Key(int64(id))
		*key, *size = C.CBytes([]byte(k)), C.int64_t(len(k))
		return err
	})
}

//export annoy_lookup
func annoy_lookup(h C.uintptr_t, key *C.char, size C.int64_t, id *C.int64_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		ix := objectOf(h).index.Load()
		if ix == nil {
			return valueError("annoy: keys are read of an index: call build() or open one")
		}
		k, err := given[byte](unsafe.Pointer(key), int64(size))
		if err != nil {
			return err
		}
		found, err := ix.Lookup(string(k))
		if errors.Is(err, annoy.ErrNotFound) {
			return &failure{status: C.ANNOY_KEY, text: err.Error()}
		}
		*id = C.int64_t(found)
		return err
	})
}
