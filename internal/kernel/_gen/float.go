package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// metric is what a float32 kernel adds up.
type metric string

const (
	dot metric = "dot"
	l2  metric = "l2"
	l1  metric = "l1"
)

func (m metric) term() string {
	return map[metric]string{dot: "a[i]*b[i]", l2: "(a[i]-b[i])^2", l1: "|a[i]-b[i]|"}[m]
}

// kernel emits one function.
type kernel struct {
	*build.Context
	*isa
	metric metric
	labels int
	temp   int
	bound  bool // give up rows: one row at a time, with R9 the bytes of its first half
	lead   bool // there is a parameter lead, the bytes of a row to request
}

// floats emits all float32 kernels of an instruction set.
func floats(c *build.Context, i *isa) {
	for _, m := range []metric{dot, l2, l1} {
		k := &kernel{Context: c, isa: i, metric: m}
		k.single()
		k.many(false)
		if m != dot {
			k.many(true)
		}
	}
}

// begin starts the function metric+form+isa.
func (k *kernel) begin(form, signature, doc string) {
	name := string(k.metric) + form + k.name
	k.Function(name)
	k.Attributes(attr.NOSPLIT)
	k.SignatureExpr(signature)
	k.Doc(strings.Split(name+" "+doc, "\n")...)
	k.Pragma("noescape")
	k.labels = 0
	k.temp = 0
}

// describe writes the register layout at the head of the function.
func (k *kernel) describe(lines ...string) {
	k.Comment(strings.Split(strings.Join(lines, "\n"), "\n")...)
}

// label returns a name for a label that no other place in the function has.
func (k *kernel) label(what string) string {
	k.labels++
	return fmt.Sprintf("%s%d", what, k.labels)
}

func (k *kernel) single() {
	k.begin("", "func(a, b *float32, n int) float32", fmt.Sprintf("returns the sum of %s over n components, n ≥ 16.", k.metric.term()))
	k.describe("DI a, R8 b, SI n, AX byte offset, BX bytes in whole blocks;", k.layout)
	k.Load(k.Param("a"), rQuery)
	k.Load(k.Param("b"), rRow[0])
	k.Load(k.Param("n"), rCount)
	k.setup(k.Context, k.metric == l1)
	k.blocks()
	k.sum(1, "")
	k.reduce(1)
	k.Comment("Not MOVSS, which costs some processors a switch of state here.")
	k.VMOVSS(xmm[0], resolve(k.ReturnIndex(0)))
	k.VZEROUPPER()
	k.RET()
}

// many emits the one-to-many form, or with bound the one that gives up rows.
func (k *kernel) many(bound bool) {
	form, params, rows := "Many", "", k.rows
	doc := fmt.Sprintf("sets out[j] to the sum of %s over n components, n ≥ 16, a the query and\nb the row ids[j], for count rows, count ≥ 1; it requests rows from memory ahead rows before it reads them,\nof each the first lead bytes, lead ≥ 1.", k.metric.term())
	if bound {
		// Rows give up at different places, so that there is nothing to share between them.
		form, params, rows = "ManyBound", ", bound float32, half int", 1
		doc += "\nThe components after the first half, a multiple of 64 or n, are not read if the sum of the first is greater than\nbound: out[j] is then +Inf. The lead is at most the first half."
	}
	k.bound, k.lead = bound, true
	k.begin(form, "func(q *float32, n int, base *byte, stride uintptr, ids *int32, count, ahead, lead int, out *float32"+params+")", doc)
	k.describe("DI query, SI n, CX ids, R12 rows left, R13 out, R8-R11 rows of the block (or scratch), AX byte offset,",
		"BX bytes in whole blocks, DX bytes of a row"+map[bool]string{true: ", R9 bytes of its first half"}[bound]+";", k.layout)
	k.Load(k.Param("q"), rQuery)
	k.Load(k.Param("n"), rCount)
	k.setup(k.Context, k.metric == l1)
	k.blocks()
	if bound {
		k.Load(k.Param("half"), reg.R9)
		k.SHLQ(operand.Imm(2), reg.R9)
	}
	k.rowLoop(rows, 4, func(rows int) {
		if !bound {
			k.sum(rows, "")
			k.reduce(rows)
			return
		}
		over, done := k.label("over"), k.label("done")
		k.sum(rows, over)
		k.reduce(rows)
		k.JMP(operand.LabelRef(done))
		k.Label(over)
		k.Comment("+Inf")
		k.MOVL(operand.U32(0x7f800000), reg.EAX)
		k.VMOVD(reg.EAX, xmm[0])
		k.Label(done)
	})
	k.VZEROUPPER()
	k.RET()
}

// rowLoop calls body with the addresses of some rows in rRow and stores the results that body leaves in X0.
func (k *kernel) rowLoop(rows, size int, body func(rows int)) {
	k.Load(k.Param("ids"), rIDs)
	k.Load(k.Param("count"), reg.R12)
	k.Load(k.Param("out"), rOut)
	k.MOVQ(rCount, rBytes)
	k.SHLQ(operand.Imm(uint64(map[int]int{4: 2, 8: 3}[size])), rBytes)

	k.Comment("Request the first rows.")
	first, started := k.label("first"), k.label("started")
	k.XORL(reg.R10L, reg.R10L)
	k.Label(first)
	k.prefetchRow()
	k.INCQ(reg.R10)
	k.CMPQ(reg.R10, rRows)
	k.JGE(operand.LabelRef(started))
	k.CMPQ(reg.R10, k.param("ahead"))
	k.JLT(operand.LabelRef(first))
	k.Label(started)

	end := k.label("end")
	for _, r := range []int{rows, 1} {
		next, over := k.label("next"), end
		if r > 1 {
			over = k.label("rest")
		}
		k.Label(next)
		k.CMPQ(rRows, operand.Imm(uint64(r)))
		k.JLT(operand.LabelRef(over))
		if r == rows {
			k.Comment("Request the rows to come.")
			requested := k.label("requested")
			k.MOVQ(k.param("ahead"), reg.R10)
			for i := range r {
				if i > 0 {
					k.INCQ(reg.R10)
				}
				k.CMPQ(reg.R10, rRows)
				k.JGE(operand.LabelRef(requested))
				k.prefetchRow()
			}
			k.Label(requested)
		}
		for i := range r {
			k.address(operand.Mem{Base: rIDs, Disp: 4 * i}, rRow[i])
		}
		body(r)
		switch r {
		case 1:
			k.VMOVSS(xmm[0], operand.Mem{Base: rOut})
		case 2:
			k.VMOVSD(xmm[0], operand.Mem{Base: rOut})
		case 4:
			k.VMOVUPS(xmm[0], operand.Mem{Base: rOut})
		}
		k.ADDQ(operand.Imm(uint64(4*r)), rIDs)
		k.ADDQ(operand.Imm(uint64(4*r)), rOut)
		k.SUBQ(operand.Imm(uint64(r)), rRows)
		k.JMP(operand.LabelRef(next))
		if r == 1 {
			break
		}
		k.Label(over)
	}
	k.Label(end)
}

// param returns the memory of a parameter.
func (k *kernel) param(name string) operand.Mem { return resolve(k.Param(name)) }

func resolve(c gotypes.Component) operand.Mem {
	b, err := c.Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// address computes into row the address of the row whose id is at id.
func (k *kernel) address(id operand.Mem, row reg.GPPhysical) {
	k.MOVLQSX(id, row)
	k.IMULQ(k.param("stride"), row)
	k.ADDQ(k.param("base"), row)
}

// prefetchRow requests the cache lines of the row whose id is R10 places after the next one: of its lead if
// there is one. It uses R8 and R11. Into the second-level cache: on Zen 4 that leaves more misses under way than T0 and takes
// two thirds of the time; NTA was no better than T0.
func (k *kernel) prefetchRow() {
	k.address(operand.Mem{Base: rIDs, Index: reg.R10, Scale: 4}, reg.R8)
	size := rBytes
	if k.lead {
		size = reg.R11
		k.MOVQ(k.param("lead"), size)
	}
	k.LEAQ(operand.Mem{Base: reg.R8, Index: size, Scale: 1, Disp: -1}, reg.R11)
	line := k.label("line")
	k.Label(line)
	k.PREFETCHT1(operand.Mem{Base: reg.R8})
	k.ADDQ(operand.Imm(64), reg.R8)
	k.CMPQ(reg.R8, reg.R11)
	k.JCS(operand.LabelRef(line))
	k.PREFETCHT1(operand.Mem{Base: reg.R11})
}

// blocks computes the bytes of a vector's whole blocks.
func (k *kernel) blocks() {
	k.MOVQ(rCount, rMain)
	k.ANDQ(operand.I32(-4*k.width), rMain)
	k.SHLQ(operand.Imm(2), rMain)
}

// sum fills the accumulators of rows. With a label over, it jumps there when it sees that the sum is greater than the
// bound.
func (k *kernel) sum(rows int, over string) {
	for i := range 4 * rows {
		k.zero(k.Context, k.vec[i])
	}
	k.XORL(reg.EAX, reg.EAX)
	loop, tail := k.label("block"), k.label("tail")
	k.CMPQ(rOffset, rMain)
	k.JGE(operand.LabelRef(tail))
	k.Label(loop)
	for a := range 4 {
		k.step(rows, a, a)
	}
	k.ADDQ(operand.U32(uint32(16*k.width)), rOffset)
	if over != "" {
		k.look(over)
	}
	k.CMPQ(rOffset, rMain)
	k.JLT(operand.LabelRef(loop))
	k.Label(tail)

	half, one, rest := k.label("half"), k.label("one"), k.label("rest")
	k.TESTQ(operand.U32(uint32(2*k.width)), rCount)
	k.JEQ(operand.LabelRef(half))
	k.step(rows, 0, 0)
	k.step(rows, 1, 1)
	k.ADDQ(operand.Imm(uint64(8*k.width)), rOffset)
	k.Label(half)
	k.TESTQ(operand.U32(uint32(k.width)), rCount)
	k.JEQ(operand.LabelRef(one))
	k.step(rows, 2, 0)
	k.ADDQ(operand.Imm(uint64(4*k.width)), rOffset)
	k.Label(one)
	k.TESTQ(operand.U32(uint32(k.width-1)), rCount)
	k.JEQ(operand.LabelRef(rest))
	q := k.vec[k.query]
	k.masked(k.Context, operand.Mem{Base: rQuery, Index: rOffset, Scale: 1}, q)
	for r := range rows {
		t := k.scratch()
		k.masked(k.Context, operand.Mem{Base: rRow[r], Index: rOffset, Scale: 1}, t)
		k.add(t, q, k.vec[4*r+3])
	}
	k.Label(rest)
}

// step adds the terms of place·width components after the offset to accumulator a of every row.
func (k *kernel) step(rows, a, place int) {
	q := k.vec[k.query+a]
	k.load(k.Context, operand.Mem{Base: rQuery, Index: rOffset, Scale: 1, Disp: 4 * k.width * place}, q)
	for r := range rows {
		k.add(operand.Mem{Base: rRow[r], Index: rOffset, Scale: 1, Disp: 4 * k.width * place}, q, k.vec[4*r+a])
	}
}

// add adds the terms of x, in memory or a register, and q to the accumulator acc.
func (k *kernel) add(x operand.Op, q, acc reg.VecPhysical) {
	if k.metric == dot {
		k.VFMADD231PS(x, q, acc)
		return
	}
	t := k.scratch()
	k.VSUBPS(x, q, t)
	if k.metric == l2 {
		k.VFMADD231PS(t, t, acc)
		return
	}
	k.and(k.Context, k.vec[k.abs], t, t)
	k.VADDPS(t, acc, acc)
}

// scratch returns one of the registers for differences, in turn.
func (k *kernel) scratch() reg.VecPhysical {
	k.temp++
	return k.vec[k.temps[k.temp%len(k.temps)]]
}

// look jumps to over if the first half is done and its sum greater than the bound. It leaves the accumulators as they
// are and adds them in the order of reduce. More looks, at every quarter or every 64 components, measured slower: a
// look costs as much as adding some 50 components, and each is a branch to mispredict.
func (k *kernel) look(over string) {
	skip := k.label("skip")
	k.CMPQ(rOffset, reg.R9)
	k.JNE(operand.LabelRef(skip))
	k.VADDPS(k.vec[1], k.vec[0], k.vec[4])
	k.VADDPS(k.vec[3], k.vec[2], k.vec[5])
	k.VADDPS(k.vec[5], k.vec[4], k.vec[4])
	k.fold(4, 5)
	k.VHADDPS(xmm[4], xmm[4], xmm[4])
	k.VHADDPS(xmm[4], xmm[4], xmm[4])
	k.VUCOMISS(k.param("bound"), xmm[4])
	k.JHI(operand.LabelRef(over))
	k.Label(skip)
}

// fold adds the upper half of register v to its lower until four lanes are left, with t for scratch.
func (k *kernel) fold(v, t int) {
	if k.width == 16 {
		k.VEXTRACTF64X4(operand.Imm(1), zmm[v], ymm[t])
		k.VADDPS(ymm[t], ymm[v], ymm[v])
	}
	k.VEXTRACTF128(operand.Imm(1), ymm[v], xmm[t])
	k.VADDPS(xmm[t], xmm[v], xmm[v])
}

// reduce leaves the sums of rows in the first lanes of X0. Horizontal adds pair the lanes of every row alike, whether
// one row is reduced or four.
func (k *kernel) reduce(rows int) {
	for r := range rows {
		v := k.vec[4*r : 4*r+4]
		k.VADDPS(v[1], v[0], v[0])
		k.VADDPS(v[3], v[2], v[2])
		k.VADDPS(v[2], v[0], v[0])
		k.fold(4*r, 4*r+1)
	}
	switch rows {
	case 1:
		k.VHADDPS(xmm[0], xmm[0], xmm[0])
		k.VHADDPS(xmm[0], xmm[0], xmm[0])
	case 2:
		k.VHADDPS(xmm[4], xmm[0], xmm[0])
		k.VHADDPS(xmm[0], xmm[0], xmm[0])
	case 4:
		k.VHADDPS(xmm[4], xmm[0], xmm[0])
		k.VHADDPS(xmm[12], xmm[8], xmm[8])
		k.VHADDPS(xmm[8], xmm[0], xmm[0])
	}
}
