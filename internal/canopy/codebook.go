package canopy

import (
	"context"
	"errors"
)

// Codewords is the number of codewords of a sub-space: a code is a nibble.
const Codewords = 16

// Codebook holds the codewords of every sub-space.
type Codebook struct {
	M, Dims int       // sub-spaces, a multiple of 4, and dimensions of each: 4 or 8
	Words   []float32 // M×Dims×16: component d of codeword c of sub-space j is Words[(j·Dims+d)·16+c]
}

// TrainCodebook finds the codewords for a partition.
func TrainCodebook(ctx context.Context, vs Vectors, sp space, part *Partition, shape Shape, seed uint64, workers int) (*Codebook, error) {
	return nil, errors.ErrUnsupported
}
