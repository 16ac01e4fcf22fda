package annoy

import (
	"errors"
	"runtime/debug"

	"github.com/annoy-go/annoy/internal/mmap"
)

// end is deferred after begin: a fault in the mapping becomes *err, any other panic goes on.
func (ix *Index) end(prev bool, err *error) {
	defer ix.gate.leave()
	debug.SetPanicOnFault(prev)
	if r := recover(); r != nil {
		*err = faultError(r, ix.mapped())
	}
}

// mapped is the bytes that can fault.
func (ix *Index) mapped() []byte {
	if ix.file == nil {
		return nil
	}
	return ix.file.Bytes()
}

// faultError is the corruption that a fault in data means; other panics go on.
func faultError(r any, data []byte) error { return corruptFault(mmap.FaultIn(r, data)) }

// corruptFault makes of a fault of the file's bytes the corruption that it means; other errors stay as they are.
func corruptFault(err error) error {
	if fault := (*mmap.FaultError)(nil); errors.As(err, &fault) {
		return &CorruptError{Offset: fault.Offset, Reason: "the page cannot be read: the file was cut short under its mapping, or the disk failed"}
	}
	return err
}

// guarded runs do, on whose goroutine a fault in data becomes an error.
func guarded(data []byte, do func() error) (err error) {
	prev := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(prev)
		if r := recover(); r != nil {
			err = faultError(r, data)
		}
	}()
	return do()
}

func isHole(err error) bool { return errors.Is(err, ErrNotFound) }
