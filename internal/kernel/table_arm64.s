//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// NEON kernels of Table, written by hand. Products are rounded before they are added, as the Go twin does.

// R0 cursor in the query, R1 in the codebook, R2 sub-spaces left, R3 components of a sub-space, R4 those left,
// R5 cursor in scratch; V0-V3 products, V4-V7 codewords, V8 query, V16-V19 scratch; F29 largest, F30 total, F31 bias.
//
// func products16(q, codebook *float32, m, dims int, scratch *float32) (largest, total, bias float32)
TEXT ·products16(SB), NOSPLIT, $0-52
	MOVD q+0(FP), R0
	MOVD codebook+8(FP), R1
	MOVD m+16(FP), R2
	MOVD dims+24(FP), R3
	MOVD scratch+32(FP), R5
	VEOR V29.B16, V29.B16, V29.B16
	VEOR V30.B16, V30.B16, V30.B16
	VEOR V31.B16, V31.B16, V31.B16

line:
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	MOVD R3, R4

component:
	VLD1R.P 4(R0), [V8.S4]
	VLD1.P  64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	FMUL(8, 4, 4)
	FMUL(8, 5, 5)
	FMUL(8, 6, 6)
	FMUL(8, 7, 7)
	FADD(4, 0, 0)
	FADD(5, 1, 1)
	FADD(6, 2, 2)
	FADD(7, 3, 3)
	SUB     $1, R4
	CBNZ    R4, component

	FMINNM(1, 0, 16)
	FMINNM(3, 2, 17)
	FMAXNM(1, 0, 18)
	FMAXNM(3, 2, 19)
	FMINNM(17, 16, 16)
	FMAXNM(19, 18, 18)
	FMINV(16, 16)
	FMAXV(18, 18)
	VDUP   V16.S[0], V17.S4
	FSUB(17, 0, 0)
	FSUB(17, 1, 1)
	FSUB(17, 2, 2)
	FSUB(17, 3, 3)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R5)
	FSUBS  F16, F18, F18
	FMAXS  F18, F29, F29
	FADDS  F18, F30, F30
	FADDS  F16, F31, F31
	SUB    $1, R2
	CBNZ   R2, line
	FMOVS  F29, largest+40(FP)
	FMOVS  F30, total+44(FP)
	FMOVS  F31, bias+48(FP)
	RET

// R0 cursor in scratch, R1 sub-spaces left, R2 cursor in the table; V0-V3 entries, V31 scale.
//
// func bytes16(scratch *float32, m int, scale float32, table *byte)
TEXT ·bytes16(SB), NOSPLIT, $0-32
	MOVD  scratch+0(FP), R0
	MOVD  m+8(FP), R1
	FMOVS scale+16(FP), F31
	MOVD  table+24(FP), R2
	VDUP  V31.S[0], V31.S4

line:
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	FMUL(31, 0, 0)
	FMUL(31, 1, 1)
	FMUL(31, 2, 2)
	FMUL(31, 3, 3)
	FCVTNU(0, 0)
	FCVTNU(1, 1)
	FCVTNU(2, 2)
	FCVTNU(3, 3)
	UQXTNH(0, 0)
	UQXTNH2(1, 0)
	UQXTNH(2, 2)
	UQXTNH2(3, 2)
	UQXTNB(0, 0)
	UQXTNB2(2, 0)
	VST1.P [V0.B16], 16(R2)
	SUB    $1, R1
	CBNZ   R1, line
	RET
