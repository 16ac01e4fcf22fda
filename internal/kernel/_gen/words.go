package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	hammingSingle = "func(a, b *uint64, n int) int"
	hammingMany   = "func(q *uint64, n int, base *byte, stride uintptr, ids *int32, count, ahead int, out *float32)"
)

// hamming emits the two forms of the Hamming kernel; bits counts the bits of one row into R11, whose blocks are of
// 8 << shift words.
func hamming(c *build.Context, name, layout string, block int, setup, bits func(k *kernel)) {
	k := &kernel{Context: c, isa: &isa{name: name}, metric: "hamming"}
	k.begin("", hammingSingle, "returns the number of bits in which the n words of a and b differ, n ≥ 1.")
	k.describe("DI a, R8 b, SI n, AX byte offset, BX bytes in whole blocks, R11 bits;", layout)
	k.Load(k.Param("a"), rQuery)
	k.Load(k.Param("b"), rRow[0])
	k.Load(k.Param("n"), rCount)
	setup(k)
	k.wordBlocks(block)
	bits(k)
	k.Store(reg.R11, k.ReturnIndex(0))
	k.VZEROUPPER()
	k.RET()

	k.begin("Many", hammingMany, "sets out[j] to the number of bits in which the n words of q and of row ids[j] differ, n ≥ 1,\nfor count rows, count ≥ 1; it requests rows from memory ahead rows before it reads them.")
	k.describe("DI query, SI n, CX ids, R12 rows left, R13 out, R8 row, AX byte offset, BX bytes in whole blocks,",
		"DX bytes of a row, R11 bits;", layout)
	k.Load(k.Param("q"), rQuery)
	k.Load(k.Param("n"), rCount)
	setup(k)
	k.wordBlocks(block)
	k.rowLoop(1, 8, func(int) {
		bits(k)
		k.VXORPS(xmm[0], xmm[0], xmm[0])
		k.VCVTSI2SSQ(reg.R11, xmm[0], xmm[0])
	})
	k.VZEROUPPER()
	k.RET()
}

// wordBlocks computes the bytes of a vector's whole blocks of words.
func (k *kernel) wordBlocks(block int) {
	k.MOVQ(rCount, rMain)
	k.ANDQ(operand.I32(int32(-block)), rMain)
	k.SHLQ(operand.Imm(3), rMain)
}

// hammingScalar counts with POPCNT: up to some tens of words, the most that is usual, it is as fast as a count by
// table look-up in vectors. R9 and R10 take turns as scratch.
func hammingScalar(c *build.Context) {
	hamming(c, "AVX2", "R9, R10 scratch.", 4, func(*kernel) {}, func(k *kernel) {
		word := func(place int) {
			t := rRow[1+place%2]
			k.MOVQ(operand.Mem{Base: rQuery, Index: rOffset, Scale: 1, Disp: 8 * place}, t)
			k.XORQ(operand.Mem{Base: rRow[0], Index: rOffset, Scale: 1, Disp: 8 * place}, t)
			k.POPCNTQ(t, t)
			k.ADDQ(t, reg.R11)
		}
		block, tail, rest, end := k.label("block"), k.label("tail"), k.label("rest"), k.label("counted")
		k.XORL(reg.R11L, reg.R11L)
		k.XORL(reg.EAX, reg.EAX)
		k.CMPQ(rOffset, rMain)
		k.JGE(operand.LabelRef(tail))
		k.Label(block)
		for i := range 4 {
			word(i)
		}
		k.ADDQ(operand.Imm(32), rOffset)
		k.CMPQ(rOffset, rMain)
		k.JLT(operand.LabelRef(block))
		k.Label(tail)
		k.TESTQ(operand.U32(2), rCount)
		k.JEQ(operand.LabelRef(rest))
		word(0)
		word(1)
		k.ADDQ(operand.Imm(16), rOffset)
		k.Label(rest)
		k.TESTQ(operand.U32(1), rCount)
		k.JEQ(operand.LabelRef(end))
		word(0)
		k.Label(end)
	})
}

// hammingVector counts with VPOPCNTQ of AVX512_VPOPCNTDQ.
func hammingVector(c *build.Context) {
	setup := func(k *kernel) {
		k.Comment("Bit i of the tail's mask is set when i < n mod 8.")
		k.MOVQ(rCount, reg.RCX)
		k.ANDQ(operand.Imm(7), reg.RCX)
		k.MOVL(operand.U32(1), reg.EAX)
		k.SHLL(reg.CL, reg.EAX)
		k.DECL(reg.EAX)
		k.KMOVW(reg.EAX, reg.K1)
	}
	hamming(c, "AVX512", "Z0 counts, Z2, Z3 scratch, K1 mask of the tail.", 8, setup, func(k *kernel) {
		block, tail, end := k.label("block"), k.label("tail"), k.label("counted")
		at := func(r reg.GPPhysical) operand.Mem { return operand.Mem{Base: r, Index: rOffset, Scale: 1} }
		k.VPXORD(reg.Z0, reg.Z0, reg.Z0)
		k.XORL(reg.EAX, reg.EAX)
		k.CMPQ(rOffset, rMain)
		k.JGE(operand.LabelRef(tail))
		k.Label(block)
		k.VMOVDQU64(at(rQuery), reg.Z2)
		k.VPXORQ(at(rRow[0]), reg.Z2, reg.Z2)
		k.VPOPCNTQ(reg.Z2, reg.Z2)
		k.VPADDQ(reg.Z2, reg.Z0, reg.Z0)
		k.ADDQ(operand.Imm(64), rOffset)
		k.CMPQ(rOffset, rMain)
		k.JLT(operand.LabelRef(block))
		k.Label(tail)
		k.TESTQ(operand.U32(7), rCount)
		k.JEQ(operand.LabelRef(end))
		k.VMOVDQU64_Z(at(rQuery), reg.K1, reg.Z2)
		k.VMOVDQU64_Z(at(rRow[0]), reg.K1, reg.Z3)
		k.VPXORQ(reg.Z3, reg.Z2, reg.Z2)
		k.VPOPCNTQ(reg.Z2, reg.Z2)
		k.VPADDQ(reg.Z2, reg.Z0, reg.Z0)
		k.Label(end)
		k.VEXTRACTI64X4(operand.Imm(1), reg.Z0, reg.Y2)
		k.VPADDQ(reg.Y2, reg.Y0, reg.Y0)
		k.VEXTRACTI128(operand.Imm(1), reg.Y0, reg.X2)
		k.VPADDQ(reg.X2, reg.X0, reg.X0)
		k.VPSRLDQ(operand.Imm(8), reg.X0, reg.X2)
		k.VPADDQ(reg.X2, reg.X0, reg.X0)
		k.VMOVQ(reg.X0, reg.R11)
	})
}

// blend multiplies and adds in two roundings, as the Go twin does: it waits for memory, not for arithmetic, so that a
// fused form would be no faster, and the same bits on every path are worth having.
func blend(c *build.Context) {
	c.Function("blendAVX2")
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(y *float32, a float32, x *float32, b float32, n int)")
	c.Doc("blendAVX2 sets y[i] to a*y[i] + b*x[i] for n components, n ≥ 16.")
	c.Pragma("noescape")
	c.Comment("DI y, R8 x, SI components left; Y0 a, Y1 b, Y2-Y5 scratch.")
	c.Load(c.Param("y"), rQuery)
	c.Load(c.Param("x"), rRow[0])
	c.Load(c.Param("n"), rCount)
	k := &kernel{Context: c}
	c.VBROADCASTSS(k.param("a"), reg.Y0)
	c.VBROADCASTSS(k.param("b"), reg.Y1)
	y := func(i int) operand.Mem { return operand.Mem{Base: rQuery, Disp: i} }
	x := func(i int) operand.Mem { return operand.Mem{Base: rRow[0], Disp: i} }
	c.Label("block")
	for i := range 2 {
		c.VMULPS(y(32*i), reg.Y0, ymm[2+i])
		c.VMULPS(x(32*i), reg.Y1, ymm[4+i])
	}
	for i := range 2 {
		c.VADDPS(ymm[4+i], ymm[2+i], ymm[2+i])
		c.VMOVUPS(ymm[2+i], y(32*i))
	}
	c.ADDQ(operand.Imm(64), rQuery)
	c.ADDQ(operand.Imm(64), rRow[0])
	c.SUBQ(operand.Imm(16), rCount)
	c.CMPQ(rCount, operand.Imm(16))
	c.JGE(operand.LabelRef("block"))
	c.Label("tail")
	c.TESTQ(rCount, rCount)
	c.JEQ(operand.LabelRef("end"))
	c.VMULSS(y(0), reg.X0, reg.X2)
	c.VMULSS(x(0), reg.X1, reg.X4)
	c.VADDSS(reg.X4, reg.X2, reg.X2)
	c.VMOVSS(reg.X2, y(0))
	c.ADDQ(operand.Imm(4), rQuery)
	c.ADDQ(operand.Imm(4), rRow[0])
	c.DECQ(rCount)
	c.JMP(operand.LabelRef("tail"))
	c.Label("end")
	c.VZEROUPPER()
	c.RET()
}

// prefetch emits the hints for a range of bytes.
func prefetch(c *build.Context) {
	c.Function("prefetchAMD64")
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(at uintptr, n int)")
	c.Doc(fmt.Sprintf("prefetchAMD64 requests every %d-byte line of the n bytes from address at, n ≥ 1.", 64))
	c.Pragma("noescape")
	c.Comment("R8 line, R9 last byte, R11 bytes left: counted, since an address may be the last one that there is.")
	c.Load(c.Param("at"), reg.R8)
	c.Load(c.Param("n"), reg.R11)
	c.LEAQ(operand.Mem{Base: reg.R8, Index: reg.R11, Scale: 1, Disp: -1}, reg.R9)
	c.Label("line")
	c.PREFETCHT1(operand.Mem{Base: reg.R8})
	c.ADDQ(operand.Imm(64), reg.R8)
	c.SUBQ(operand.Imm(64), reg.R11)
	c.JGT(operand.LabelRef("line"))
	c.PREFETCHT1(operand.Mem{Base: reg.R9})
	c.RET()
}
