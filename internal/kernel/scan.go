package kernel

import (
	"encoding/binary"
	"math"
)

// A block holds the codes of BlockSlots vectors, each of m nibbles: m·16 bytes of nibbles, placed by NibbleAt, then for
// each slot a little-endian uint32 of two bfloat16, fadd in the upper half and fresc in the lower.
const BlockSlots = 32

// BlockBytes returns the bytes of a block of m nibbles a vector; m is a multiple of 4, the result one of 64.
func BlockBytes(m int) int { return 16*m + 4*BlockSlots }

// NibbleAt returns where in a block the nibble of sub-space j of slot s is: the byte, and how far its bits are shifted
// in it. Four sub-spaces share 64 bytes, one to a 128-bit lane, beside the four tables that they are looked up in; the
// order of the slots in a lane is the one whose even and odd bytes add up to sums in the order of the slots.
func NibbleAt(j, s int) (offset int, shift uint) {
	return j/4*64 + j%4*16 + 2*(s%8) + s/8&1, uint(s / 16 * 4)
}

// BFloat16 rounds x to the upper half of a float32, to nearest and ties to even; what rounds beyond the largest finite
// value becomes infinite, and NaN stays NaN.
func BFloat16(x float32) uint16 {
	b := math.Float32bits(x)
	if x != x {
		return uint16(b>>16) | 0x40 // a bit that the cut cannot lose
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// FromBFloat16 is the float32 of the same value.
func FromBFloat16(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// ScanParams are what Scan needs to know of one leaf and one query.
type ScanParams struct {
	Unit, Shift, Base float32 // bound = fadd + Base + fresc·(sum·Unit + Shift)
	Threshold         float32
	First             uint32  // the slot number of the first slot of the first block
	Ahead             uintptr // address of the blocks to be scanned later, on Prefetch's terms, requested at the same offsets; 0: none
}

// Scan adds up, for each slot of the blocks, the table's entries that its m nibbles choose, and writes the bound and
// the slot number of those whose bound is less than the threshold, in the order of the slots. It returns how many.
// A bound that is infinite or NaN never passes.
//
// The table has m rows of 16 bytes, as Table makes them: no choice of one entry a row may add up to more than 65535.
// The blocks, of BlockBytes(m) each, should be aligned to 64 bytes. Bounds and slots need room for 16 more than all
// slots: what is behind the returned number is scratch.
func Scan(table []byte, m int, blocks []byte, p *ScanParams, bounds []float32, slots []uint32) int {
	if m <= 0 || m%4 != 0 {
		panic("annoy: kernel: scan of codes whose number of nibbles is not a multiple of 4")
	}
	count := len(blocks) / BlockBytes(m)
	if count == 0 {
		return 0
	}
	table = table[:16*m]
	bounds, slots = bounds[:BlockSlots*count+16], slots[:BlockSlots*count+16]
	if !hasScan || current == Go {
		return scanGo(table, m, blocks, count, p, bounds, slots)
	}
	return scan(&table[0], m, &blocks[0], count, p, &bounds[0], &slots[0])
}

func scanGo(table []byte, m int, blocks []byte, count int, p *ScanParams, bounds []float32, slots []uint32) int {
	n := 0
	for b := range count {
		block := blocks[b*BlockBytes(m):][:BlockBytes(m)]
		var sums [BlockSlots]uint16
		for j := range m {
			t, codes := (*[16]byte)(table[16*j:]), (*[16]byte)(block[16*j:])
			for i := range 8 {
				even, odd := codes[2*i], codes[2*i+1]
				sums[i] += uint16(t[even&15])
				sums[8+i] += uint16(t[odd&15])
				sums[16+i] += uint16(t[even>>4])
				sums[24+i] += uint16(t[odd>>4])
			}
		}
		factors := block[16*m:]
		for s, sum := range sums {
			// In float64 the products are exact: this rounds as a fused multiply-add does, but for rare double roundings.
			f := binary.LittleEndian.Uint32(factors[4*s:])
			fadd, fresc := math.Float32frombits(f&0xffff0000), math.Float32frombits(f<<16)
			v := float32(float64(sum)*float64(p.Unit) + float64(p.Shift))
			bound := float32(float64(fresc)*float64(v) + float64(p.Base+fadd))
			if bound < p.Threshold {
				bounds[n], slots[n] = bound, p.First+uint32(BlockSlots*b+s)
				n++
			}
		}
	}
	return n
}
