package vecio

import (
	"encoding/binary"
	"io"
)

// fvecs, bvecs and ivecs: every row is its own number of components, an
// int32, and then the components. http://corpus-texmex.irisa.fr

// vecs decodes rows that each begin with their number of components.
type vecs struct {
	in *input
	c  *codec
}

func openVecs(in *input, format Format) (head, decoder, error) {
	e := format.elements()[0]
	v := &vecs{in: in, c: &codecs[e]}
	dim, err := v.rowDim(0)
	if err != nil {
		return head{}, nil, err
	}
	if dim < 1 || dim > MaxDim {
		return head{}, nil, in.errorf(0, -1, "the row says it has %d components: want 1 to %d", dim, MaxDim)
	}
	h := head{element: e, dim: dim, len: -1}
	if in.size >= 0 {
		rowBytes := int64(4 + dim*v.c.size)
		h.len = in.size / rowBytes
		if rest := in.size % rowBytes; rest != 0 {
			return head{}, nil, in.errorf(h.len, -1,
				"the file ends %d bytes into this row of %d: it was cut short, or its rows differ in length", rest, rowBytes)
		}
	}
	return h, v, nil
}

// rowDim returns the number with which the next row begins, without
// consuming it; io.EOF when there is no row.
func (v *vecs) rowDim(row int64) (int, error) {
	b, err := v.in.peek(4)
	switch {
	case err != nil:
		return 0, err
	case len(b) == 0:
		return 0, io.EOF
	case len(b) < 4:
		return 0, v.in.errorf(row, -1, "the file ends within this row: %d of the 4 bytes of its length are there", len(b))
	}
	return int(int32(binary.LittleEndian.Uint32(b))), nil
}

func (v *vecs) next(dst []float32, row int64) (int64, error) {
	in, err := v.begin(len(dst), row)
	if err != nil {
		return 0, err
	}
	return row, in.readRow(dst, v.c, row)
}

func (v *vecs) begin(want int, row int64) (*input, error) {
	dim, err := v.rowDim(row)
	if err != nil {
		return nil, err
	}
	if dim != want {
		return nil, v.in.errorf(row, -1, "the row says it has %d components, row 0 has %d", dim, want)
	}
	v.in.skip(4)
	return v.in, nil
}

// appendVecsPrefix appends what stands before a row of dim components.
func appendVecsPrefix(b []byte, dim int) []byte {
	return binary.LittleEndian.AppendUint32(b, uint32(dim))
}
