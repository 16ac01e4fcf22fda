package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	routeSignature    = "func(q8 *uint8, quads int, groups *int8, count int, norms *float32, bias *int32, base, mul float32, out *float32)"
	quantizeSignature = "func(x *float32, n int, inv float32, out *uint8)"
)

func (k *kernel) beginRoute(layout string) {
	k.begin("Many", routeSignature, `computes the distances of count groups of 16 centroids, count ≥ 1, of quads times 4 components,
quads ≥ 1.`)
	k.describe("DI query, SI bytes of the query, R8 group, CX groups left, R9 norms, R10 biases, R13 out, AX byte of the query,",
		"R11 place in the group;", layout)
	k.Load(k.Param("q8"), reg.RDI)
	k.Load(k.Param("quads"), reg.RSI)
	k.SHLQ(operand.Imm(2), reg.RSI)
	k.Load(k.Param("groups"), reg.R11)
	k.Load(k.Param("count"), reg.RCX)
	k.Load(k.Param("norms"), reg.R9)
	k.Load(k.Param("bias"), reg.R10)
	k.Load(k.Param("out"), reg.R13)
}

// groups emits the loop over groups: quad adds the products of the 4 components that are i·4 bytes after AX, with one
// of four sums each time in turn, and finish makes distances of them. Four sums hide the time that a product takes.
func (k *kernel) groups(zero func(), quad func(i int), finish func()) {
	group, four, rest, one, done := k.label("group"), k.label("four"), k.label("rest"), k.label("one"), k.label("done")
	k.MOVQ(reg.RSI, reg.RBX)
	k.ANDQ(operand.I8(-16), reg.RBX)
	k.Label(group)
	zero()
	k.XORL(reg.EAX, reg.EAX)
	k.CMPQ(reg.RAX, reg.RBX)
	k.JGE(operand.LabelRef(rest))
	k.Label(four)
	for i := range 4 {
		quad(i)
	}
	k.ADDQ(operand.Imm(16), reg.RAX)
	k.ADDQ(operand.U32(256), reg.R11)
	k.CMPQ(reg.RAX, reg.RBX)
	k.JLT(operand.LabelRef(four))
	k.Label(rest)
	k.CMPQ(reg.RAX, reg.RSI)
	k.JGE(operand.LabelRef(done))
	k.Label(one)
	quad(0)
	k.ADDQ(operand.Imm(4), reg.RAX)
	k.ADDQ(operand.Imm(64), reg.R11)
	k.CMPQ(reg.RAX, reg.RSI)
	k.JLT(operand.LabelRef(one))
	k.Label(done)
	finish()
	for _, r := range []reg.GPPhysical{reg.R9, reg.R10, reg.R13} {
		k.ADDQ(operand.Imm(64), r)
	}
	k.DECQ(reg.RCX)
	k.JNE(operand.LabelRef(group))
	k.VZEROUPPER()
	k.RET()
}

// routeVNNI multiplies bytes without and with a sign, four at a time.
func routeVNNI(c *build.Context) {
	k := &kernel{Context: c, isa: &isa{name: "VNNI"}, metric: "route"}
	k.beginRoute("Z0-Z3 sums, Z4-Z7 query, Z8 base, Z9 mul, Z10 zero.")
	k.VBROADCASTSS(k.param("base"), reg.Z8)
	k.VBROADCASTSS(k.param("mul"), reg.Z9)
	k.VPXORD(reg.Z10, reg.Z10, reg.Z10)
	k.groups(func() {
		for i := range 4 {
			k.VPXORD(zmm[i], zmm[i], zmm[i])
		}
	}, func(i int) {
		k.VPBROADCASTD(operand.Mem{Base: reg.RDI, Index: reg.RAX, Scale: 1, Disp: 4 * i}, zmm[4+i])
		k.VPDPBUSD(operand.Mem{Base: reg.R11, Disp: 64 * i}, zmm[4+i], zmm[i])
	}, func() {
		k.VPADDD(reg.Z1, reg.Z0, reg.Z0)
		k.VPADDD(reg.Z3, reg.Z2, reg.Z2)
		k.VPADDD(reg.Z2, reg.Z0, reg.Z0)
		k.VPSUBD(operand.Mem{Base: reg.R10}, reg.Z0, reg.Z0)
		k.VCVTDQ2PS(reg.Z0, reg.Z0)
		k.VMULPS(reg.Z9, reg.Z0, reg.Z0)
		k.VADDPS(operand.Mem{Base: reg.R9}, reg.Z8, reg.Z1)
		k.VSUBPS(reg.Z0, reg.Z1, reg.Z0)
		k.Comment("NaN becomes zero.")
		k.VMAXPS(reg.Z10, reg.Z0, reg.Z0)
		k.VMOVUPS(reg.Z0, operand.Mem{Base: reg.R13})
	})
}

// routeAVX2 has only a product of bytes whose sum of two saturates at 16 bits. It takes the query's components with
// their sign, moves the sign over to the centroid's, and multiplies what is left, at most 128, by at most 127: two of
// these fit. The bias is not needed then.
func routeAVX2(c *build.Context) {
	k := &kernel{Context: c, isa: &isa{name: "AVX2"}, metric: "route"}
	k.beginRoute("Y0-Y1 sums of 8 centroids each, Y2-Y3 of every other product; Y4-Y7 scratch, Y8 base, Y9 mul, Y10 zero,\nY11 bytes of 128, Y12 ones of 16 bits.")
	k.VBROADCASTSS(k.param("base"), reg.Y8)
	k.VBROADCASTSS(k.param("mul"), reg.Y9)
	k.VPXOR(reg.Y10, reg.Y10, reg.Y10)
	k.VPCMPEQD(reg.Y11, reg.Y11, reg.Y11)
	k.VPSRLW(operand.Imm(15), reg.Y11, reg.Y12)
	k.Comment("-1 in 16 bits, shifted to -128 and packed.")
	k.VPSLLW(operand.Imm(7), reg.Y11, reg.Y11)
	k.VPACKSSWB(reg.Y11, reg.Y11, reg.Y11)
	k.groups(func() {
		for i := range 4 {
			k.VPXOR(ymm[i], ymm[i], ymm[i])
		}
	}, func(i int) {
		k.VPBROADCASTD(operand.Mem{Base: reg.RDI, Index: reg.RAX, Scale: 1, Disp: 4 * i}, reg.Y4)
		k.VPXOR(reg.Y11, reg.Y4, reg.Y4)
		k.VPABSB(reg.Y4, reg.Y5)
		for half := range 2 {
			t, acc := ymm[6+half], ymm[i%2*2+half]
			k.VMOVDQU(operand.Mem{Base: reg.R11, Disp: 64*i + 32*half}, t)
			k.VPSIGNB(reg.Y4, t, t)
			k.VPMADDUBSW(t, reg.Y5, t)
			k.VPMADDWD(reg.Y12, t, t)
			k.VPADDD(t, acc, acc)
		}
	}, func() {
		for half := range 2 {
			v, t := ymm[half], ymm[2+half]
			k.VPADDD(t, v, v)
			k.VCVTDQ2PS(v, v)
			k.VMULPS(reg.Y9, v, v)
			k.VADDPS(operand.Mem{Base: reg.R9, Disp: 32 * half}, reg.Y8, t)
			k.VSUBPS(v, t, v)
			k.VMAXPS(reg.Y10, v, v)
			k.VMOVUPS(v, operand.Mem{Base: reg.R13, Disp: 32 * half})
		}
	})
}

// quantize emits the kernel of Quantize8, for both paths: it is a small part of a query. The last 16 components are
// done as a block of their own, over some of the block before.
func quantize(c *build.Context) {
	k := &kernel{Context: c, isa: &isa{name: "AVX2"}, metric: "quantize8"}
	k.begin("", quantizeSignature, "sets out[i] to x[i]*inv rounded, plus 128, within 0 and 255, for n components, n ≥ 16.")
	k.describe("DI x, R8 out, SI components, AX components done; Y0 inv, Y1 -128, Y2 127, Y3 bytes of 128, Y4-Y5 components.")
	k.Load(k.Param("x"), reg.RDI)
	k.Load(k.Param("n"), reg.RSI)
	k.Load(k.Param("out"), reg.R8)
	k.VBROADCASTSS(k.param("inv"), reg.Y0)
	for i, v := range []uint32{0xc3000000, 0x42fe0000, 0x80808080} {
		k.MOVL(operand.U32(v), reg.EAX)
		k.VMOVD(reg.EAX, xmm[1+i])
		k.VPBROADCASTD(xmm[1+i], ymm[1+i])
	}
	k.XORL(reg.EAX, reg.EAX)
	loop, end := k.label("block"), k.label("end")
	k.SUBQ(operand.Imm(16), reg.RSI)
	k.Label(loop)
	for i := range 2 {
		v := ymm[4+i]
		k.VMULPS(operand.Mem{Base: reg.RDI, Index: reg.RAX, Scale: 4, Disp: 32 * i}, reg.Y0, v)
		k.Comment("NaN becomes -128.")
		k.VMAXPS(reg.Y1, v, v)
		k.VMINPS(reg.Y2, v, v)
		k.VCVTPS2DQ(v, v)
	}
	k.VPACKSSDW(reg.Y5, reg.Y4, reg.Y4)
	k.VPERMQ(operand.Imm(0xd8), reg.Y4, reg.Y4)
	k.VEXTRACTI128(operand.Imm(1), reg.Y4, reg.X5)
	k.VPACKSSWB(reg.X5, reg.X4, reg.X4)
	k.VPXOR(reg.X3, reg.X4, reg.X4)
	k.VMOVDQU(reg.X4, operand.Mem{Base: reg.R8, Index: reg.RAX, Scale: 1})
	k.CMPQ(reg.RAX, reg.RSI)
	k.JEQ(operand.LabelRef(end))
	k.ADDQ(operand.Imm(16), reg.RAX)
	k.CMPQ(reg.RAX, reg.RSI)
	k.CMOVQGT(reg.RSI, reg.RAX)
	k.JMP(operand.LabelRef(loop))
	k.Label(end)
	k.VZEROUPPER()
	k.RET()
}
