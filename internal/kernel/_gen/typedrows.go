package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dotNorm is the metric that adds up two sums in one pass: a row's product with the query, and with itself.
const dotNorm metric = "dotNorm"

// element is a type of components, as internal/kernel numbers them.
type element struct {
	name string
	size int
}

var elements = []element{{"Float32", 4}, {"Float16", 2}, {"Int8", 1}, {"Uint8", 1}}

// rowKernel emits one kernel for typed rows: one query against many rows, whose components are widened as they are
// loaded. A function has a part for each element type.
type rowKernel struct {
	*kernel
	element element // of the part
	accs    int     // accumulators of a sum: 2, or 1 of each of dotNorm's two sums
}

// typedAtOnce is the number of rows that are worked on at a time. With two accumulators each, that is enough sums under
// way to hide what an addition takes. Four accumulators of two rows took up to 17 % longer with AVX2, depending on the
// type; four of four rows up to 5 % with AVX-512 (rows in cache, not requested).
const typedAtOnce = 4

// typedRows emits all kernels for typed rows of an instruction set.
func typedRows(c *build.Context, i *isa) {
	for _, m := range []metric{l2, dot, l1, dotNorm} {
		k := &rowKernel{kernel: &kernel{Context: c, isa: i, metric: m}, accs: 2}
		if m == dotNorm {
			k.accs = 1
		}
		k.emit()
	}
}

func (k *rowKernel) emit() {
	sums, results := "to the sum of "+k.metric.term(), "out *float32"
	if k.metric == dotNorm {
		sums, results = "to the sum of a[i]*b[i] and norms[j] to that of b[i]*b[i]", "out, norms *float32"
	}
	k.begin("Rows", "func(e uint8, q *float32, n int, base *byte, stride uintptr, ids *uint32, count, ahead, lead int, "+results+")",
		fmt.Sprintf("sets out[j] %s over n components, n ≥ 16,\na the query and b the row ids[j] of element type e, for count rows, count ≥ 1. It requests rows from memory ahead\nrows before it reads them, of each the first lead bytes, lead ≥ 1, or none where ahead is 0.", sums))
	k.describe("DI query, SI n, CX ids, R12 rows left, R13 out, R8-R11 rows of the block (or scratch), AX component,",
		"BX components in whole blocks"+map[bool]string{true: ", DX norms"}[k.metric == dotNorm]+";", k.layoutTyped())
	k.Load(k.Param("q"), rQuery)
	k.Load(k.Param("n"), rCount)
	k.overlap()
	k.MOVQ(rCount, rMain)
	k.ANDQ(operand.I32(int32(-k.accs*k.width)), rMain)
	k.start()
	for i, e := range elements {
		k.element = e
		other := k.label("other")
		if i < len(elements)-1 {
			k.CMPB(k.param("e"), operand.Imm(uint64(i)))
			k.JNE(operand.LabelRef(other))
		}
		k.Comment("Rows of " + e.name + ".")
		k.loop()
		k.VZEROUPPER()
		k.RET()
		if i < len(elements)-1 {
			k.Label(other)
		}
	}
}

func (k *rowKernel) layoutTyped() string {
	name := map[int]string{8: "Y", 16: "Z"}[k.width]
	sums := "accumulators"
	if k.metric == dotNorm {
		sums = "accumulators, of the product and the norm,"
	}
	s := fmt.Sprintf("%[1]s0-%[1]s1 %[2]s of the first row, and so on to %[1]s7 of the fourth (or scratch),\n%[1]s%[3]d-%[1]s%[4]d query, %[1]s%[5]d-%[1]s%[6]d components and differences, %[1]s%[7]d scratch,",
		name, sums, k.query, k.query+1, k.temps[0], k.temps[len(k.temps)-1], typedScratch)
	if k.metric == l1 {
		s += fmt.Sprintf(" %s%d mask of the absolute value,", name, k.abs)
	}
	return s + map[int]string{8: " Y14 mask of the lanes that the tail leaves out.", 16: " K1 mask of the tail."}[k.width]
}

// typedScratch is the number of a register that no sum, query or component is in.
const typedScratch = 10

// overlap makes the mask of the tail. The last width components of a row are loaded, and those lanes cleared that have
// been added already: AVX2 has no masked load of narrow types, AVX-512 has, but is slow where a lane that it leaves out
// lies in a page that is not there. No byte outside of the row is read.
func (k *rowKernel) overlap() {
	if k.width == 16 {
		if k.metric == l1 {
			k.VPTERNLOGD(operand.Imm(0xff), reg.Z31, reg.Z31, reg.Z31)
			k.VPSRLD(operand.Imm(1), reg.Z31, reg.Z31)
		}
		k.Comment("Bit i of the mask is set when i ≥ 16 - n mod 16.")
		k.MOVQ(rCount, reg.RCX)
		k.NEGQ(reg.RCX)
		k.ANDQ(operand.Imm(15), reg.RCX)
		k.MOVL(operand.U32(0xffff), reg.EAX)
		k.SHLL(reg.CL, reg.EAX)
		k.KMOVW(reg.EAX, reg.K1)
		return
	}
	if k.metric == l1 {
		k.VPCMPEQD(reg.Y15, reg.Y15, reg.Y15)
		k.VPSRLD(operand.Imm(1), reg.Y15, reg.Y15)
	}
	k.Comment("Lane i of the mask is set when i < 8 - n mod 8.")
	k.MOVQ(rCount, reg.RAX)
	k.NEGQ(reg.RAX)
	k.ANDQ(operand.Imm(7), reg.RAX)
	k.VMOVD(reg.EAX, reg.X14)
	k.VPBROADCASTD(reg.X14, reg.Y14)
	k.VPCMPGTD(k.lanes, reg.Y14, reg.Y14)
}

// start loads what the loops go by, and requests the first rows.
func (k *rowKernel) start() {
	k.Load(k.Param("ids"), rIDs)
	k.Load(k.Param("count"), reg.R12)
	k.Load(k.Param("out"), rOut)
	if k.metric == dotNorm {
		k.Load(k.Param("norms"), rNorms)
	}

	k.Comment("Request the first rows.")
	first, started := k.label("first"), k.label("started")
	k.XORL(reg.R10L, reg.R10L)
	k.Label(first)
	k.CMPQ(reg.R10, k.param("ahead"))
	k.JGE(operand.LabelRef(started))
	k.CMPQ(reg.R10, rRows)
	k.JGE(operand.LabelRef(started))
	k.request()
	k.INCQ(reg.R10)
	k.JMP(operand.LabelRef(first))
	k.Label(started)
}

// loop goes through the rows, some at a time.
func (k *rowKernel) loop() {
	end := k.label("end")
	for _, rows := range []int{typedAtOnce, 1} {
		next, over := k.label("next"), end
		if rows > 1 {
			over = k.label("rest")
		}
		k.Label(next)
		k.CMPQ(rRows, operand.Imm(uint64(rows)))
		k.JLT(operand.LabelRef(over))
		if rows > 1 {
			k.Comment("Request the rows to come.")
			requested := k.label("requested")
			k.MOVQ(k.param("ahead"), reg.R10)
			k.TESTQ(reg.R10, reg.R10)
			k.JLE(operand.LabelRef(requested))
			for i := range rows {
				if i > 0 {
					k.INCQ(reg.R10)
				}
				k.CMPQ(reg.R10, rRows)
				k.JGE(operand.LabelRef(requested))
				k.request()
			}
			k.Label(requested)
		}
		for i := range rows {
			k.address(operand.Mem{Base: rIDs, Disp: 4 * i}, rRow[i])
		}
		k.sum(rows)
		k.results(rows)
		k.store(rows, xmm[0], rOut)
		if k.metric == dotNorm {
			k.store(rows, xmm[1], rNorms)
		}
		k.ADDQ(operand.Imm(uint64(4*rows)), rIDs)
		k.SUBQ(operand.Imm(uint64(rows)), rRows)
		k.JMP(operand.LabelRef(next))
		if rows > 1 {
			k.Label(over)
		}
	}
	k.Label(end)
}

// rNorms is the next row's norm.
var rNorms = reg.RDX

func (k *rowKernel) store(rows int, v reg.VecPhysical, to reg.GPPhysical) {
	if rows == 1 {
		k.VMOVSS(v, operand.Mem{Base: to})
	} else {
		k.VMOVUPS(v, operand.Mem{Base: to})
	}
	k.ADDQ(operand.Imm(uint64(4*rows)), to)
}

// address computes into row the address of the row whose id, without a sign, is at id.
func (k *rowKernel) address(id operand.Mem, row reg.GPPhysical) {
	k.MOVL(id, row.As32())
	k.IMULQ(k.param("stride"), row)
	k.ADDQ(k.param("base"), row)
}

// request requests the cache lines of the lead of the row whose id is R10 places after the next one, as prefetchRow
// does. It uses R8 and R11.
func (k *rowKernel) request() {
	k.address(operand.Mem{Base: rIDs, Index: reg.R10, Scale: 4}, reg.R8)
	k.MOVQ(k.param("lead"), reg.R11)
	k.LEAQ(operand.Mem{Base: reg.R8, Index: reg.R11, Scale: 1, Disp: -1}, reg.R11)
	line := k.label("line")
	k.Label(line)
	k.PREFETCHT1(operand.Mem{Base: reg.R8})
	k.ADDQ(operand.Imm(64), reg.R8)
	k.CMPQ(reg.R8, reg.R11)
	k.JCS(operand.LabelRef(line))
	k.PREFETCHT1(operand.Mem{Base: reg.R11})
}

// acc returns accumulator a of a row: for dotNorm, the product is in 0 and the norm in 1.
func (k *rowKernel) acc(row, a int) reg.VecPhysical { return k.vec[2*row+a] }

// sum fills the accumulators of rows.
func (k *rowKernel) sum(rows int) {
	for i := range 2 * rows {
		k.zero(k.Context, k.vec[i])
	}
	k.XORL(reg.EAX, reg.EAX)
	block, tail := k.label("block"), k.label("tail")
	k.CMPQ(rOffset, rMain)
	k.JGE(operand.LabelRef(tail))
	k.Label(block)
	for a := range k.accs {
		k.step(rows, a, a)
	}
	k.ADDQ(operand.Imm(uint64(k.accs*k.width)), rOffset)
	k.CMPQ(rOffset, rMain)
	k.JLT(operand.LabelRef(block))
	k.Label(tail)

	if k.accs == 2 {
		even := k.label("even")
		k.TESTQ(operand.U32(uint32(k.width)), rCount)
		k.JEQ(operand.LabelRef(even))
		k.step(rows, 0, 0)
		k.Label(even)
	}
	done := k.label("done")
	k.TESTQ(operand.U32(uint32(k.width-1)), rCount)
	k.JEQ(operand.LabelRef(done))
	k.last(rows)
	k.Label(done)
}

// step adds the terms of place·width components after the offset to accumulator a of every row.
func (k *rowKernel) step(rows, a, place int) {
	q := k.vec[k.query+a]
	k.load(k.Context, k.queryAt(place*k.width), q)
	for r := range rows {
		at := k.rowAt(r, place*k.width)
		if k.element.size == 4 && k.metric != dotNorm {
			k.term(at, q, r, a, false)
			continue
		}
		t := k.scratch()
		k.widen(at, t)
		k.term(t, q, r, a, false)
	}
}

// last adds the terms of the last components, fewer than width, to the last accumulator of every row.
func (k *rowKernel) last(rows int) {
	q := k.vec[k.query]
	k.LEAQ(operand.Mem{Base: rCount, Disp: -k.width}, rOffset)
	if k.width == 8 {
		k.load(k.Context, k.queryAt(0), q)
	} else {
		k.masked(k.Context, k.queryAt(0), q)
	}
	for r := range rows {
		t := k.scratch()
		if k.width == 8 {
			k.widen(k.rowAt(r, 0), t)
		} else {
			k.widenMasked(k.rowAt(r, 0), t)
		}
		k.term(t, q, r, k.accs-1, k.width == 8)
	}
}

func (k *rowKernel) queryAt(i int) operand.Mem {
	return operand.Mem{Base: rQuery, Index: rOffset, Scale: 4, Disp: 4 * i}
}

func (k *rowKernel) rowAt(row, i int) operand.Mem {
	size := k.element.size
	return operand.Mem{Base: rRow[row], Index: rOffset, Scale: uint8(size), Disp: size * i}
}

// widen loads width components.
func (k *rowKernel) widen(m operand.Mem, v reg.VecPhysical) {
	switch k.element.name {
	case "Float32":
		k.VMOVUPS(m, v)
	case "Float16":
		k.VCVTPH2PS(m, v)
	case "Int8":
		k.VPMOVSXBD(m, v)
		k.VCVTDQ2PS(v, v)
	case "Uint8":
		k.VPMOVZXBD(m, v)
		k.VCVTDQ2PS(v, v)
	}
}

// widenMasked loads the components of the tail for AVX-512.
func (k *rowKernel) widenMasked(m operand.Mem, v reg.VecPhysical) {
	switch k.element.name {
	case "Float32":
		k.VMOVUPS_Z(m, reg.K1, v)
	case "Float16":
		k.VCVTPH2PS_Z(m, reg.K1, v)
	case "Int8":
		k.VPMOVSXBD_Z(m, reg.K1, v)
		k.VCVTDQ2PS(v, v)
	case "Uint8":
		k.VPMOVZXBD_Z(m, reg.K1, v)
		k.VCVTDQ2PS(v, v)
	}
}

// term adds the terms of x, in memory or a register, and q to accumulator a of a row; of an overlapping tail, those
// that are not added yet.
func (k *rowKernel) term(x operand.Op, q reg.VecPhysical, row, a int, tail bool) {
	switch k.metric {
	case dot, dotNorm:
		if tail {
			k.VANDNPS(x, reg.Y14, x)
		}
		k.VFMADD231PS(x, q, k.acc(row, a))
		if k.metric == dotNorm {
			k.VFMADD231PS(x, x, k.acc(row, 1))
		}
		return
	}
	t, ok := x.(reg.VecPhysical)
	if !ok {
		t = k.scratch()
	}
	k.VSUBPS(x, q, t)
	if tail {
		k.VANDNPS(t, reg.Y14, t)
	}
	if k.metric == l2 {
		k.VFMADD231PS(t, t, k.acc(row, a))
		return
	}
	k.and(k.Context, k.vec[k.abs], t, t)
	k.VADDPS(t, k.acc(row, a), k.acc(row, a))
}

// results leaves the sums of rows in the first lanes of X0, and their norms in those of X1.
func (k *rowKernel) results(rows int) {
	if k.metric == dotNorm {
		k.across(rows, 0)
		k.across(rows, 1)
		return
	}
	for row := range rows {
		k.VADDPS(k.acc(row, 1), k.acc(row, 0), k.acc(row, 0))
	}
	k.across(rows, 0)
}

// across adds up the lanes of accumulator a of each row into X register a. Horizontal adds pair the lanes of every row
// alike, whether one row is reduced or four.
func (k *rowKernel) across(rows, a int) {
	y := func(row int) reg.VecPhysical { return ymm[2*row+a] }
	if k.width == 16 {
		for row := range rows {
			k.VEXTRACTF64X4(operand.Imm(1), k.acc(row, a), ymm[typedScratch])
			k.VADDPS(ymm[typedScratch], y(row), y(row))
		}
	}
	if rows == 1 {
		k.VHADDPS(y(0), y(0), y(0))
		k.VHADDPS(y(0), y(0), y(0))
	} else {
		k.VHADDPS(y(1), y(0), y(0))
		k.VHADDPS(y(3), y(2), y(2))
		k.VHADDPS(y(2), y(0), y(0))
	}
	k.VEXTRACTF128(operand.Imm(1), y(0), xmm[typedScratch])
	k.VADDPS(xmm[typedScratch], xmm[a], xmm[a])
}
