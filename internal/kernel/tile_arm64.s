//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// NEON tile kernels, written by hand.
//
// The tile is done in four quarters of 6 queries and 16 rows. Registers:
//	R0 query panel, R1 components, R2 row panel, R3 limits, R4 out, R5 mask, each at the quarter's first,
//	R6 quarters left, R9 and R10 cursors in the panels, R11 components left, R12-R14 cursors in limits, out and mask,
//	V0-V23 sums, four registers a query, V24-V27 rows, V28 query, V29-V31 scratch.

// A term of the sum: x is the register of the rows, acc the accumulator, t scratch.
#define DOT(x, t, acc) FMLA(x, 28, acc)
#define L2(x, t, acc) FSUB(x, 28, t); FMLA(t, t, acc)
#define L1(x, t, acc) FABD(x, 28, t); FADD(t, acc, acc)

// QUERY adds the terms of the next query, whose sums are the four registers from acc on.
#define QUERY(TERM, acc) \
	VLD1R.P 4(R9), [V28.S4]; \
	TERM(24, 29, acc); \
	TERM(25, 30, acc+1); \
	TERM(26, 31, acc+2); \
	TERM(27, 29, acc+3)

#define ZERO(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16; \
	VEOR c.B16, c.B16, c.B16; \
	VEOR d.B16, d.B16, d.B16

// LINE stores the sums of the next query, the registers a, b, c, d of the numbers from acc on, and the bits of those
// that are not greater than its limit.
#define LINE(acc, a, b, c, d) \
	VST1 [a.S4, b.S4, c.S4, d.S4], (R13); \
	ADD $128, R13; \
	VLD1R.P 4(R12), [V28.S4]; \
	FCMGT(28, acc, 29); \
	BIC(29, 24, 31); \
	FCMGT(28, acc+1, 29); \
	BIC(29, 25, 30); \
	VORR V30.B16, V31.B16, V31.B16; \
	FCMGT(28, acc+2, 29); \
	BIC(29, 26, 30); \
	VORR V30.B16, V31.B16, V31.B16; \
	FCMGT(28, acc+3, 29); \
	BIC(29, 27, 30); \
	VORR V30.B16, V31.B16, V31.B16; \
	VADDV V31.S4, V31; \
	FMOVS F31, R15; \
	MOVH R15, (R14); \
	ADD $4, R14

// TILE does the quarters in this order: queries 0-5, queries 6-11 of rows 0-15, then of rows 16-31.
#define TILE(TERM, quarter, component, second, end) \
	MOVD q+0(FP), R0; \
	MOVD x+8(FP), R2; \
	MOVD n+16(FP), R1; \
	MOVD limit+24(FP), R3; \
	MOVD out+32(FP), R4; \
	MOVD mask+40(FP), R5; \
	MOVD $4, R6; \
quarter: \
	ZERO(V0, V1, V2, V3); \
	ZERO(V4, V5, V6, V7); \
	ZERO(V8, V9, V10, V11); \
	ZERO(V12, V13, V14, V15); \
	ZERO(V16, V17, V18, V19); \
	ZERO(V20, V21, V22, V23); \
	MOVD R0, R9; \
	MOVD R2, R10; \
	MOVD R1, R11; \
component: \
	VLD1 (R10), [V24.S4, V25.S4, V26.S4, V27.S4]; \
	ADD $128, R10; \
	QUERY(TERM, 0); \
	QUERY(TERM, 4); \
	QUERY(TERM, 8); \
	QUERY(TERM, 12); \
	QUERY(TERM, 16); \
	QUERY(TERM, 20); \
	ADD $24, R9; \
	SUB $1, R11; \
	CBNZ R11, component; \
	MOVD $tileBits<>(SB), R15; \
	VLD1 (R15), [V24.S4, V25.S4, V26.S4, V27.S4]; \
	MOVD R3, R12; \
	MOVD R4, R13; \
	MOVD R5, R14; \
	LINE(0, V0, V1, V2, V3); \
	LINE(4, V4, V5, V6, V7); \
	LINE(8, V8, V9, V10, V11); \
	LINE(12, V12, V13, V14, V15); \
	LINE(16, V16, V17, V18, V19); \
	LINE(20, V20, V21, V22, V23); \
	SUB $1, R6; \
	CBZ R6, end; \
	TBZ $0, R6, second; \
	ADD $24, R0; \
	ADD $24, R3; \
	ADD $768, R4; \
	ADD $24, R5; \
	B quarter; \
second: \
	SUB $24, R0; \
	SUB $24, R3; \
	SUB $704, R4; \
	SUB $22, R5; \
	ADD $64, R2; \
	B quarter; \
end: \
	RET

// The bit of each of 16 rows.
DATA tileBits<>+0x00(SB)/8, $0x0000000200000001
DATA tileBits<>+0x08(SB)/8, $0x0000000800000004
DATA tileBits<>+0x10(SB)/8, $0x0000002000000010
DATA tileBits<>+0x18(SB)/8, $0x0000008000000040
DATA tileBits<>+0x20(SB)/8, $0x0000020000000100
DATA tileBits<>+0x28(SB)/8, $0x0000080000000400
DATA tileBits<>+0x30(SB)/8, $0x0000200000001000
DATA tileBits<>+0x38(SB)/8, $0x0000800000004000
GLOBL tileBits<>(SB), RODATA|NOPTR, $64

// func tileDot(q, x *float32, n int, limit, out *float32, mask *uint32)
TEXT ·tileDot(SB), NOSPLIT, $0-48
	TILE(DOT, quarter, component, second, end)

// func tileL2(q, x *float32, n int, limit, out *float32, mask *uint32)
TEXT ·tileL2(SB), NOSPLIT, $0-48
	TILE(L2, quarter, component, second, end)

// func tileL1(q, x *float32, n int, limit, out *float32, mask *uint32)
TEXT ·tileL1(SB), NOSPLIT, $0-48
	TILE(L1, quarter, component, second, end)
