package vecio

import "encoding/binary"

// fbin and u8bin: uint32 rows, uint32 dim, then the rows.
// https://big-ann-benchmarks.com

const binHeaderSize = 8

func openBin(in *input, format Format) (head, decoder, error) {
	b, err := in.peek(binHeaderSize)
	if err != nil {
		return head{}, nil, err
	}
	if len(b) < binHeaderSize {
		return head{}, nil, in.errorf(-1, -1, "the file ends within its header: %d of 8 bytes are there", len(b))
	}
	rows, dim := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	in.skip(binHeaderSize)
	return newBlock(in, format.elements()[0], uint64(rows), uint64(dim), binHeaderSize)
}

// appendBinHeader appends the header of a file of that shape.
func appendBinHeader(b []byte, rows int64, dim int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(rows))
	return binary.LittleEndian.AppendUint32(b, uint32(dim))
}
