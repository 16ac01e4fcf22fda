//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// NEON kernels for typed rows, written by hand: one row at a time, four accumulators of a sum. Component i of the whole
// blocks of 16 is added to accumulator (i / 4) mod 4. Of the rest the last 16 components are loaded, and those cleared
// that have been added already: no byte outside of the row is read. Registers:
//	R0 query, R1 components, R2 base, R3 stride, R4 ids, R5 rows left, R6 rows ahead, R7 out, R8 bytes of a row,
//	R9 cursor in the query, R10 cursor in the row, R11 blocks left, R12-R14 scratch, R15 from the end of the whole
//	blocks to the last 16 components in bytes, R19 whole blocks, R20 element type, R21 components of the rest, R22 norms,
//	V0-V3 accumulators, V4-V7 those of the norm, V8-V11 query, V12-V15 its last components, V16-V19 row,
//	V20 and V21 row as it is stored, V22 and V23 scratch, V24-V27 mask of the last components,
//	V28 the bits of bytes to turn over, V29 what they are too great by as float32, V30 upper halves of the words of 2^23,
//	V31 zero.

// A term of the sum: q and r are the registers of the components, acc the accumulator. r is spoiled.
#define DOT(q, r, acc) FMLA(r, q, acc)
#define L2(q, r, acc) FSUB(r, q, r); FMLA(r, r, acc)
#define L1(q, r, acc) FABD(r, q, r); FADD(r, acc, acc)
#define DOTNORM(q, r, acc) FMLA(r, q, acc); FMLA(r, r, acc+4)

// The next 16 components of a row, as float32. A byte without a sign becomes 2^23 plus itself when it is put below the
// upper bytes of 2^23: conversions of integers take some processors much longer than that and a subtraction.
#define FLOAT32 \
	VLD1.P 64(R10), [V16.S4, V17.S4, V18.S4, V19.S4]

#define FLOAT16 \
	VLD1.P 32(R10), [V20.H8, V21.H8]; \
	FCVTL(20, 16); \
	FCVTL2(20, 17); \
	FCVTL(21, 18); \
	FCVTL2(21, 19)

#define BYTES \
	VLD1.P 16(R10), [V20.B16]; \
	VEOR V28.B16, V20.B16, V20.B16; \
	VZIP1 V31.B16, V20.B16, V22.B16; \
	VZIP2 V31.B16, V20.B16, V23.B16; \
	VZIP1 V30.H8, V22.H8, V16.H8; \
	VZIP2 V30.H8, V22.H8, V17.H8; \
	VZIP1 V30.H8, V23.H8, V18.H8; \
	VZIP2 V30.H8, V23.H8, V19.H8; \
	FSUB(29, 16, 16); \
	FSUB(29, 17, 17); \
	FSUB(29, 18, 18); \
	FSUB(29, 19, 19)

// BLOCK adds the next 16 components.
#define BLOCK(LOAD, TERM) \
	VLD1.P 64(R9), [V8.S4, V9.S4, V10.S4, V11.S4]; \
	LOAD; \
	TERM(8, 16, 0); \
	TERM(9, 17, 1); \
	TERM(10, 18, 2); \
	TERM(11, 19, 3)

// REST adds the components behind the whole blocks.
#define REST(LOAD, TERM) \
	ADD R15, R10; \
	LOAD; \
	VAND V24.B16, V16.B16, V16.B16; \
	VAND V25.B16, V17.B16, V17.B16; \
	VAND V26.B16, V18.B16, V18.B16; \
	VAND V27.B16, V19.B16, V19.B16; \
	TERM(12, 16, 0); \
	TERM(13, 17, 1); \
	TERM(14, 18, 2); \
	TERM(15, 19, 3)

#define ZERO(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16; \
	VEOR c.B16, c.B16, c.B16; \
	VEOR d.B16, d.B16, d.B16

#define CLEAR ZERO(V0, V1, V2, V3)
#define CLEARBOTH ZERO(V0, V1, V2, V3); ZERO(V4, V5, V6, V7)

// SUM writes the sum of the accumulators from acc on to the cursor out.
#define SUM(acc, out) \
	FADD(acc+1, acc, 22); \
	FADD(acc+3, acc+2, 23); \
	FADD(23, 22, 22); \
	FADDP(22, 22, 22); \
	FADDP(22, 22, 22); \
	FMOVS.P F22, 4(out)

#define STORE SUM(0, R7)
#define STOREBOTH SUM(0, R7); SUM(4, R22)

// REQUEST requests all cache lines of the row whose id is R14 places after the next one.
#define REQUEST(line) \
	MOVWU (R4)(R14<<2), R12; \
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

// The mask of the last 16 components begins as many words into this as the rest has components.
DATA restMasks<>+0x00(SB)/8, $0
DATA restMasks<>+0x08(SB)/8, $0
DATA restMasks<>+0x10(SB)/8, $0
DATA restMasks<>+0x18(SB)/8, $0
DATA restMasks<>+0x20(SB)/8, $0
DATA restMasks<>+0x28(SB)/8, $0
DATA restMasks<>+0x30(SB)/8, $0
DATA restMasks<>+0x38(SB)/8, $0
DATA restMasks<>+0x40(SB)/8, $-1
DATA restMasks<>+0x48(SB)/8, $-1
DATA restMasks<>+0x50(SB)/8, $-1
DATA restMasks<>+0x58(SB)/8, $-1
DATA restMasks<>+0x60(SB)/8, $-1
DATA restMasks<>+0x68(SB)/8, $-1
DATA restMasks<>+0x70(SB)/8, $-1
DATA restMasks<>+0x78(SB)/8, $-1
GLOBL restMasks<>(SB), RODATA|NOPTR, $128

// ROWS is the rest of a function from the parameters on that all of them have.
#define ROWS(TERM, ZEROS, RESULTS) \
	MOVBU e+0(FP), R20; \
	MOVD q+8(FP), R0; \
	MOVD n+16(FP), R1; \
	MOVD base+24(FP), R2; \
	MOVD stride+32(FP), R3; \
	MOVD ids+40(FP), R4; \
	MOVD count+48(FP), R5; \
	MOVD ahead+56(FP), R6; \
	LSR $4, R1, R19; \
	AND $15, R1, R21; \
	MOVD $restMasks<>(SB), R12; \
	ADD R21<<2, R12; \
	VLD1 (R12), [V24.S4, V25.S4, V26.S4, V27.S4]; \
	ADD R1<<2, R0, R12; \
	SUB $64, R12; \
	VLD1 (R12), [V12.S4, V13.S4, V14.S4, V15.S4]; \
	VAND V24.B16, V12.B16, V12.B16; \
	VAND V25.B16, V13.B16, V13.B16; \
	VAND V26.B16, V14.B16, V14.B16; \
	VAND V27.B16, V15.B16, V15.B16; \
	MOVD R1, R8; \
	SUB $16, R21, R15; \
	CMP $1, R20; \
	BGT narrow; \
	LSL $1, R8; \
	LSL $1, R15; \
	BEQ sized; \
	LSL $1, R8; \
	LSL $1, R15; \
	B sized; \
narrow: \
	ZERO(V28, V29, V30, V31); \
	MOVD $0x4B000000, R12; \
	LSR $16, R12, R13; \
	VDUP R13, V30.H8; \
	CMP $2, R20; \
	BNE unsigned; \
	VMOVI $128, V28.B16; \
	ADD $128, R12; \
unsigned: \
	VDUP R12, V29.S4; \
sized: \
	MOVD $0, R14; \
first: \
	CMP R6, R14; \
	BGE next; \
	CMP R5, R14; \
	BGE next; \
	REQUEST(line); \
	ADD $1, R14; \
	B first; \
next: \
	CMP $0, R6; \
	BLE requested; \
	CMP R5, R6; \
	BGE requested; \
	MOVD R6, R14; \
	REQUEST(lineAhead); \
requested: \
	MOVWU.P 4(R4), R10; \
	MUL R3, R10, R10; \
	ADD R2, R10; \
	MOVD R0, R9; \
	MOVD R19, R11; \
	ZEROS; \
	CMP $1, R20; \
	BEQ float16; \
	BGT bytes; \
float32: \
	BLOCK(FLOAT32, TERM); \
	SUB $1, R11; \
	CBNZ R11, float32; \
	CBZ R21, results; \
	REST(FLOAT32, TERM); \
	B results; \
float16: \
	BLOCK(FLOAT16, TERM); \
	SUB $1, R11; \
	CBNZ R11, float16; \
	CBZ R21, results; \
	REST(FLOAT16, TERM); \
	B results; \
bytes: \
	BLOCK(BYTES, TERM); \
	SUB $1, R11; \
	CBNZ R11, bytes; \
	CBZ R21, results; \
	REST(BYTES, TERM); \
results: \
	RESULTS; \
	SUB $1, R5; \
	CBNZ R5, next; \
	RET

// func l2Rows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32)
TEXT ·l2Rows(SB), NOSPLIT, $0-72
	MOVD out+64(FP), R7
	ROWS(L2, CLEAR, STORE)

// func dotRows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32)
TEXT ·dotRows(SB), NOSPLIT, $0-72
	MOVD out+64(FP), R7
	ROWS(DOT, CLEAR, STORE)

// func l1Rows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, out *float32)
TEXT ·l1Rows(SB), NOSPLIT, $0-72
	MOVD out+64(FP), R7
	ROWS(L1, CLEAR, STORE)

// func dotNormRows(e Element, q *float32, n int, base unsafe.Pointer, stride uintptr, ids *uint32, count, ahead int, dots, norms *float32)
TEXT ·dotNormRows(SB), NOSPLIT, $0-80
	MOVD dots+64(FP), R7
	MOVD norms+72(FP), R22
	ROWS(DOTNORM, CLEARBOTH, STOREBOTH)
