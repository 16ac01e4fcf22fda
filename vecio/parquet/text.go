package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go/format"
)

// words are values of a BYTE_ARRAY column one after the other, as PLAIN has them:
// the length in four bytes, then the bytes.
type words struct{ rest []byte }

// next returns the next value, which lies in the page.
func (w *words) next() ([]byte, error) {
	if len(w.rest) < 4 {
		return nil, errors.New("a page ends before its last value")
	}
	n := uint64(binary.LittleEndian.Uint32(w.rest))
	if n > uint64(len(w.rest)-4) {
		return nil, fmt.Errorf("a value of %d bytes where its page has %d left", n, len(w.rest)-4)
	}
	word := w.rest[4 : 4+n]
	w.rest = w.rest[4+n:]
	return word, nil
}

// textDictionary keeps where the n values of a dictionary begin.
func (v *values) textDictionary(plain []byte, n int32) error {
	if n < 0 || int64(n)*4 > int64(len(plain)) {
		return fmt.Errorf("a dictionary of %d values in %d bytes", n, len(plain))
	}
	v.dict, v.starts = plain, make([]uint32, 0, n)
	w := words{plain}
	for range n {
		v.starts = append(v.starts, uint32(len(plain)-len(w.rest)))
		if _, err := w.next(); err != nil {
			return fmt.Errorf("a dictionary: %w", err)
		}
	}
	return nil
}

// beginText is beginValues for a BYTE_ARRAY column: values go to v.text.
func (v *values) beginText(e format.Encoding, b []byte) error {
	switch e {
	case format.Plain:
		all := words{b}
		v.decode = func() (_ uint64, err error) {
			v.text, err = all.next()
			return 0, err
		}
	case plainDictionary, format.RLEDictionary:
		index, err := v.indexes(b, len(v.starts))
		if err != nil {
			return err
		}
		v.decode = func() (uint64, error) {
			i, err := index()
			if err == nil {
				one := words{v.dict[v.starts[i]:]}
				v.text, err = one.next()
			}
			return 0, err
		}
	default:
		return fmt.Errorf("encoding %v is not read of text: want PLAIN or RLE_DICTIONARY", e)
	}
	return nil
}

// indexes returns what gives the next index of a page into a dictionary of n
// values.
func (v *values) indexes(b []byte, n int) (func() (uint32, error), error) {
	indexes := &hybrid{}
	if len(b) > 0 {
		indexes.b, indexes.width = b[1:], uint(b[0])
	}
	if indexes.width > 32 {
		return nil, fmt.Errorf("indexes of %d bits", indexes.width)
	}
	return func() (uint32, error) {
		i, err := indexes.next()
		if err != nil {
			return 0, fmt.Errorf("indexes of a dictionary: %w", err)
		}
		if int64(i) >= int64(n) {
			return 0, fmt.Errorf("index %d of a dictionary of %d values", i, n)
		}
		return i, nil
	}, nil
}
