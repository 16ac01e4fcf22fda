package kernel

// BlockSlots is the number of codes in a block.
const BlockSlots = 32

// BlockBytes is the size of a block of codes of m sub-spaces: a multiple of 64 since m is one of 4.
func BlockBytes(m int) int { return 16*m + 4*BlockSlots }
