//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// NEON kernels of routing, written by hand. Registers:
//	R0 query, R1 quads of components, R2 cursor in the groups, R3 groups left, R4 norms, R5 out, R9 cursor in the
//	query, R10 and R11 fours (twos) of quads left and quads behind them,
//	V0-V7 sums, V16-V23 centroids, V24-V27 scratch, V8 and V9 query, V28 -128 as int8, V29 zero, V30 base, V31 mul.

#define PARAMETERS \
	MOVD q8+0(FP), R0; \
	MOVD quads+8(FP), R1; \
	MOVD groups+16(FP), R2; \
	MOVD count+24(FP), R3; \
	MOVD norms+32(FP), R4; \
	FMOVS base+40(FP), F30; \
	FMOVS mul+44(FP), F31; \
	MOVD out+48(FP), R5; \
	VDUP V30.S[0], V30.S4; \
	VDUP V31.S[0], V31.S4; \
	VEOR V29.B16, V29.B16, V29.B16; \
	VMOVI $128, V28.B16

#define ZERO(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16; \
	VEOR c.B16, c.B16, c.B16; \
	VEOR d.B16, d.B16, d.B16

// DISTANCES turns the 16 products in V0-V3 into distances and writes them.
#define DISTANCES \
	VLD1.P 64(R4), [V16.S4, V17.S4, V18.S4, V19.S4]; \
	DISTANCE(0, 16); \
	DISTANCE(1, 17); \
	DISTANCE(2, 18); \
	DISTANCE(3, 19); \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R5)

#define DISTANCE(dot, norm) \
	SCVTF(dot, dot); \
	FMUL(31, dot, dot); \
	FADD(norm, 30, norm); \
	FSUB(dot, norm, dot); \
	FMAXNM(29, dot, dot)

// QUAD adds the products of word i of the query to the sums from acc on.
#define QUAD(i, acc) \
	VLD1.P 64(R2), [V16.B16, V17.B16, V18.B16, V19.B16]; \
	SDOT(8, i, 16, acc); \
	SDOT(8, i, 17, acc+1); \
	SDOT(8, i, 18, acc+2); \
	SDOT(8, i, 19, acc+3)

// func routeDot(q8 *uint8, quads int, groups *int8, count int, norms *float32, base, mul float32, out *float32)
TEXT ·routeDot(SB), NOSPLIT, $0-56
	PARAMETERS

group:
	ZERO(V0, V1, V2, V3)
	ZERO(V4, V5, V6, V7)
	MOVD R0, R9
	LSR  $2, R1, R10
	AND  $3, R1, R11
	CBZ  R10, rest

four:
	VLD1.P 16(R9), [V8.B16]
	VEOR   V28.B16, V8.B16, V8.B16
	QUAD(0, 0)
	QUAD(1, 4)
	QUAD(2, 0)
	QUAD(3, 4)
	SUB    $1, R10
	CBNZ   R10, four

rest:
	CBZ R11, end

one:
	FMOVS.P 4(R9), F8
	VEOR    V28.B16, V8.B16, V8.B16
	QUAD(0, 0)
	SUB     $1, R11
	CBNZ    R11, one

end:
	VADD V4.S4, V0.S4, V0.S4
	VADD V5.S4, V1.S4, V1.S4
	VADD V6.S4, V2.S4, V2.S4
	VADD V7.S4, V3.S4, V3.S4
	DISTANCES
	SUB  $1, R3
	CBNZ R3, group
	RET

// TWO adds the products of two quads, of centroids a and b and in V8 and V9 of the query, to the two sums from acc on,
// of two centroids each. Two products of int8, none of them -128 on both sides, fit into 16 bits.
#define TWO(a, b, t, u, acc) \
	SMULL(8, a, t); \
	SMULL2(8, a, u); \
	SMLAL(9, b, t); \
	SMLAL2(9, b, u); \
	SADALP(t, acc); \
	SADALP(u, acc+1)

#define ONE(a, t, u, acc) \
	SMULL(8, a, t); \
	SMULL2(8, a, u); \
	SADALP(t, acc); \
	SADALP(u, acc+1)

// func routeWiden(q8 *uint8, quads int, groups *int8, count int, norms *float32, base, mul float32, out *float32)
TEXT ·routeWiden(SB), NOSPLIT, $0-56
	PARAMETERS

group:
	ZERO(V0, V1, V2, V3)
	ZERO(V4, V5, V6, V7)
	MOVD R0, R9
	LSR  $1, R1, R10
	CBZ  R10, rest

two:
	VLD1R.P 4(R9), [V8.S4]
	VLD1R.P 4(R9), [V9.S4]
	VLD1.P  64(R2), [V16.B16, V17.B16, V18.B16, V19.B16]
	VLD1.P  64(R2), [V20.B16, V21.B16, V22.B16, V23.B16]
	VEOR    V28.B16, V8.B16, V8.B16
	VEOR    V28.B16, V9.B16, V9.B16
	TWO(16, 20, 24, 25, 0)
	TWO(17, 21, 26, 27, 2)
	TWO(18, 22, 24, 25, 4)
	TWO(19, 23, 26, 27, 6)
	SUB     $1, R10
	CBNZ    R10, two

rest:
	TBZ     $0, R1, end
	VLD1R   (R9), [V8.S4]
	VLD1.P  64(R2), [V16.B16, V17.B16, V18.B16, V19.B16]
	VEOR    V28.B16, V8.B16, V8.B16
	ONE(16, 24, 25, 0)
	ONE(17, 26, 27, 2)
	ONE(18, 24, 25, 4)
	ONE(19, 26, 27, 6)

end:
	VADDP V1.S4, V0.S4, V0.S4
	VADDP V3.S4, V2.S4, V1.S4
	VADDP V5.S4, V4.S4, V2.S4
	VADDP V7.S4, V6.S4, V3.S4
	DISTANCES
	SUB   $1, R3
	CBNZ  R3, group
	RET

// SIXTEEN turns the 16 components at R0 into bytes in V0. NaN becomes the least there is, before it can become 0.
#define SIXTEEN \
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	CODE(0); \
	CODE(1); \
	CODE(2); \
	CODE(3); \
	SQXTNH(0, 0); \
	SQXTNH2(1, 0); \
	SQXTNH(2, 1); \
	SQXTNH2(3, 1); \
	SQXTNB(0, 0); \
	SQXTNB2(1, 0); \
	VEOR V28.B16, V0.B16, V0.B16

#define CODE(x) \
	FMUL(31, x, x); \
	FMAXNM(30, x, x); \
	FCVTNS(x, x)

// R0 cursor in the components, R1 how many, R2 cursor in the bytes, R3 sixteens left; V28 -128 as int8, V30 as
// float32, V31 inv.
//
// func quantize8(x *float32, n int, inv float32, out *uint8)
TEXT ·quantize8(SB), NOSPLIT, $0-32
	MOVD  x+0(FP), R0
	MOVD  n+8(FP), R1
	FMOVS inv+16(FP), F31
	MOVD  out+24(FP), R2
	VDUP  V31.S[0], V31.S4
	FMOVS $-128.0, F30
	VDUP  V30.S[0], V30.S4
	VMOVI $128, V28.B16
	LSR   $4, R1, R3

block:
	SIXTEEN
	VST1.P [V0.B16], 16(R2)
	SUB    $1, R3
	CBNZ   R3, block
	ANDS   $15, R1
	BEQ    end

	// The last 16, of which some are done.
	SUB  $16, R1
	ADD  R1, R2
	ADD  R1<<2, R0
	SIXTEEN
	VST1 [V0.B16], (R2)

end:
	RET
