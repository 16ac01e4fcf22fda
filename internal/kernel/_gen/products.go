package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The shape of a tile of products: ProductPoints and ProductCentroids of package kernel. AVX-512 holds all of its sums
// in 24 registers, AVX2 a quarter of them in 12.
const (
	productPoints    = 8
	productCentroids = 48
)

// products emits the kernels of an instruction set that assign points to centroids.
func products(c *build.Context, i *isa) {
	k := &kernel{Context: c, isa: i}
	k.products()
	k.argMin()
}

// function starts a function that is not of a metric.
func (k *kernel) function(name, signature, doc string) {
	k.metric = ""
	k.begin(name, signature, doc)
}

func (k *kernel) products() {
	k.function("products", "func(points **float32, panel *float32, n int, out *float32)",
		fmt.Sprintf("sets out[%[1]d·p+c] to the sum of points[p][i]*panel[%[1]d·i+c] over n components i, n ≥ 1,\nfor %[2]d points p and %[1]d centroids c.", productCentroids, productPoints))
	points, centroids, name := productPoints, productCentroids, "Z"
	if k.width == 8 {
		points, centroids, name = points/2, centroids/2, "Y"
	}
	wide := centroids / k.width
	sums := points * wide
	pointers := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.RAX, reg.RBX}[:points]
	layout := fmt.Sprintf("%s points, CX component, DX components, DI panel, SI array of points or out;\n%[2]s0-%[2]s%d sums, %d registers a point, %[2]s%d-%[2]s%d centroids, %[2]s%d point.",
		map[int]string{8: "R8-R11", 16: "R8-R13, AX, BX"}[k.width], name, sums-1, wide, sums, sums+wide-1, sums+wide)
	if k.width == 8 {
		layout += fmt.Sprintf("\nThe tile is done in four quarters of %d points and %d centroids.", points, centroids)
	}
	k.describe(layout)
	k.Load(k.Param("n"), reg.RDX)
	for p0 := 0; p0 < productPoints; p0 += points {
		k.Load(k.Param("points"), reg.RSI)
		for p, pointer := range pointers {
			k.MOVQ(operand.Mem{Base: reg.RSI, Disp: 8 * (p0 + p)}, pointer)
		}
		for c0 := 0; c0 < productCentroids; c0 += centroids {
			k.Load(k.Param("panel"), reg.RDI)
			k.XORL(reg.ECX, reg.ECX)
			for i := range sums {
				k.zero(k.Context, k.vec[i])
			}
			// The point's component by an instruction of its own: as a memory operand of all three multiplications it would be
			// loaded three times, and the loads take a quarter longer than the arithmetic.
			component := func(u int) {
				for w := range wide {
					k.VMOVUPS(operand.Mem{Base: reg.RDI, Disp: 4 * (productCentroids*u + c0 + w*k.width)}, k.vec[sums+w])
				}
				for p, pointer := range pointers {
					x := k.vec[sums+wide]
					k.VBROADCASTSS(operand.Mem{Base: pointer, Index: reg.RCX, Scale: 4, Disp: 4 * u}, x)
					for w := range wide {
						k.VFMADD231PS(k.vec[sums+w], x, k.vec[wide*p+w])
					}
				}
			}
			const unroll = 4 // 5 to 7 % faster from 384 components on
			loop, rest, end := k.label("components"), k.label("rest"), k.label("end")
			k.SUBQ(operand.Imm(unroll), reg.RDX)
			k.JLT(operand.LabelRef(rest))
			k.Label(loop)
			for u := range unroll {
				component(u)
			}
			k.ADDQ(operand.U32(4*productCentroids*unroll), reg.RDI)
			k.ADDQ(operand.Imm(unroll), reg.RCX)
			k.CMPQ(reg.RCX, reg.RDX)
			k.JLE(operand.LabelRef(loop))
			k.Label(rest)
			k.ADDQ(operand.Imm(unroll), reg.RDX)
			one := k.label("component")
			k.Label(one)
			k.CMPQ(reg.RCX, reg.RDX)
			k.JGE(operand.LabelRef(end))
			component(0)
			k.ADDQ(operand.U32(4*productCentroids), reg.RDI)
			k.INCQ(reg.RCX)
			k.JMP(operand.LabelRef(one))
			k.Label(end)
			k.Load(k.Param("out"), reg.RSI)
			for p := range points {
				for w := range wide {
					k.VMOVUPS(k.vec[wide*p+w], operand.Mem{Base: reg.RSI, Disp: 4 * (productCentroids*(p0+p) + c0 + w*k.width)})
				}
			}
		}
	}
	k.VZEROUPPER()
	k.RET()
}

// less and equal are comparisons that are false where an operand is NaN.
const (
	less  = 0x11
	equal = 0x00
)

// argMin goes through the values by registers, each lane keeping its smallest value and where that was. The last
// register overlaps the one before: what is seen twice has the same place both times.
func (k *kernel) argMin() {
	k.function("argMin", "func(v, add *float32, mul float32, n int) (at int, least float32)",
		fmt.Sprintf("returns the smallest add[i] + mul*v[i] of n, n ≥ %d, and its first index;\n0 and +Inf where none is below +Inf.", k.width))
	name := map[int]string{8: "Y", 16: "Z"}[k.width]
	k.describe(fmt.Sprintf("DI v, R8 add, SI n, AX index of the register's first value, BX of the last register's (or lanes);\n%[1]s0 mul, %[1]s1 smallest of each lane, %[1]s2 its index, %[1]s3 indexes, %[1]s4-%[1]s6 scratch, %[1]s7 lanes in all lanes.", name))
	v := k.vec
	k.Load(k.Param("v"), reg.RDI)
	k.Load(k.Param("add"), reg.R8)
	k.Load(k.Param("n"), reg.RSI)
	k.VBROADCASTSS(k.param("mul"), v[0])
	k.MOVL(operand.U32(0x7f800000), reg.EAX)
	k.VMOVD(reg.EAX, xmm[1])
	k.VPBROADCASTD(xmm[1], v[1])
	k.zero(k.Context, v[2])
	k.VMOVUPS(k.lanes, v[3])
	k.MOVL(operand.U32(uint32(k.width)), reg.EBX)
	k.VMOVD(reg.EBX, xmm[7])
	k.VPBROADCASTD(xmm[7], v[7])
	k.LEAQ(operand.Mem{Base: reg.RSI, Disp: -k.width}, reg.RBX)
	k.XORL(reg.EAX, reg.EAX)
	step := func() {
		k.VMOVUPS(operand.Mem{Base: reg.R8, Index: reg.RAX, Scale: 4}, v[4])
		k.VFMADD231PS(operand.Mem{Base: reg.RDI, Index: reg.RAX, Scale: 4}, v[0], v[4])
		if k.width == 16 {
			k.VCMPPS(operand.Imm(less), v[1], v[4], reg.K1)
			k.VMOVAPS(v[4], reg.K1, v[1])
			k.VMOVDQA32(v[3], reg.K1, v[2])
		} else {
			k.VCMPPS(operand.Imm(less), v[1], v[4], v[6])
			k.VBLENDVPS(v[6], v[4], v[1], v[1])
			k.VBLENDVPS(v[6], v[3], v[2], v[2])
		}
	}
	loop, done := k.label("values"), k.label("done")
	k.Label(loop)
	step()
	k.VPADDD(v[7], v[3], v[3])
	k.ADDQ(operand.Imm(uint64(k.width)), reg.RAX)
	k.CMPQ(reg.RAX, reg.RBX)
	k.JLE(operand.LabelRef(loop))
	k.CMPQ(reg.RAX, reg.RSI)
	k.JEQ(operand.LabelRef(done))
	k.VMOVD(reg.EBX, xmm[3])
	k.VPBROADCASTD(xmm[3], v[3])
	k.VPADDD(k.lanes, v[3], v[3])
	k.MOVQ(reg.RBX, reg.RAX)
	step()
	k.Label(done)

	k.Comment("The smallest of the lanes, in all lanes.")
	k.foldAll(1, 4, func(a, b, c reg.VecPhysical) { k.VMINPS(a, b, c) })
	k.VMOVSS(xmm[4], resolve(k.ReturnIndex(1)))
	k.VBROADCASTSS(xmm[4], v[4])
	k.Comment("The smallest index of the lanes that have it.")
	if k.width == 16 {
		k.VPTERNLOGD(operand.Imm(0xff), v[5], v[5], v[5])
		k.VCMPPS(operand.Imm(equal), v[1], v[4], reg.K1)
		k.VMOVDQA32(v[2], reg.K1, v[5])
	} else {
		k.VPCMPEQD(v[5], v[5], v[5])
		k.VCMPPS(operand.Imm(equal), v[1], v[4], v[6])
		k.VBLENDVPS(v[6], v[2], v[5], v[5])
	}
	k.foldAll(5, 4, func(a, b, c reg.VecPhysical) { k.VPMINUD(a, b, c) })
	k.VMOVD(xmm[4], reg.EAX)
	k.Store(reg.RAX, k.ReturnIndex(0))
	k.VZEROUPPER()
	k.RET()
}

// foldAll combines the lanes of register v, which stays, into the lanes of the lowest quarter of t.
func (k *kernel) foldAll(v, t int, combine func(a, b, c reg.VecPhysical)) {
	from := v
	if k.width == 16 {
		k.VEXTRACTF64X4(operand.Imm(1), zmm[v], ymm[t])
		combine(ymm[t], ymm[v], ymm[t])
		from = t
	}
	k.VEXTRACTF128(operand.Imm(1), ymm[from], xmm[6])
	combine(xmm[6], xmm[from], xmm[t])
	for _, swap := range []uint64{0x4e, 0xb1} {
		k.VPSHUFD(operand.Imm(swap), xmm[t], xmm[6])
		combine(xmm[6], xmm[t], xmm[t])
	}
}
