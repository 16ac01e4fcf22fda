//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The NEON kernel of Codes, written by hand. Registers:
//	R0 cursor in the components, R1 in the codebook, R2 in half, R3 sub-spaces left, R4 components of a sub-space, R5
//	those left, R6 cursor in the codes, R7 scratch,
//	V0-V3 sums, V4-V7 codewords and comparisons, V8 a component, V16 and V17 scratch, V20-V23 the codes.

// PLACE leaves in register m the codes of the lanes whose sum is the least, V16, and the greatest number in the others.
#define PLACE(sum, codes, m) \
	FCMEQ(16, sum, m); \
	ORN(m, codes, m)

DATA codesOf16<>+0x00(SB)/8, $0x0000000100000000
DATA codesOf16<>+0x08(SB)/8, $0x0000000300000002
DATA codesOf16<>+0x10(SB)/8, $0x0000000500000004
DATA codesOf16<>+0x18(SB)/8, $0x0000000700000006
DATA codesOf16<>+0x20(SB)/8, $0x0000000900000008
DATA codesOf16<>+0x28(SB)/8, $0x0000000b0000000a
DATA codesOf16<>+0x30(SB)/8, $0x0000000d0000000c
DATA codesOf16<>+0x38(SB)/8, $0x0000000f0000000e
GLOBL codesOf16<>(SB), RODATA|NOPTR, $64

// func nearestCodes(x, codebook, half *float32, m, dims int, codes *byte)
TEXT ·nearestCodes(SB), NOSPLIT, $0-48
	MOVD x+0(FP), R0
	MOVD codebook+8(FP), R1
	MOVD half+16(FP), R2
	MOVD m+24(FP), R3
	MOVD dims+32(FP), R4
	MOVD codes+40(FP), R6
	MOVD $codesOf16<>(SB), R7
	VLD1 (R7), [V20.S4, V21.S4, V22.S4, V23.S4]

space:
	VLD1.P 64(R2), [V0.S4, V1.S4, V2.S4, V3.S4]
	MOVD   R4, R5

component:
	FMOVS.P 4(R0), F8
	VLD1.P  64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	FMLSE(8, 0, 4, 0)
	FMLSE(8, 0, 5, 1)
	FMLSE(8, 0, 6, 2)
	FMLSE(8, 0, 7, 3)
	SUB     $1, R5
	CBNZ    R5, component
	FMINNM(1, 0, 16)
	FMINNM(3, 2, 17)
	FMINNM(17, 16, 16)
	FMINV(16, 16)
	VDUP   V16.S[0], V16.S4
	PLACE(0, 20, 4)
	PLACE(1, 21, 5)
	PLACE(2, 22, 6)
	PLACE(3, 23, 7)
	UMIN(5, 4, 4)
	UMIN(7, 6, 6)
	UMIN(6, 4, 4)
	UMINV(4, 4)
	FMOVS  F4, R7
	AND    $15, R7           // where no sum is a number, it is the greatest number
	MOVB.P R7, 1(R6)
	SUB    $1, R3
	CBNZ   R3, space
	RET
