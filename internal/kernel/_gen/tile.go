package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The shape of a tile, the same on every path so that a packed panel serves them all: TileQueries and TileRows of
// package kernel. AVX-512 holds all of a tile's sums in 24 registers, AVX2 a quarter of them in 12.
const (
	tileQueries = 12
	tileRows    = 32
)

const tileSignature = "func(q, x *float32, n int, limit, out *float32, mask *uint32)"

// tiles emits the tile kernels of an instruction set.
func tiles(c *build.Context, i *isa) {
	for _, m := range []metric{dot, l2, l1} {
		k := &kernel{Context: c, isa: i, metric: m}
		name := "tile" + map[metric]string{dot: "Dot", l2: "L2", l1: "L1"}[m] + i.name
		k.Function(name)
		k.Attributes(attr.NOSPLIT)
		k.SignatureExpr(tileSignature)
		k.Doc(fmt.Sprintf("%s sets out[%d·a+b] to the sum of %s over n components, n ≥ 1, of query a and row b of", name, tileRows,
			map[metric]string{dot: "q·x", l2: "(q-x)^2", l1: "|q-x|"}[m]),
			"the panels q and x, and bit b of mask[a] where that is not greater than limit[a].")
		k.Pragma("noescape")
		k.labels = 0
		if i.width == 16 {
			k.tileAVX512()
		} else {
			k.tileAVX2()
		}
		k.VZEROUPPER()
		k.RET()
	}
}

func (k *kernel) tileAVX512() {
	k.describe("DI query panel, R8 row panel, SI components left, DX limits, R13 out, BX mask, AX scratch; Z0-Z23 sums,",
		"two registers a query; Z24-Z25 rows, Z26 query or limit, Z27-Z30 differences, Z31 mask of the absolute value.")
	k.tileParams()
	if k.metric == l1 {
		k.VPTERNLOGD(operand.Imm(0xff), reg.Z31, reg.Z31, reg.Z31)
		k.VPSRLD(operand.Imm(1), reg.Z31, reg.Z31)
	}
	for i := range 2 * tileQueries {
		k.zero(k.Context, zmm[i])
	}
	loop := k.label("component")
	k.Label(loop)
	k.VMOVUPS(operand.Mem{Base: reg.R8}, reg.Z24)
	k.VMOVUPS(operand.Mem{Base: reg.R8, Disp: 64}, reg.Z25)
	for q := range tileQueries {
		k.VBROADCASTSS(operand.Mem{Base: reg.RDI, Disp: 4 * q}, reg.Z26)
		for half := range 2 {
			k.tileAdd(zmm[24+half], reg.Z26, zmm[27+(2*q+half)%4], zmm[2*q+half])
		}
	}
	k.ADDQ(operand.Imm(4*tileQueries), reg.RDI)
	k.ADDQ(operand.U32(4*tileRows), reg.R8)
	k.DECQ(reg.RSI)
	k.JNE(operand.LabelRef(loop))
	for q := range tileQueries {
		k.VBROADCASTSS(operand.Mem{Base: reg.RDX, Disp: 4 * q}, reg.Z26)
		for half := range 2 {
			k.VMOVUPS(zmm[2*q+half], operand.Mem{Base: reg.R13, Disp: 4*tileRows*q + 64*half})
			k.VCMPPS(operand.Imm(notGreater), reg.Z26, zmm[2*q+half], reg.K1)
			k.KMOVW(reg.K1, reg.EAX)
			k.MOVW(reg.AX, operand.Mem{Base: reg.RBX, Disp: 4*q + 2*half})
		}
	}
}

// notGreater is the comparison that is true where an operand is NaN: a sum that overflowed is not left out.
const notGreater = 0x0a

func (k *kernel) tileAVX2() {
	k.describe("DI query panel, R8 row panel, SI components left, DX limits, R13 out, BX mask, AX scratch; Y0-Y11 sums,",
		"two registers a query; Y12-Y13 rows or differences, Y14 query or limit, Y15 difference or mask of the absolute value.",
		"The tile is done in four quarters of 6 queries and 16 rows.")
	const queries, rows = tileQueries / 2, tileRows / 2
	for quarter := range 4 {
		q0, r0 := quarter%2*queries, quarter/2*rows
		k.tileParams()
		if k.metric == l1 && quarter == 0 {
			k.VPCMPEQD(reg.Y15, reg.Y15, reg.Y15)
			k.VPSRLD(operand.Imm(1), reg.Y15, reg.Y15)
		}
		for i := range 2 * queries {
			k.zero(k.Context, ymm[i])
		}
		loop := k.label("component")
		k.Label(loop)
		row := func(half int) operand.Mem { return operand.Mem{Base: reg.R8, Disp: 4*r0 + 32*half} }
		if k.metric != l1 {
			k.VMOVUPS(row(0), reg.Y12)
			k.VMOVUPS(row(1), reg.Y13)
		}
		for q := range queries {
			k.VBROADCASTSS(operand.Mem{Base: reg.RDI, Disp: 4 * (q0 + q)}, reg.Y14)
			for half := range 2 {
				if k.metric == l1 { // its mask takes the register that the rows would need
					k.tileAdd(row(half), reg.Y14, ymm[12+half], ymm[2*q+half])
				} else {
					k.tileAdd(ymm[12+half], reg.Y14, reg.Y15, ymm[2*q+half])
				}
			}
		}
		k.ADDQ(operand.Imm(4*tileQueries), reg.RDI)
		k.ADDQ(operand.U32(4*tileRows), reg.R8)
		k.DECQ(reg.RSI)
		k.JNE(operand.LabelRef(loop))
		for q := range queries {
			k.VBROADCASTSS(operand.Mem{Base: reg.RDX, Disp: 4 * (q0 + q)}, reg.Y14)
			for half := range 2 {
				k.VMOVUPS(ymm[2*q+half], operand.Mem{Base: reg.R13, Disp: 4*tileRows*(q0+q) + 4*r0 + 32*half})
				k.VCMPPS(operand.Imm(notGreater), reg.Y14, ymm[2*q+half], reg.Y12)
				k.VMOVMSKPS(reg.Y12, reg.EAX)
				k.MOVB(reg.AL, operand.Mem{Base: reg.RBX, Disp: 4*(q0+q) + r0/8 + half})
			}
		}
	}
}

func (k *kernel) tileParams() {
	k.Load(k.Param("q"), reg.RDI)
	k.Load(k.Param("x"), reg.R8)
	k.Load(k.Param("n"), reg.RSI)
	k.Load(k.Param("limit"), reg.RDX)
	k.Load(k.Param("out"), reg.R13)
	k.Load(k.Param("mask"), reg.RBX)
}

// tileAdd adds the terms of x, in memory or a register, and q to the sums acc, with t for scratch.
func (k *kernel) tileAdd(x operand.Op, q, t, acc reg.VecPhysical) {
	if k.metric == dot {
		k.VFMADD231PS(x, q, acc)
		return
	}
	k.VSUBPS(x, q, t)
	if k.metric == l2 {
		k.VFMADD231PS(t, t, acc)
		return
	}
	k.and(k.Context, k.vec[k.abs], t, t)
	k.VADDPS(t, acc, acc)
}
