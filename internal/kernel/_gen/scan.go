package main

import (
	"encoding/binary"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const scanSignature = "func(table *byte, m int, blocks *byte, count int, params *float32, bounds *float32, slots *uint32) int"

const scanDoc = `adds up the entries of the table that the m nibbles of each slot choose, m a multiple of 4, in count blocks,
count ≥ 1, and writes the bounds that are less than the threshold and their slots; it returns how many. Up to 16 of
bounds and slots behind them are scratch.`

// The fields of ScanParams.
const (
	paramUnit      = 0
	paramShift     = 4
	paramBase      = 8
	paramThreshold = 12
	paramFirst     = 16
	paramAhead     = 24
)

// Registers of the scan kernels.
var (
	sTable  = reg.RDI
	sBlock  = reg.RSI // the codes of the block, later its factors
	sAhead  = reg.R11 // the same place in the blocks ahead
	sEnd    = reg.RBX // bytes of a block's codes
	sOffset = reg.RAX // bytes done
	sBlocks = reg.RCX // blocks left
	sBounds = reg.R8
	sSlots  = reg.R9
	sFound  = reg.R10
	sParams = reg.RDX
)

// scanForm is what differs between the scan kernels: zero clears the sums, chunk adds the entries of the 64 bytes of
// codes at sBlock + sOffset to them, and finish makes bounds of them and writes those that pass.
type scanForm struct {
	name                string
	layout              string
	setup, zero, finish func(k *kernel)
	chunk               func(k *kernel, place int)
}

func (f scanForm) emit(c *build.Context) {
	k := &kernel{Context: c}
	k.Function("scan" + f.name)
	k.Attributes(attr.NOSPLIT)
	k.SignatureExpr(scanSignature)
	k.Doc(strings.Split("scan"+f.name+" "+scanDoc, "\n")...)
	k.Pragma("noescape")
	k.describe("DI table, SI block, R11 block ahead, BX bytes of codes, AX byte offset, CX blocks left, R8 bounds, R9 slots,",
		"R10 results, DX parameters or scratch;", f.layout)
	k.Load(k.Param("table"), sTable)
	k.Load(k.Param("m"), sEnd)
	k.SHLQ(operand.Imm(4), sEnd)
	k.Load(k.Param("blocks"), sBlock)
	k.Load(k.Param("count"), sBlocks)
	k.Load(k.Param("bounds"), sBounds)
	k.Load(k.Param("slots"), sSlots)
	k.Load(k.Param("params"), sParams)
	k.Comment("Without blocks ahead, those that are read anyway are requested.")
	k.MOVQ(operand.Mem{Base: sParams, Disp: paramAhead}, sAhead)
	k.TESTQ(sAhead, sAhead)
	k.CMOVQEQ(sBlock, sAhead)
	f.setup(k)
	k.XORL(reg.R10L, reg.R10L)
	k.MOVQ(sEnd, reg.R13)
	k.ANDQ(operand.I8(-128), reg.R13)
	block, codes, last, done := k.label("block"), k.label("codes"), k.label("last"), k.label("done")
	k.Label(block)
	f.zero(k)
	k.XORL(reg.EAX, reg.EAX)
	k.TESTQ(reg.R13, reg.R13)
	k.JEQ(operand.LabelRef(last))
	k.Label(codes)
	for i := range 2 {
		k.PREFETCHT0(operand.Mem{Base: sAhead, Index: sOffset, Scale: 1, Disp: 64 * i})
		f.chunk(k, i)
	}
	k.SUBQ(operand.I8(-128), sOffset)
	k.CMPQ(sOffset, reg.R13)
	k.JLT(operand.LabelRef(codes))
	k.TESTQ(operand.U32(64), sEnd)
	k.JEQ(operand.LabelRef(done))
	k.Label(last)
	k.PREFETCHT0(operand.Mem{Base: sAhead, Index: sOffset, Scale: 1})
	f.chunk(k, 0)
	k.Label(done)
	k.ADDQ(sEnd, sBlock)
	k.ADDQ(sEnd, sAhead)
	k.PREFETCHT0(operand.Mem{Base: sAhead})
	k.PREFETCHT0(operand.Mem{Base: sAhead, Disp: 64})
	f.finish(k)
	k.SUBQ(operand.I8(-128), sBlock)
	k.SUBQ(operand.I8(-128), sAhead)
	k.DECQ(sBlocks)
	k.JNE(operand.LabelRef(block))
	k.VZEROUPPER()
	k.Store(sFound, k.ReturnIndex(0))
	k.RET()
}

// data emits read-only data, a multiple of 8 bytes.
func data(c *build.Context, name string, bytes []byte) operand.Mem {
	m := c.StaticGlobal(name)
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := 0; i < len(bytes); i += 8 {
		c.AppendDatum(operand.U64(binary.LittleEndian.Uint64(bytes[i:])))
	}
	return m
}

// broadcast sets every 32-bit lane of v to x.
func (k *kernel) broadcast(x uint32, v reg.VecPhysical) {
	k.MOVL(operand.U32(x), reg.EAX)
	k.VPBROADCASTD(reg.EAX, v)
}

// scanVNNI is the form of AVX-512 with VBMI and VNNI: a permutation brings the four nibbles that a chunk has of a slot
// side by side, one look-up serves the four tables of the chunk, two bits of its index choosing the table, and a dot
// product with ones adds the four entries to the slot's sum in 32 bits. For 64 bytes of codes that is 8 operations,
// where the scheme of scanAVX2 takes 11 and has lanes to fold at the end of a block: with the same registers it took
// 1.3 times as long at 32 nibbles, on a Xeon of the Sapphire Rapids generation.
func scanVNNI(c *build.Context) {
	var order [64]byte
	for s := range 16 {
		for j := range 4 {
			order[4*s+j] = byte(16*j + 2*(s%8) + s/8)
		}
	}
	scanForm{
		name: "VNNI",
		layout: "Z0-Z1 sums of slots 0-15 and 16-31, Z2-Z3 of every other chunk; Z4-Z8 scratch;\n" +
			"Z18 order of the nibbles, Z19 low nibbles, Z20 tables, Z21 ones, Z23-Z29 constants.",
		setup: func(k *kernel) {
			k.boundsSetup()
			k.VMOVDQU64(data(c, "order", order[:]), reg.Z18)
			k.broadcast(0x0f0f0f0f, reg.Z19)
			k.broadcast(0x30201000, reg.Z20)
			k.broadcast(0x01010101, reg.Z21)
		},
		zero: func(k *kernel) {
			for i := range 4 {
				k.VPXORD(zmm[i], zmm[i], zmm[i])
			}
		},
		chunk: func(k *kernel, place int) {
			const andOr = 0xea // (a & b) | c
			k.VPERMB(operand.Mem{Base: sBlock, Index: sOffset, Scale: 1, Disp: 64 * place}, reg.Z18, reg.Z4)
			k.VMOVDQU64(operand.Mem{Base: sTable, Index: sOffset, Scale: 1, Disp: 64 * place}, reg.Z6)
			k.VPSRLD(operand.Imm(4), reg.Z4, reg.Z5)
			for i := range 2 {
				v := zmm[4+i]
				k.VPTERNLOGD(operand.Imm(andOr), reg.Z20, reg.Z19, v)
				k.VPERMB(reg.Z6, v, v)
				k.VPDPBUSD(reg.Z21, v, zmm[2*place+i])
			}
		},
		finish: func(k *kernel) {
			k.VPADDD(reg.Z2, reg.Z0, reg.Z0)
			k.VPADDD(reg.Z3, reg.Z1, reg.Z1)
			k.bounds()
		},
	}.emit(c)
}

// boundsSetup loads the constants of bounds: Z23 16, Z24 unit, Z25 shift, Z26 base, Z27 threshold, Z28 slot numbers,
// Z29 upper halves.
func (k *kernel) boundsSetup() {
	for i, field := range []int{paramUnit, paramShift, paramBase, paramThreshold} {
		k.VBROADCASTSS(operand.Mem{Base: sParams, Disp: field}, zmm[24+i])
	}
	k.VPBROADCASTD(operand.Mem{Base: sParams, Disp: paramFirst}, reg.Z28)
	k.VPADDD(numbers512, reg.Z28, reg.Z28)
	k.broadcast(16, reg.Z23)
	k.broadcast(0xffff0000, reg.Z29)
}

// numbers512 are the numbers of 16 lanes.
var numbers512 operand.Mem

// bounds makes bounds of the sums in Z0 and Z1, 16 slots each in 32 bits, and writes those below the threshold. They
// are compressed in registers, since compressing to memory is slow on some processors, and stored with what follows.
func (k *kernel) bounds() {
	masks := []reg.OpmaskPhysical{reg.K1, reg.K2}
	for i, mask := range masks {
		v, factors, fadd := zmm[i], zmm[4+i], zmm[6+i]
		k.VCVTDQ2PS(v, v)
		k.VMOVDQU64(operand.Mem{Base: sBlock, Disp: 64 * i}, factors)
		k.VFMADD213PS(reg.Z25, reg.Z24, v)
		k.VPANDD(reg.Z29, factors, fadd)
		k.VPSLLD(operand.Imm(16), factors, factors)
		k.VADDPS(reg.Z26, fadd, fadd)
		k.VFMADD213PS(fadd, factors, v)
		k.VCMPPS(operand.Imm(less), reg.Z27, v, mask)
	}
	none := k.label("none")
	k.VPADDD(reg.Z23, reg.Z28, reg.Z4)
	k.KORTESTW(reg.K1, reg.K2)
	k.JEQ(operand.LabelRef(none))
	for i, mask := range masks {
		k.VCOMPRESSPS_Z(zmm[i], mask, zmm[i])
		k.VPCOMPRESSD_Z([]reg.VecPhysical{reg.Z28, reg.Z4}[i], mask, reg.Z5)
		k.VMOVUPS(zmm[i], operand.Mem{Base: sBounds, Index: sFound, Scale: 4})
		k.VMOVDQU64(reg.Z5, operand.Mem{Base: sSlots, Index: sFound, Scale: 4})
		k.KMOVW(mask, reg.EDX)
		k.POPCNTL(reg.EDX, reg.EDX)
		k.ADDQ(reg.RDX, sFound)
	}
	k.Label(none)
	k.VPADDD(reg.Z23, reg.Z4, reg.Z28)
}

// scanAVX2 is the form of AVX2: two shuffles in lanes of 16 bytes look the low and the high nibbles up; even and odd
// bytes of what they give are added up in 16 bits. The even sums also carry the odd bytes, 256 times, which are taken
// off at the end.
func scanAVX2(c *build.Context) {
	scanForm{
		name: "AVX2",
		layout: "Y0-Y3 sums in 16 bits of slots 0-7, 8-15, 16-23 and 24-31, of the sub-spaces of each lane, then bounds;\n" +
			"Y4-Y9 scratch, Y10 unit, Y11 shift, Y12 base, Y13 threshold, Y14 upper halves, Y15 low nibbles; R12 slot number.",
		setup: func(k *kernel) {
			for i, field := range []int{paramUnit, paramShift, paramBase, paramThreshold} {
				k.VBROADCASTSS(operand.Mem{Base: sParams, Disp: field}, ymm[10+i])
			}
			k.MOVL(operand.Mem{Base: sParams, Disp: paramFirst}, reg.R12L)
			k.VPCMPEQD(reg.Y14, reg.Y14, reg.Y14)
			k.VPSLLD(operand.Imm(16), reg.Y14, reg.Y14)
			k.VPCMPEQD(reg.Y15, reg.Y15, reg.Y15)
			k.VPSRLW(operand.Imm(12), reg.Y15, reg.Y15)
			k.VPACKUSWB(reg.Y15, reg.Y15, reg.Y15)
		},
		zero: func(k *kernel) {
			for i := range 4 {
				k.VPXOR(ymm[i], ymm[i], ymm[i])
			}
		},
		chunk: func(k *kernel, place int) {
			for half := range 2 {
				k.VMOVDQU(operand.Mem{Base: sBlock, Index: sOffset, Scale: 1, Disp: 64*place + 32*half}, reg.Y4)
				k.VMOVDQU(operand.Mem{Base: sTable, Index: sOffset, Scale: 1, Disp: 64*place + 32*half}, reg.Y6)
				k.VPSRLW(operand.Imm(4), reg.Y4, reg.Y5)
				k.VPAND(reg.Y15, reg.Y4, reg.Y4)
				k.VPAND(reg.Y15, reg.Y5, reg.Y5)
				for i := range 2 {
					v, odd := ymm[4+i], ymm[7+i]
					k.VPSHUFB(v, reg.Y6, v)
					k.VPADDW(v, ymm[2*i], ymm[2*i])
					k.VPSRLW(operand.Imm(8), v, odd)
					k.VPADDW(odd, ymm[2*i+1], ymm[2*i+1])
				}
			}
		},
		finish: func(k *kernel) {
			for i := range 2 {
				even, odd, t := ymm[2*i], ymm[2*i+1], ymm[4+i]
				k.VPSLLW(operand.Imm(8), odd, t)
				k.VPSUBW(t, even, even)
				k.VPERM2I128(operand.Imm(0x20), odd, even, t)
				k.VPERM2I128(operand.Imm(0x31), odd, even, odd)
				k.VPADDW(t, odd, odd)
				k.VPMOVZXWD(xmm[2*i+1], even)
				k.VEXTRACTI128(operand.Imm(1), odd, xmm[2*i+1])
				k.VPMOVZXWD(xmm[2*i+1], odd)
			}
			for i := range 4 {
				v, factors, mask := ymm[i], ymm[8], ymm[4+i]
				k.VCVTDQ2PS(v, v)
				k.VMOVDQU(operand.Mem{Base: sBlock, Disp: 32 * i}, factors)
				k.VFMADD213PS(reg.Y11, reg.Y10, v)
				k.VPAND(reg.Y14, factors, reg.Y9)
				k.VPSLLD(operand.Imm(16), factors, factors)
				k.VADDPS(reg.Y12, reg.Y9, reg.Y9)
				k.VFMADD213PS(reg.Y9, factors, v)
				k.VCMPPS(operand.Imm(less), reg.Y13, v, mask)
			}
			none := k.label("none")
			k.VORPS(reg.Y5, reg.Y4, reg.Y8)
			k.VORPS(reg.Y7, reg.Y6, reg.Y9)
			k.VORPS(reg.Y9, reg.Y8, reg.Y8)
			k.VTESTPS(reg.Y8, reg.Y8)
			k.JEQ(operand.LabelRef(none))
			k.LEAQ(chosen256, reg.RDX)
			for i := range 4 {
				k.VMOVMSKPS(ymm[4+i], reg.EAX)
				k.VPMOVZXBD(operand.Mem{Base: reg.RDX, Index: reg.RAX, Scale: 8}, reg.Y8)
				k.VPERMPS(ymm[i], reg.Y8, ymm[i])
				k.VMOVD(reg.R12L, reg.X9)
				k.VPBROADCASTD(reg.X9, reg.Y9)
				k.VPADDD(reg.Y9, reg.Y8, reg.Y8)
				k.ADDL(operand.Imm(8), reg.R12L)
				k.VMOVUPS(ymm[i], operand.Mem{Base: sBounds, Index: sFound, Scale: 4})
				k.VMOVDQU(reg.Y8, operand.Mem{Base: sSlots, Index: sFound, Scale: 4})
				k.POPCNTL(reg.EAX, reg.EAX)
				k.ADDQ(reg.RAX, sFound)
			}
			k.SUBL(operand.Imm(32), reg.R12L)
			k.Label(none)
			k.ADDL(operand.Imm(32), reg.R12L)
		},
	}.emit(c)
}

// chosen256 is a table of the lanes, of eight, that each mask of eight bits chooses, in their order, a byte each.
var chosen256 operand.Mem

func chosenLanes() []byte {
	bytes := make([]byte, 0, 256*8)
	for mask := range 256 {
		for lane := range 8 {
			if mask>>lane&1 != 0 {
				bytes = append(bytes, byte(lane))
			}
		}
		bytes = append(bytes, make([]byte, 8*(mask+1)-len(bytes))...)
	}
	return bytes
}
