package parquet

import (
	"encoding/binary"
	"errors"
)

// hybrid decodes integers of width bits, from 0 to 32, in runs that are either
// one number repeated or numbers packed, eight at a time.
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
type hybrid struct {
	b        []byte
	width    uint
	run      uint64 // numbers left in the run
	repeated bool
	number   uint32 // of a repeated run
	packed   []byte // of a packed one
	bit      uint64 // in packed
}

// next returns the next number; 0 without end where the width is 0.
func (h *hybrid) next() (uint32, error) {
	if h.width == 0 {
		return 0, nil
	}
	for h.run == 0 {
		if err := h.begin(); err != nil {
			return 0, err
		}
	}
	h.run--
	if h.repeated {
		return h.number, nil
	}
	at := h.bit / 8
	if h.bit+uint64(h.width) > 8*uint64(len(h.packed)) {
		return 0, errors.New("a packed run ends within itself")
	}
	var window [8]byte // width and the bits before it are 39 at most
	copy(window[:], h.packed[at:])
	x := binary.LittleEndian.Uint64(window[:]) >> (h.bit % 8)
	h.bit += uint64(h.width)
	return uint32(x & (1<<h.width - 1)), nil
}

// begin reads the head of a run, which takes a byte at least, so that runs of
// nothing end too.
func (h *hybrid) begin() error {
	head, n := binary.Uvarint(h.b)
	if n <= 0 {
		return errors.New("they end too early")
	}
	h.b = h.b[n:]
	if h.repeated = head&1 == 0; h.repeated {
		size := int(h.width+7) / 8
		if len(h.b) < size {
			return errors.New("a repeated run ends within itself")
		}
		var number [4]byte
		copy(number[:], h.b[:size])
		h.b, h.number, h.run = h.b[size:], binary.LittleEndian.Uint32(number[:]), head>>1
		return nil
	}
	// A group of eight has width bytes. Writers may leave out the end of the
	// last group, which no value needs.
	groups := head >> 1
	size := uint64(len(h.b))
	if groups < size/uint64(h.width) {
		size = groups * uint64(h.width)
	}
	h.packed, h.bit, h.b = h.b[:size], 0, h.b[size:]
	h.run = 8 * min(groups, 1<<60)
	return nil
}
