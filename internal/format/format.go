// Package format is what the file formats of the library share: the errors of bytes that break their rules, and the byte
// order.
package format

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrCorrupt is what every CorruptError unwraps to.
var ErrCorrupt = errors.New("annoy: corrupt index")

// CorruptError says where the bytes of an index break a rule of the format.
type CorruptError struct {
	Offset int64  // byte offset in the file; -1 where the whole file is meant
	Reason string // what was found and what was expected
}

func (e *CorruptError) Error() string {
	if e.Offset < 0 {
		return "annoy: corrupt index: " + e.Reason
	}
	return fmt.Sprintf("annoy: corrupt index at byte %d: %s", e.Offset, e.Reason)
}

// Unwrap makes errors.Is(err, ErrCorrupt) true.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// ErrVersion is returned for a file that only a later version of the library can read.
var ErrVersion = errors.New("annoy: the file needs a later version of this library")

// LittleEndian tells whether this machine reads the formats in place.
var LittleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// ErrBigEndian is returned on machines whose byte order is not the formats'.
var ErrBigEndian = errors.New("annoy: index files are little-endian and read in place; this machine is big-endian")
