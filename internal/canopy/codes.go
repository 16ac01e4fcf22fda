package canopy

// Coder codes vectors against leaves. It is for one goroutine: each has its own.
type Coder struct {
	part *Partition
	book *Codebook
}

// NewCoder returns a coder for a partition's leaves.
func NewCoder(sp space, part *Partition, book *Codebook) *Coder {
	return &Coder{part: part, book: book}
}

// Encode codes x, which is in the coded space, against a leaf. It sets nibbles[j], 0 … 15, for each of the M sub-spaces, and
// returns the two factors of the bound as bfloat16, and err, ‖e‖/2s, by which the errors of estimates go; 0 where the
// code says nothing (s = 0).
func (c *Coder) Encode(x []float32, leaf int, nibbles []byte) (fadd, fresc uint16, err float32) {
	return 0, 0, 0
}
