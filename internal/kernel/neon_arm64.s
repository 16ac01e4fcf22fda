//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// NEON kernels, written by hand: avo has no arm64.

// Registers of all float32 kernels:
//	R0 query (or a), R1 components, R9 cursor in the query, R10 cursor in the row (or b), R11 blocks left,
//	V0-V3 accumulators, V4-V7 query, V16-V19 row and differences, V20, V21 scratch.
// Of the Many forms besides:
//	R2 base, R3 stride, R4 ids, R5 rows left, R6 rows ahead, R7 out, R8 bytes of a row to request,
//	R12-R14 scratch, R15 and R19 blocks before and after the look at the bound, F31 bound.

// A term of the sum: q and r are the registers of the components, acc the accumulator. r is spoiled.
#define DOT(q, r, acc) FMLA(r, q, acc)
#define L2(q, r, acc) FSUB(r, q, r); FMLA(r, r, acc)
#define L1(q, r, acc) FABD(r, q, r); FADD(r, acc, acc)

#define ZERO \
	VEOR V0.B16, V0.B16, V0.B16; \
	VEOR V1.B16, V1.B16, V1.B16; \
	VEOR V2.B16, V2.B16, V2.B16; \
	VEOR V3.B16, V3.B16, V3.B16

// BLOCKS adds R11 blocks of 16 components.
#define BLOCKS(TERM, loop, end) \
	CBZ R11, end; \
loop: \
	VLD1.P 64(R9), [V4.S4, V5.S4, V6.S4, V7.S4]; \
	VLD1.P 64(R10), [V16.S4, V17.S4, V18.S4, V19.S4]; \
	TERM(4, 16, 0); \
	TERM(5, 17, 1); \
	TERM(6, 18, 2); \
	TERM(7, 19, 3); \
	SUB $1, R11; \
	CBNZ R11, loop; \
end:

// TAIL adds the last R1 mod 16 components: 8 to accumulators 0 and 1, 4 to accumulator 2, the rest, filled up with
// zeros, to accumulator 3.
#define TAIL(TERM, four, rest, last, add, end) \
	TBZ $3, R1, four; \
	VLD1.P 32(R9), [V4.S4, V5.S4]; \
	VLD1.P 32(R10), [V16.S4, V17.S4]; \
	TERM(4, 16, 0); \
	TERM(5, 17, 1); \
four: \
	TBZ $2, R1, rest; \
	VLD1.P 16(R9), [V4.S4]; \
	VLD1.P 16(R10), [V16.S4]; \
	TERM(4, 16, 2); \
rest: \
	TBZ $1, R1, last; \
	FMOVD.P 8(R9), F4; \
	FMOVD.P 8(R10), F16; \
	TBZ $0, R1, add; \
	VLD1 (R9), V4.S[2]; \
	VLD1 (R10), V16.S[2]; \
	B add; \
last: \
	TBZ $0, R1, end; \
	FMOVS (R9), F4; \
	FMOVS (R10), F16; \
add: \
	TERM(4, 16, 3); \
end:

// SUM leaves the sum of the accumulators in F20, and the accumulators as they are.
#define SUM \
	FADD(1, 0, 20); \
	FADD(3, 2, 21); \
	FADD(21, 20, 20); \
	FADDP(20, 20, 20); \
	FADDP(20, 20, 20)

// FIRST requests the first R6 rows.
#define FIRST(row, line, end) \
	MOVD $0, R14; \
row: \
	REQUEST(line); \
	ADD $1, R14; \
	CMP R5, R14; \
	BGE end; \
	CMP R6, R14; \
	BLT row; \
end:

// AHEAD requests the row that is R6 rows ahead, if there is one.
#define AHEAD(line, end) \
	CMP R5, R6; \
	BGE end; \
	MOVD R6, R14; \
	REQUEST(line); \
end:

// REQUEST requests all cache lines of the R8 bytes of the row whose id is R14 places after the next one.
#define REQUEST(line) \
	MOVW (R4)(R14<<2), R12; \
	MUL R3, R12, R12; \
	ADD R2, R12; \
	ADD R8, R12, R13; \
	SUB $1, R13; \
line: \
	PRFM (R12), PLDL1KEEP; \
	ADD $64, R12; \
	CMP R13, R12; \
	BLO line; \
	PRFM (R13), PLDL1KEEP

// ADDRESS sets R10 to the next row and R9 to the query.
#define ADDRESS \
	MOVW.P 4(R4), R10; \
	MUL R3, R10, R10; \
	ADD R2, R10; \
	MOVD R0, R9

#define PARAMETERS \
	MOVD q+0(FP), R0; \
	MOVD n+8(FP), R1; \
	MOVD base+16(FP), R2; \
	MOVD stride+24(FP), R3; \
	MOVD ids+32(FP), R4; \
	MOVD count+40(FP), R5; \
	MOVD ahead+48(FP), R6; \
	MOVD out+56(FP), R7

// func dot(a, b *float32, n int) float32
TEXT ·dot(SB), NOSPLIT, $0-28
	MOVD a+0(FP), R9
	MOVD b+8(FP), R10
	MOVD n+16(FP), R1
	ZERO
	LSR  $4, R1, R11
	BLOCKS(DOT, loop, blocks)
	TAIL(DOT, four, rest, last, add, end)
	SUM
	FMOVS F20, ret+24(FP)
	RET

// func dotMany(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32)
TEXT ·dotMany(SB), NOSPLIT, $0-64
	PARAMETERS
	LSL $2, R1, R8
	FIRST(row, line, started)

next:
	AHEAD(lineAhead, requested)
	ADDRESS
	ZERO
	LSR $4, R1, R11
	BLOCKS(DOT, loop, blocks)
	TAIL(DOT, four, rest, last, add, end)
	SUM
	FMOVS.P F20, 4(R7)
	SUB     $1, R5
	CBNZ    R5, next
	RET

// func l2(a, b *float32, n int) float32
TEXT ·l2(SB), NOSPLIT, $0-28
	MOVD a+0(FP), R9
	MOVD b+8(FP), R10
	MOVD n+16(FP), R1
	ZERO
	LSR  $4, R1, R11
	BLOCKS(L2, loop, blocks)
	TAIL(L2, four, rest, last, add, end)
	SUM
	FMOVS F20, ret+24(FP)
	RET

// func l2Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32)
TEXT ·l2Many(SB), NOSPLIT, $0-64
	PARAMETERS
	LSL $2, R1, R8
	FIRST(row, line, started)

next:
	AHEAD(lineAhead, requested)
	ADDRESS
	ZERO
	LSR $4, R1, R11
	BLOCKS(L2, loop, blocks)
	TAIL(L2, four, rest, last, add, end)
	SUM
	FMOVS.P F20, 4(R7)
	SUB     $1, R5
	CBNZ    R5, next
	RET

// func l2ManyBound(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32, bound float32, half int)
TEXT ·l2ManyBound(SB), NOSPLIT, $0-80
	PARAMETERS
	FMOVS bound+64(FP), F31
	MOVD  half+72(FP), R8
	LSR   $4, R8, R15
	LSR   $4, R1, R19
	SUB   R15, R19
	LSL   $2, R8
	FIRST(row, line, started)

next:
	AHEAD(lineAhead, requested)
	ADDRESS
	ZERO
	MOVD R15, R11
	BLOCKS(L2, loop, half)
	SUM
	FCMPS F31, F20
	BGT   over
	MOVD  R19, R11
	BLOCKS(L2, loop2, blocks)
	TAIL(L2, four, rest, last, add, end)
	SUM

store:
	FMOVS.P F20, 4(R7)
	SUB     $1, R5
	CBNZ    R5, next
	RET

over:
	MOVW  $0x7f800000, R12 // +Inf
	FMOVS R12, F20
	B     store

// func l1(a, b *float32, n int) float32
TEXT ·l1(SB), NOSPLIT, $0-28
	MOVD a+0(FP), R9
	MOVD b+8(FP), R10
	MOVD n+16(FP), R1
	ZERO
	LSR  $4, R1, R11
	BLOCKS(L1, loop, blocks)
	TAIL(L1, four, rest, last, add, end)
	SUM
	FMOVS F20, ret+24(FP)
	RET

// func l1Many(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32)
TEXT ·l1Many(SB), NOSPLIT, $0-64
	PARAMETERS
	LSL $2, R1, R8
	FIRST(row, line, started)

next:
	AHEAD(lineAhead, requested)
	ADDRESS
	ZERO
	LSR $4, R1, R11
	BLOCKS(L1, loop, blocks)
	TAIL(L1, four, rest, last, add, end)
	SUM
	FMOVS.P F20, 4(R7)
	SUB     $1, R5
	CBNZ    R5, next
	RET

// func l1ManyBound(q *float32, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32, bound float32, half int)
TEXT ·l1ManyBound(SB), NOSPLIT, $0-80
	PARAMETERS
	FMOVS bound+64(FP), F31
	MOVD  half+72(FP), R8
	LSR   $4, R8, R15
	LSR   $4, R1, R19
	SUB   R15, R19
	LSL   $2, R8
	FIRST(row, line, started)

next:
	AHEAD(lineAhead, requested)
	ADDRESS
	ZERO
	MOVD R15, R11
	BLOCKS(L1, loop, half)
	SUM
	FCMPS F31, F20
	BGT   over
	MOVD  R19, R11
	BLOCKS(L1, loop2, blocks)
	TAIL(L1, four, rest, last, add, end)
	SUM

store:
	FMOVS.P F20, 4(R7)
	SUB     $1, R5
	CBNZ    R5, next
	RET

over:
	MOVW  $0x7f800000, R12 // +Inf
	FMOVS R12, F20
	B     store

// The Hamming kernels use R0-R14 as the float32 kernels do, but R1 in words; V4-V7 scratch, V0 the count.

// BITS counts the bits in which the R1 words at R9 and R10 differ, into R12.
#define BITS(block, tail, word, end) \
	VEOR V0.B16, V0.B16, V0.B16; \
	LSR $2, R1, R11; \
	CBZ R11, tail; \
block: \
	VLD1.P 32(R9), [V4.B16, V5.B16]; \
	VLD1.P 32(R10), [V6.B16, V7.B16]; \
	VEOR V6.B16, V4.B16, V4.B16; \
	VEOR V7.B16, V5.B16, V5.B16; \
	VCNT V4.B16, V4.B16; \
	VCNT V5.B16, V5.B16; \
	VADD V5.B16, V4.B16, V4.B16; \
	VUADDLV V4.B16, V4; \
	VADD V4.D2, V0.D2, V0.D2; \
	SUB $1, R11; \
	CBNZ R11, block; \
tail: \
	AND $3, R1, R11; \
	CBZ R11, end; \
word: \
	FMOVD.P 8(R9), F4; \
	FMOVD.P 8(R10), F6; \
	VEOR V6.B16, V4.B16, V4.B16; \
	VCNT V4.B16, V4.B16; \
	VUADDLV V4.B16, V4; \
	VADD V4.D2, V0.D2, V0.D2; \
	SUB $1, R11; \
	CBNZ R11, word; \
end: \
	VMOV V0.D[0], R12

// func hamming(a, b *uint64, n int) int
TEXT ·hamming(SB), NOSPLIT, $0-32
	MOVD a+0(FP), R9
	MOVD b+8(FP), R10
	MOVD n+16(FP), R1
	BITS(block, tail, word, end)
	MOVD R12, ret+24(FP)
	RET

// func hammingMany(q *uint64, n int, base unsafe.Pointer, stride uintptr, ids *int32, count, ahead int, out *float32)
TEXT ·hammingMany(SB), NOSPLIT, $0-64
	PARAMETERS
	LSL $3, R1, R8
	FIRST(row, line, started)

next:
	AHEAD(lineAhead, requested)
	ADDRESS
	BITS(block, tail, word, end)
	SCVTFS  R12, F20
	FMOVS.P F20, 4(R7)
	SUB     $1, R5
	CBNZ    R5, next
	RET

// blend multiplies and adds in two roundings, as the Go twin does.
// R0 y, R1 components left, R2 x; V0 a, V1 b, V4-V7 scratch.
//
// func blend(y *float32, a float32, x *float32, b float32, n int)
TEXT ·blend(SB), NOSPLIT, $0-40
	MOVD  y+0(FP), R0
	FMOVS a+8(FP), F0
	MOVD  x+16(FP), R2
	FMOVS b+24(FP), F1
	MOVD  n+32(FP), R1
	VDUP  V0.S[0], V0.S4
	VDUP  V1.S[0], V1.S4
	LSR   $3, R1, R11

block:
	VLD1   (R0), [V4.S4, V5.S4]
	VLD1.P 32(R2), [V6.S4, V7.S4]
	FMUL(0, 4, 4)
	FMUL(0, 5, 5)
	FMUL(1, 6, 6)
	FMUL(1, 7, 7)
	FADD(6, 4, 4)
	FADD(7, 5, 5)
	VST1.P [V4.S4, V5.S4], 32(R0)
	SUB    $1, R11
	CBNZ   R11, block
	AND    $7, R1
	CBZ    R1, end

tail:
	FMOVS   (R0), F4
	FMOVS.P 4(R2), F6
	FMULS   F0, F4, F4
	FMULS   F1, F6, F6
	FADDS   F6, F4, F4
	FMOVS.P F4, 4(R0)
	SUB     $1, R1
	CBNZ    R1, tail

end:
	RET

// func prefetch(at uintptr, n int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVD at+0(FP), R12
	MOVD n+8(FP), R13
	ADD  R12, R13, R14
	SUB  $1, R14

line:
	PRFM (R12), PLDL1KEEP
	ADD  $64, R12
	SUBS $64, R13
	BGT  line
	PRFM (R14), PLDL1KEEP
	RET
