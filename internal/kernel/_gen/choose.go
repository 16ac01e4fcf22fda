package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	spanSignature  = "func(v *float32, n int, t float32) (least, greatest float32, count int)"
	countSignature = "func(v *float32, n int, t float32) int"
	belowSignature = "func(v *float32, id *uint32, n int, t float32, outV *float32, outI *uint32, room int) int"
)

const (
	spanDoc  = "returns the least and the greatest of the n values that are less than t, n ≥ 1, and their number;\n+Inf, -Inf and 0 where there are none."
	countDoc = "returns how many of the n values are less than t, n ≥ 1."
	belowDoc = `writes the values less than t, of n, n ≥ 1, and their ids, or with a nil id their places, and returns how many;
-1 where there is no room for whole registers of them, of the last less than a register for themselves.`
)

const (
	plusInfinity  = 0x7f800000
	minusInfinity = 0xff800000
)

// chooser is what the kernels over one list of values share: a loop over whole registers, then the rest under a mask.
type chooser struct {
	*kernel
	width int
}

// values emits the loop: each does its work on the values at DI + 4·AX, all of them or those of the rest's mask.
func (k chooser) values(each func(rest bool)) {
	loop, rest, end := k.label("block"), k.label("rest"), k.label("end")
	k.XORL(reg.EAX, reg.EAX)
	k.MOVQ(reg.RSI, reg.RBX)
	k.ANDQ(operand.I8(int8(-k.width)), reg.RBX)
	k.JEQ(operand.LabelRef(rest))
	k.Label(loop)
	each(false)
	k.ADDQ(operand.Imm(uint64(k.width)), reg.RAX)
	k.CMPQ(reg.RAX, reg.RBX)
	k.JLT(operand.LabelRef(loop))
	k.Label(rest)
	k.CMPQ(reg.RAX, reg.RSI)
	k.JGE(operand.LabelRef(end))
	each(true)
	k.Label(end)
}

func at(r reg.GPPhysical) operand.Mem { return operand.Mem{Base: r, Index: reg.RAX, Scale: 4} }

// choose512 emits the kernels for AVX-512.
func choose512(c *build.Context) {
	i := avx512()
	k := chooser{&kernel{Context: c, isa: i, metric: "span"}, 16}
	k.begin("", spanSignature, spanDoc)
	k.describe("DI values, SI n, AX values done, BX in whole registers, R10 number, DX scratch; Z0 least, Z1 greatest, Z2 t,",
		"Z3-Z4 scratch, K1 the rest, K2 values that count.")
	k.Load(k.Param("v"), reg.RDI)
	k.Load(k.Param("n"), reg.RSI)
	i.setup(c, false)
	k.broadcast(plusInfinity, reg.Z0)
	k.broadcast(minusInfinity, reg.Z1)
	k.VBROADCASTSS(k.param("t"), reg.Z2)
	k.XORL(reg.R10L, reg.R10L)
	k.values(func(rest bool) {
		if rest {
			k.VMOVUPS_Z(at(reg.RDI), reg.K1, reg.Z3)
			k.VCMPPS(operand.Imm(less), reg.Z2, reg.Z3, reg.K1, reg.K2)
		} else {
			k.VMOVUPS(at(reg.RDI), reg.Z3)
			k.VCMPPS(operand.Imm(less), reg.Z2, reg.Z3, reg.K2)
		}
		k.VMINPS(reg.Z3, reg.Z0, reg.K2, reg.Z0)
		k.VMAXPS(reg.Z3, reg.Z1, reg.K2, reg.Z1)
		k.KMOVW(reg.K2, reg.EDX)
		k.POPCNTL(reg.EDX, reg.EDX)
		k.ADDQ(reg.RDX, reg.R10)
	})
	for r, op := range []func(...operand.Op){k.VMINPS, k.VMAXPS} {
		k.VEXTRACTF64X4(operand.Imm(1), zmm[r], reg.Y3)
		op(reg.Y3, ymm[r], ymm[r])
	}
	k.returnSpan()

	k.metric = "count"
	k.begin("", countSignature, countDoc)
	k.describe("DI values, SI n, AX values done, BX in whole registers, R10 number, DX scratch; Z0 t, Z1 values, K1 the rest,",
		"K2 values that count.")
	k.Load(k.Param("v"), reg.RDI)
	k.Load(k.Param("n"), reg.RSI)
	i.setup(c, false)
	k.VBROADCASTSS(k.param("t"), reg.Z0)
	k.XORL(reg.R10L, reg.R10L)
	k.values(func(rest bool) {
		if rest {
			k.VMOVUPS_Z(at(reg.RDI), reg.K1, reg.Z1)
			k.VCMPPS(operand.Imm(less), reg.Z0, reg.Z1, reg.K1, reg.K2)
		} else {
			k.Comment("The values are in memory: greater than, the other way round.")
			k.VCMPPS(operand.Imm(greater), at(reg.RDI), reg.Z0, reg.K2)
		}
		k.KMOVW(reg.K2, reg.EDX)
		k.POPCNTL(reg.EDX, reg.EDX)
		k.ADDQ(reg.RDX, reg.R10)
	})
	k.VZEROUPPER()
	k.Store(reg.R10, k.ReturnIndex(0))
	k.RET()

	k.metric = "below"
	k.begin("", belowSignature, belowDoc)
	k.describe("DI values, R11 ids, SI n, AX values done, BX in whole registers, R8 values out, R9 numbers out, R10 number,",
		"R12 room, R13, CX, DX scratch; Z0 t, Z1 values, Z2 ids, Z3 places, Z4 16, K1 the rest, K2 chosen values.")
	k.belowParams()
	i.setup(c, false)
	k.Load(k.Param("outV"), reg.R8)
	k.VBROADCASTSS(k.param("t"), reg.Z0)
	k.VMOVDQU64(numbers512, reg.Z3)
	k.broadcast(16, reg.Z4)
	k.Load(k.Param("room"), reg.R12)
	k.XORL(reg.R10L, reg.R10L)
	full := k.label("full")
	k.belowLoops(full, func(ids, rest bool) {
		skip := k.label("none")
		if rest {
			k.VMOVUPS_Z(at(reg.RDI), reg.K1, reg.Z1)
			k.VCMPPS(operand.Imm(less), reg.Z0, reg.Z1, reg.K1, reg.K2)
		} else {
			k.VMOVUPS(at(reg.RDI), reg.Z1)
			k.VCMPPS(operand.Imm(less), reg.Z0, reg.Z1, reg.K2)
		}
		k.KMOVW(reg.K2, reg.EDX)
		k.TESTL(reg.EDX, reg.EDX)
		k.JEQ(operand.LabelRef(skip))
		k.POPCNTL(reg.EDX, reg.EDX)
		k.needRoom(rest, 16, full)
		k.VCOMPRESSPS_Z(reg.Z1, reg.K2, reg.Z1)
		switch {
		case !ids:
			k.VPCOMPRESSD_Z(reg.Z3, reg.K2, reg.Z2)
		case rest:
			k.VMOVDQU32_Z(at(reg.R11), reg.K1, reg.Z2)
			k.VPCOMPRESSD_Z(reg.Z2, reg.K2, reg.Z2)
		default:
			k.VMOVDQU32(at(reg.R11), reg.Z2)
			k.VPCOMPRESSD_Z(reg.Z2, reg.K2, reg.Z2)
		}
		outV, outI := operand.Mem{Base: reg.R8, Index: reg.R10, Scale: 4}, operand.Mem{Base: reg.R9, Index: reg.R10, Scale: 4}
		if rest {
			k.Comment("Bit i is set when i is less than the number chosen.")
			k.MOVL(reg.EDX, reg.ECX)
			k.MOVL(operand.U32(1), reg.R13L)
			k.SHLL(reg.CL, reg.R13L)
			k.DECL(reg.R13L)
			k.KMOVW(reg.R13L, reg.K2)
			k.VMOVUPS(reg.Z1, reg.K2, outV)
			k.VMOVDQU32(reg.Z2, reg.K2, outI)
		} else {
			k.VMOVUPS(reg.Z1, outV)
			k.VMOVDQU32(reg.Z2, outI)
		}
		k.ADDQ(reg.RDX, reg.R10)
		k.Label(skip)
		if !ids && !rest {
			k.VPADDD(reg.Z4, reg.Z3, reg.Z3)
		}
	})
}

// needRoom jumps to full if there is no room for a register of width values behind R10, or in the rest for RDX.
func (k chooser) needRoom(rest bool, width int, full string) {
	if rest {
		k.LEAQ(operand.Mem{Base: reg.R10, Index: reg.RDX, Scale: 1}, reg.R13)
	} else {
		k.LEAQ(operand.Mem{Base: reg.R10, Disp: width}, reg.R13)
	}
	k.CMPQ(reg.R13, reg.R12)
	k.JGT(operand.LabelRef(full))
}

// choose256 emits the kernels for AVX2.
func choose256(c *build.Context, i *isa) {
	k := chooser{&kernel{Context: c, isa: i, metric: "span"}, 8}
	k.begin("", spanSignature, spanDoc)
	k.describe("DI values, SI n, AX values done, BX in whole registers; Y0 least, Y1 greatest, Y2 +Inf, Y3 -Inf, Y4 values,",
		"Y5 those that count, Y6 numbers, Y7 scratch, Y8 t, Y14 the rest.")
	k.Load(k.Param("v"), reg.RDI)
	k.Load(k.Param("n"), reg.RSI)
	i.setup(c, false)
	for r, v := range []uint32{plusInfinity, minusInfinity} {
		k.MOVL(operand.U32(v), reg.EAX)
		k.VMOVD(reg.EAX, xmm[r])
		k.VPBROADCASTD(xmm[r], ymm[r])
		k.VMOVAPS(ymm[r], ymm[2+r])
	}
	k.VBROADCASTSS(k.param("t"), reg.Y8)
	k.VPXOR(reg.Y6, reg.Y6, reg.Y6)
	k.values(func(rest bool) {
		k.load256(rest, reg.Y4)
		k.VCMPPS(operand.Imm(less), reg.Y8, reg.Y4, reg.Y5)
		k.only256(rest, reg.Y5)
		for r, op := range []func(...operand.Op){k.VMINPS, k.VMAXPS} {
			k.VBLENDVPS(reg.Y5, reg.Y4, ymm[2+r], reg.Y7)
			op(reg.Y7, ymm[r], ymm[r])
		}
		k.VPSUBD(reg.Y5, reg.Y6, reg.Y6)
	})
	k.count256(reg.Y6, reg.X6, reg.X7)
	k.returnSpan()

	k.metric = "count"
	k.begin("", countSignature, countDoc)
	k.describe("DI values, SI n, AX values done, BX in whole registers; Y0 t, Y1 values, Y2 those that count, Y3 numbers,",
		"Y4 scratch, Y14 the rest.")
	k.Load(k.Param("v"), reg.RDI)
	k.Load(k.Param("n"), reg.RSI)
	i.setup(c, false)
	k.VBROADCASTSS(k.param("t"), reg.Y0)
	k.VPXOR(reg.Y3, reg.Y3, reg.Y3)
	k.values(func(rest bool) {
		k.load256(rest, reg.Y1)
		k.VCMPPS(operand.Imm(less), reg.Y0, reg.Y1, reg.Y2)
		k.only256(rest, reg.Y2)
		k.VPSUBD(reg.Y2, reg.Y3, reg.Y3)
	})
	k.count256(reg.Y3, reg.X3, reg.X4)
	k.VZEROUPPER()
	k.Store(reg.R10, k.ReturnIndex(0))
	k.RET()

	k.metric = "below"
	k.begin("", belowSignature, belowDoc)
	k.describe("DI values, R11 ids, SI n, AX values done, BX in whole registers, R8 values out, R9 numbers out, R10 number,",
		"R12 room, CX chosen lanes, R13, DX scratch; Y0 t, Y1 values, Y2 those that are less, Y3 their lanes, Y4 numbers,",
		"Y5 scratch, Y14 the rest.")
	k.belowParams()
	i.setup(c, false)
	k.Load(k.Param("outV"), reg.R8)
	k.VBROADCASTSS(k.param("t"), reg.Y0)
	k.LEAQ(chosen256, reg.RCX)
	k.Load(k.Param("room"), reg.R12)
	k.XORL(reg.R10L, reg.R10L)
	full := k.label("full")
	k.belowLoops(full, func(ids, rest bool) {
		skip := k.label("none")
		k.load256(rest, reg.Y1)
		k.VCMPPS(operand.Imm(less), reg.Y0, reg.Y1, reg.Y2)
		k.only256(rest, reg.Y2)
		k.VMOVMSKPS(reg.Y2, reg.EDX)
		k.TESTL(reg.EDX, reg.EDX)
		k.JEQ(operand.LabelRef(skip))
		k.VPMOVZXBD(operand.Mem{Base: reg.RCX, Index: reg.RDX, Scale: 8}, reg.Y3)
		k.POPCNTL(reg.EDX, reg.EDX)
		k.needRoom(rest, 8, full)
		k.VPERMPS(reg.Y1, reg.Y3, reg.Y1)
		switch {
		case !ids:
			k.VMOVD(reg.EAX, reg.X4)
			k.VPBROADCASTD(reg.X4, reg.Y4)
			k.VPADDD(reg.Y3, reg.Y4, reg.Y4)
		case rest:
			k.VPMASKMOVD(at(reg.R11), reg.Y14, reg.Y4)
			k.VPERMD(reg.Y4, reg.Y3, reg.Y4)
		default:
			k.VPERMD(at(reg.R11), reg.Y3, reg.Y4)
		}
		outV, outI := operand.Mem{Base: reg.R8, Index: reg.R10, Scale: 4}, operand.Mem{Base: reg.R9, Index: reg.R10, Scale: 4}
		if rest {
			k.Comment("Lane i is set when i is less than the number chosen.")
			k.VMOVD(reg.EDX, reg.X5)
			k.VPBROADCASTD(reg.X5, reg.Y5)
			k.VPCMPGTD(k.lanes, reg.Y5, reg.Y5)
			k.VMASKMOVPS(reg.Y1, reg.Y5, outV)
			k.VPMASKMOVD(reg.Y4, reg.Y5, outI)
		} else {
			k.VMOVUPS(reg.Y1, outV)
			k.VMOVDQU(reg.Y4, outI)
		}
		k.ADDQ(reg.RDX, reg.R10)
		k.Label(skip)
	})
}

// load256 loads eight values, or those of the rest.
func (k chooser) load256(rest bool, v reg.VecPhysical) {
	if rest {
		k.masked(k.Context, at(reg.RDI), v)
	} else {
		k.load(k.Context, at(reg.RDI), v)
	}
}

// only256 clears what the comparison of the rest says of lanes that hold no values.
func (k chooser) only256(rest bool, mask reg.VecPhysical) {
	if rest {
		k.VANDPS(reg.Y14, mask, mask)
	}
}

// count256 adds up eight numbers into R10.
func (k chooser) count256(v, x, t reg.VecPhysical) {
	k.VEXTRACTI128(operand.Imm(1), v, t)
	k.VPADDD(t, x, x)
	for _, swap := range []uint64{0x4e, 0xb1} {
		k.VPSHUFD(operand.Imm(swap), x, t)
		k.VPADDD(t, x, x)
	}
	k.VMOVD(x, reg.R10L)
}

func (k chooser) belowParams() {
	k.Load(k.Param("v"), reg.RDI)
	k.Load(k.Param("id"), reg.R11)
	k.Load(k.Param("n"), reg.RSI)
	k.Load(k.Param("outI"), reg.R9)
}

// belowLoops emits the two loops, for ids and for places; each jumps to full where there is no room.
func (k chooser) belowLoops(full string, each func(ids, rest bool)) {
	places, end := k.label("places"), k.label("finished")
	k.TESTQ(reg.R11, reg.R11)
	k.JEQ(operand.LabelRef(places))
	k.values(func(rest bool) { each(true, rest) })
	k.JMP(operand.LabelRef(end))
	k.Label(places)
	k.values(func(rest bool) { each(false, rest) })
	k.JMP(operand.LabelRef(end))
	k.Label(full)
	k.MOVQ(operand.I32(-1), reg.R10)
	k.Label(end)
	k.VZEROUPPER()
	k.Store(reg.R10, k.ReturnIndex(0))
	k.RET()
}

// returnSpan reduces eight lanes each of Y0 and Y1 and returns them and R10.
func (k chooser) returnSpan() {
	for r, op := range []func(...operand.Op){k.VMINPS, k.VMAXPS} {
		k.VEXTRACTF128(operand.Imm(1), ymm[r], reg.X3)
		op(reg.X3, xmm[r], xmm[r])
		for _, swap := range []uint64{0x4e, 0xb1} {
			k.VPERMILPS(operand.Imm(swap), xmm[r], reg.X3)
			op(reg.X3, xmm[r], xmm[r])
		}
		k.VMOVSS(xmm[r], resolve(k.ReturnIndex(r)))
	}
	k.VZEROUPPER()
	k.Store(reg.R10, k.ReturnIndex(2))
	k.RET()
}

// greater is the comparison greater than that is false where an operand is NaN.
const greater = 0x1e
