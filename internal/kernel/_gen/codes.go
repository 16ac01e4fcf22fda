package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// codes emits the kernel that finds the nearest codeword of each sub-space. A sub-space's sums, one for each of its 16
// codewords, are in one register (AVX-512) or two; its least one is spread to all lanes and compared with them.
func codes(c *build.Context, name string, wide bool) {
	k := &kernel{Context: c, isa: &isa{name: name}, metric: "codes"}
	c.Function("nearestCodes" + name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(x, codebook, half *float32, m, dims int, codes *byte)")
	c.Doc("nearestCodes"+name+" sets codes[j] to the codeword nearest to x in sub-space j, for m sub-spaces, m ≥ 1, of dims",
		"dimensions, dims ≥ 1.")
	c.Pragma("noescape")
	k.describe("SI x, DI codebook, R8 half squared norms, CX sub-spaces left, DX dims, R13 codes, BX dimensions left, AX and R9 lanes;",
		map[bool]string{true: "Z0 sums, Z1 codewords and minima.", false: "Y0-Y1 sums, Y2 a component, Y3 minima."}[wide])
	k.Load(k.Param("x"), reg.RSI)
	k.Load(k.Param("codebook"), reg.RDI)
	k.Load(k.Param("half"), reg.R8)
	k.Load(k.Param("m"), reg.RCX)
	k.Load(k.Param("dims"), reg.RDX)
	k.Load(k.Param("codes"), reg.R13)
	space, dimension := k.label("space"), k.label("dimension")
	k.Label(space)
	half := func(i int) operand.Mem { return operand.Mem{Base: reg.R8, Disp: 32 * i} }
	k.MOVQ(reg.RDX, reg.RBX)
	word := func(i int) operand.Mem { return operand.Mem{Base: reg.RDI, Disp: 32 * i} }
	if wide {
		k.VMOVUPS(half(0), reg.Z0)
		k.Label(dimension)
		k.VMOVUPS(word(0), reg.Z1)
		k.VFNMADD231PS_BCST(operand.Mem{Base: reg.RSI}, reg.Z1, reg.Z0)
	} else {
		k.VMOVUPS(half(0), reg.Y0)
		k.VMOVUPS(half(1), reg.Y1)
		k.Label(dimension)
		k.VBROADCASTSS(operand.Mem{Base: reg.RSI}, reg.Y2)
		k.VFNMADD231PS(word(0), reg.Y2, reg.Y0)
		k.VFNMADD231PS(word(1), reg.Y2, reg.Y1)
	}
	k.ADDQ(operand.Imm(4), reg.RSI)
	k.ADDQ(operand.Imm(64), reg.RDI)
	k.DECQ(reg.RBX)
	k.JNE(operand.LabelRef(dimension))
	if wide {
		k.VEXTRACTF64X4(operand.Imm(1), reg.Z0, reg.Y1)
		k.VMINPS(reg.Y1, reg.Y0, reg.Y1)
		k.leastLane(reg.Y1, reg.X1, reg.X2)
		k.VBROADCASTSS(reg.X1, reg.Z1)
		k.VCMPPS(operand.Imm(0), reg.Z1, reg.Z0, reg.K1)
		k.KMOVW(reg.K1, reg.EAX)
	} else {
		k.VMINPS(reg.Y0, reg.Y1, reg.Y3)
		k.leastLane(reg.Y3, reg.X3, reg.X2)
		k.VBROADCASTSS(reg.X3, reg.Y3)
		k.VCMPPS(operand.Imm(0), reg.Y3, reg.Y0, reg.Y0)
		k.VCMPPS(operand.Imm(0), reg.Y3, reg.Y1, reg.Y1)
		k.VMOVMSKPS(reg.Y0, reg.EAX)
		k.VMOVMSKPS(reg.Y1, reg.R9L)
		k.SHLL(operand.Imm(8), reg.R9L)
		k.ORL(reg.R9L, reg.EAX)
	}
	k.Comment("A sum that is not a number may leave no lane.")
	k.ORL(operand.U32(1<<15), reg.EAX)
	k.BSFL(reg.EAX, reg.EAX)
	k.MOVB(reg.AL, operand.Mem{Base: reg.R13})
	k.ADDQ(operand.Imm(64), reg.R8)
	k.INCQ(reg.R13)
	k.DECQ(reg.RCX)
	k.JNE(operand.LabelRef(space))
	k.VZEROUPPER()
	k.RET()
}

// leastLane sets the lowest lane of x, the lower half of y, to the least of y's lanes.
func (k *kernel) leastLane(y, x, t reg.VecPhysical) {
	k.VEXTRACTF128(operand.Imm(1), y, t)
	k.VMINPS(t, x, x)
	k.VPERMILPS(operand.Imm(0x4e), x, t)
	k.VMINPS(t, x, x)
	k.VPERMILPS(operand.Imm(0xb1), x, t)
	k.VMINPS(t, x, x)
}
