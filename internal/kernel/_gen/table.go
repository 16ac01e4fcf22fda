package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The kernels of Table work on four lines of a table at a time, whose minima and maxima are reduced together. They
// multiply and add in two roundings, and add up the lines' ranges and minima one by one, so that their tables are those
// of Go.

const (
	productsSignature = "func(q, codebook *float32, m, dims int, scratch *float32) (largest, total, bias float32)"
	bytesSignature    = "func(scratch *float32, m int, scale float32, table *byte)"
)

func (k *kernel) beginProducts(layout string) {
	k.begin("", productsSignature, `sets line j of scratch to the products of the query's components and the 16 codewords of
sub-space j, less the least of them, for m lines, m a multiple of 4, m ≥ 4, and returns the largest range of a line, the
sum of the ranges and that of the minima.`)
	k.describe("DI query, R8 codebook, SI lines left, R13 out, BX dims, CX dims left;", layout)
	k.Load(k.Param("q"), reg.RDI)
	k.Load(k.Param("codebook"), reg.R8)
	k.Load(k.Param("m"), reg.RSI)
	k.Load(k.Param("dims"), reg.RBX)
	k.Load(k.Param("scratch"), reg.R13)
}

// dims emits the loop over the dims components of a sub-space around body.
func (k *kernel) dims(bytes int, body func()) {
	loop := k.label("component")
	k.MOVQ(reg.RBX, reg.RCX)
	k.Label(loop)
	body()
	k.ADDQ(operand.Imm(4), reg.RDI)
	k.ADDQ(operand.Imm(64), reg.R8)
	k.DECQ(reg.RCX)
	k.JNE(operand.LabelRef(loop))
}

func products512(c *build.Context) {
	k := &kernel{Context: c, isa: &isa{name: "AVX512"}, metric: "products16"}
	k.beginProducts("Z0-Z3 lines, Z4-Z9 scratch, Z16 minima, Z17 ranges, of line j mod 4 in lane j,\nZ18 largest ranges, X19 sum of ranges, X20 sum of minima.")
	for i := 18; i <= 20; i++ {
		k.VPXORD(zmm[i], zmm[i], zmm[i])
	}
	lines := k.label("lines")
	k.Label(lines)
	for j := range 4 {
		k.VPXORD(zmm[j], zmm[j], zmm[j])
		k.dims(64, func() {
			k.VBROADCASTSS(operand.Mem{Base: reg.RDI}, reg.Z4)
			k.VMULPS(operand.Mem{Base: reg.R8}, reg.Z4, reg.Z4)
			k.VADDPS(reg.Z4, zmm[j], zmm[j])
		})
	}
	k.Comment("The least and the greatest of every line, in all of a lane.")
	for i, op := range []func(...operand.Op){k.VMINPS, k.VMAXPS} {
		v := zmm[16+i]
		for half := range 2 {
			a, b := zmm[2*half], zmm[2*half+1]
			k.VSHUFF64X2(operand.Imm(0x44), b, a, reg.Z4)
			k.VSHUFF64X2(operand.Imm(0xee), b, a, reg.Z5)
			op(reg.Z5, reg.Z4, zmm[6+half])
		}
		k.VSHUFF64X2(operand.Imm(0x88), reg.Z7, reg.Z6, reg.Z4)
		k.VSHUFF64X2(operand.Imm(0xdd), reg.Z7, reg.Z6, reg.Z5)
		op(reg.Z5, reg.Z4, v)
		for _, swap := range []uint64{0x4e, 0xb1} {
			k.VPERMILPS(operand.Imm(swap), v, reg.Z4)
			op(reg.Z4, v, v)
		}
	}
	k.VSUBPS(reg.Z16, reg.Z17, reg.Z17)
	k.VMAXPS(reg.Z17, reg.Z18, reg.Z18)
	for j := range 4 {
		k.VSHUFF32X4(operand.Imm(uint64(0x55*j)), reg.Z16, reg.Z16, reg.Z4)
		k.VADDSS(reg.X4, reg.X20, reg.X20)
		k.VSUBPS(reg.Z4, zmm[j], zmm[j])
		k.VMOVUPS(zmm[j], operand.Mem{Base: reg.R13, Disp: 64 * j})
		k.VEXTRACTF32X4(operand.Imm(uint64(j)), reg.Z17, reg.X4)
		k.VADDSS(reg.X4, reg.X19, reg.X19)
	}
	k.ADDQ(operand.U32(256), reg.R13)
	k.SUBQ(operand.Imm(4), reg.RSI)
	k.JNE(operand.LabelRef(lines))
	k.VEXTRACTF64X4(operand.Imm(1), reg.Z18, reg.Y0)
	k.VMAXPS(reg.Z0, reg.Z18, reg.Z0)
	k.VEXTRACTF128(operand.Imm(1), reg.Y0, reg.X1)
	k.VMAXPS(reg.X1, reg.X0, reg.X0)
	k.returnSums(reg.X0, reg.X19, reg.X20)
}

func (k *kernel) returnSums(sums ...operand.Op) {
	for i, x := range sums {
		k.VMOVSS(x, resolve(k.ReturnIndex(i)))
	}
	k.VZEROUPPER()
	k.RET()
}

func products256(c *build.Context) {
	k := &kernel{Context: c, isa: &isa{name: "AVX2"}, metric: "products16"}
	k.beginProducts("Y0-Y7 lines, two registers each; Y8 least, then minima, and Y9 greatest, then ranges, of lines 0, 2, 1, 3 in\npairs of elements; Y10-Y12 scratch, Y13 largest ranges, X14 sum of ranges, X15 sum of minima.")
	for i := 13; i <= 15; i++ {
		k.VXORPS(ymm[i], ymm[i], ymm[i])
	}
	lines := k.label("lines")
	k.Label(lines)
	for j := range 4 {
		for half := range 2 {
			k.VXORPS(ymm[2*j+half], ymm[2*j+half], ymm[2*j+half])
		}
		k.dims(64, func() {
			k.VBROADCASTSS(operand.Mem{Base: reg.RDI}, reg.Y10)
			for half := range 2 {
				k.VMULPS(operand.Mem{Base: reg.R8, Disp: 32 * half}, reg.Y10, ymm[11+half])
				k.VADDPS(ymm[11+half], ymm[2*j+half], ymm[2*j+half])
			}
		})
	}
	k.Comment("The least and the greatest of every line: of the halves of two lines, then of the pairs of all four.")
	for i, op := range []func(...operand.Op){k.VMINPS, k.VMAXPS} {
		v := ymm[8+i]
		for pair := range 2 {
			t := []reg.VecPhysical{v, reg.Y12}[pair]
			op(ymm[4*pair+1], ymm[4*pair], reg.Y10)
			op(ymm[4*pair+3], ymm[4*pair+2], reg.Y11)
			k.VPERM2F128(operand.Imm(0x20), reg.Y11, reg.Y10, t)
			k.VPERM2F128(operand.Imm(0x31), reg.Y11, reg.Y10, reg.Y11)
			op(reg.Y11, t, t)
		}
		k.VSHUFPS(operand.Imm(0x44), reg.Y12, v, reg.Y10)
		k.VSHUFPS(operand.Imm(0xee), reg.Y12, v, reg.Y11)
		op(reg.Y11, reg.Y10, v)
		k.VPERMILPS(operand.Imm(0xb1), v, reg.Y10)
		op(reg.Y10, v, v)
	}
	k.VSUBPS(reg.Y8, reg.Y9, reg.Y9)
	k.VMAXPS(reg.Y9, reg.Y13, reg.Y13)
	for j, pair := range []uint64{0, 2, 1, 3} {
		k.VPERMPD(operand.Imm(0x55*pair), reg.Y8, reg.Y10)
		k.VADDSS(reg.X10, reg.X15, reg.X15)
		k.VPERMPD(operand.Imm(0x55*pair), reg.Y9, reg.Y11)
		k.VADDSS(reg.X11, reg.X14, reg.X14)
		for half := range 2 {
			k.VSUBPS(reg.Y10, ymm[2*j+half], ymm[2*j+half])
			k.VMOVUPS(ymm[2*j+half], operand.Mem{Base: reg.R13, Disp: 64*j + 32*half})
		}
	}
	k.ADDQ(operand.U32(256), reg.R13)
	k.SUBQ(operand.Imm(4), reg.RSI)
	k.JNE(operand.LabelRef(lines))
	k.VEXTRACTF128(operand.Imm(1), reg.Y13, reg.X0)
	k.VMAXPS(reg.X0, reg.X13, reg.X0)
	k.VPERMILPS(operand.Imm(0x4e), reg.X0, reg.X1)
	k.VMAXPS(reg.X1, reg.X0, reg.X0)
	k.returnSums(reg.X0, reg.X14, reg.X15)
}

// bytes16 emits the rounding to bytes, for both: four registers of eight lanes fill one of bytes.
func bytes16(c *build.Context) {
	k := &kernel{Context: c, isa: &isa{name: "AVX2"}, metric: "bytes16"}
	k.begin("", bytesSignature, "rounds m lines of 16, m a multiple of 4, m ≥ 4, times scale, to bytes; what is scaled is from 0 to 255.")
	k.describe("DI scratch, R8 table, SI lines left; Y0 scale, Y1-Y4 lines, Y5 order of the packed quarters.")
	k.Load(k.Param("scratch"), reg.RDI)
	k.Load(k.Param("table"), reg.R8)
	k.Load(k.Param("m"), reg.RSI)
	k.VBROADCASTSS(k.param("scale"), reg.Y0)
	k.VMOVDQU(packed256, reg.Y5)
	loop := k.label("lines")
	k.Label(loop)
	for i := range 4 {
		k.VMULPS(operand.Mem{Base: reg.RDI, Disp: 32 * i}, reg.Y0, ymm[1+i])
		k.VCVTPS2DQ(ymm[1+i], ymm[1+i])
	}
	k.VPACKSSDW(reg.Y2, reg.Y1, reg.Y1)
	k.VPACKSSDW(reg.Y4, reg.Y3, reg.Y3)
	k.VPACKUSWB(reg.Y3, reg.Y1, reg.Y1)
	k.VPERMD(reg.Y1, reg.Y5, reg.Y1)
	k.VMOVDQU(reg.Y1, operand.Mem{Base: reg.R8})
	k.SUBQ(operand.I8(-128), reg.RDI)
	k.ADDQ(operand.Imm(32), reg.R8)
	k.SUBQ(operand.Imm(2), reg.RSI)
	k.JNE(operand.LabelRef(loop))
	k.VZEROUPPER()
	k.RET()
}

// packed256 is the order that brings what two packings of four registers give, lane by lane, into the registers' order.
var packed256 operand.Mem

// packedOrder is its eight 32-bit numbers.
var packedOrder = []byte{0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0}
