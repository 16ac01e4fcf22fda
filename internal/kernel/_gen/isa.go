package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// General registers, the same in all kernels. The kernels stay away from BP, R14 and R15, which have a meaning to
// Go's runtime.
var (
	rQuery  = reg.RDI // the query's first component
	rCount  = reg.RSI // components of a vector
	rIDs    = reg.RCX // the next row's id
	rRows   = reg.R12 // rows left
	rOut    = reg.R13 // the next row's result
	rOffset = reg.RAX // bytes of a row done
	rMain   = reg.RBX // bytes of the whole blocks of a row
	rBytes  = reg.RDX // bytes of a row
	rRow    = []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
)

// isa is what differs between AVX2 and AVX-512.
type isa struct {
	name  string
	width int // float32 lanes of a register
	rows  int // rows that the Many forms work on at a time
	vec   []reg.VecPhysical
	query int   // the first of four registers that hold the query's components
	temps []int // registers for differences
	abs   int   // the register that holds the mask of all bits but the sign
	load  func(c *build.Context, m operand.Mem, v reg.VecPhysical)
	and   func(c *build.Context, a, b, v reg.VecPhysical)
	zero  func(c *build.Context, v reg.VecPhysical)
	// setup computes the masks of a call from rCount; it may use RAX, RCX and R8.
	setup func(c *build.Context, abs bool)
	// masked loads the last rCount mod width components.
	masked func(c *build.Context, m operand.Mem, v reg.VecPhysical)
	layout string
	lanes  operand.Mem // of the function lanes
}

var (
	xmm = []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7,
		reg.X8, reg.X9, reg.X10, reg.X11, reg.X12, reg.X13, reg.X14, reg.X15}
	ymm = []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}
	zmm = []reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}
)

// lanes defines the numbers of n lanes.
func lanes(c *build.Context, n int) operand.Mem {
	m := c.StaticGlobal("lanes")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range n {
		c.AppendDatum(operand.U32(uint32(i)))
	}
	return m
}

func avx2(c *build.Context) *isa {
	lanes := lanes(c, 8)
	return &isa{
		name: "AVX2", width: 8, rows: 2, vec: ymm, query: 8, temps: []int{12, 13}, abs: 15,
		load: func(c *build.Context, m operand.Mem, v reg.VecPhysical) { c.VMOVUPS(m, v) },
		and:  func(c *build.Context, a, b, v reg.VecPhysical) { c.VANDPS(a, b, v) },
		zero: func(c *build.Context, v reg.VecPhysical) { c.VXORPS(v, v, v) },
		setup: func(c *build.Context, abs bool) {
			if abs {
				c.VPCMPEQD(reg.Y15, reg.Y15, reg.Y15)
				c.VPSRLD(operand.Imm(1), reg.Y15, reg.Y15)
			}
			c.Comment("Lane i of the tail's mask is set when i < n mod 8.")
			c.MOVQ(rCount, reg.RAX)
			c.ANDQ(operand.Imm(7), reg.RAX)
			c.VMOVD(reg.EAX, reg.X14)
			c.VPBROADCASTD(reg.X14, reg.Y14)
			c.VPCMPGTD(lanes, reg.Y14, reg.Y14)
		},
		masked: func(c *build.Context, m operand.Mem, v reg.VecPhysical) { c.VMASKMOVPS(m, reg.Y14, v) },
		lanes:  lanes,
		layout: "Y0-Y3 accumulators of the first row, Y4-Y7 of the second (or scratch), Y8-Y11 query, Y12-Y13 differences,\nY14 mask of the tail, Y15 mask of the absolute value.",
	}
}

func avx512() *isa {
	return &isa{
		name: "AVX512", width: 16, rows: 4, vec: zmm, query: 16, temps: []int{20, 21, 22, 23, 24, 25, 26, 27}, abs: 31,
		load: func(c *build.Context, m operand.Mem, v reg.VecPhysical) { c.VMOVUPS(m, v) },
		and:  func(c *build.Context, a, b, v reg.VecPhysical) { c.VPANDD(a, b, v) },
		zero: func(c *build.Context, v reg.VecPhysical) { c.VPXORD(v, v, v) },
		setup: func(c *build.Context, abs bool) {
			if abs {
				c.VPTERNLOGD(operand.Imm(0xff), reg.Z31, reg.Z31, reg.Z31)
				c.VPSRLD(operand.Imm(1), reg.Z31, reg.Z31)
			}
			c.Comment("Bit i of the tail's mask is set when i < n mod 16.")
			c.MOVQ(rCount, reg.RCX)
			c.ANDQ(operand.Imm(15), reg.RCX)
			c.MOVL(operand.U32(1), reg.EAX)
			c.SHLL(reg.CL, reg.EAX)
			c.DECL(reg.EAX)
			c.KMOVW(reg.EAX, reg.K1)
		},
		masked: func(c *build.Context, m operand.Mem, v reg.VecPhysical) { c.VMOVUPS_Z(m, reg.K1, v) },
		layout: "Z0-Z3 accumulators of the first row, Z4-Z7, Z8-Z11, Z12-Z15 of the others (or scratch), Z16-Z19 query,\nZ20-Z27 differences, Z31 mask of the absolute value, K1 mask of the tail.",
	}
}
