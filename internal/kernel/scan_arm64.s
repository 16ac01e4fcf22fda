//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// The NEON kernel of Scan, written by hand. Registers:
//	R0 table, R1 sub-spaces / 4, R2 cursor in the blocks, R3 blocks left, R5 and R6 the next bound and slot number to
//	be written, R7 slot number of the block's first, R8 cursor in the blocks to be scanned later, R9 cursor in the
//	table, R11 fours of sub-spaces left, R12-R14 scratch, R15 bits of the slots that pass,
//	V0-V3 and V4-V7 sums, of even and odd sub-spaces; V8-V15 codes and tables, then factors and bounds; V16-V19 scratch,
//	V20 the bit of each slot, V24 lower halves of bytes, V25 unit, V26 shift, V27 base, V28 threshold, V29 2^23,
//	V30 upper halves of the words of 2^23, V31 upper halves of words.
//
// Two sets of sums, because adding to one takes some processors longer than all the rest of a sub-space.

// LOOKUP adds the entries that a sub-space's codes choose: to a and b those of the lower halves of the first and the
// last 8 bytes, to c and d those of the upper halves.
#define LOOKUP(codes, table, low, high, a, b, c, d) \
	VAND V24.B16, codes.B16, low.B16; \
	VUSHR $4, codes.B16, high.B16; \
	VTBL low.B16, [table.B16], low.B16; \
	VTBL high.B16, [table.B16], high.B16; \
	VUADDW low.B8, a.H8, a.H8; \
	VUADDW2 low.B16, b.H8, b.H8; \
	VUADDW high.B8, c.H8, c.H8; \
	VUADDW2 high.B16, d.H8, d.H8

// BOUND turns the factors f of four slots, whose sums are the words of V0 with 2^23 as a float32 added, into their
// bounds, and sets the lanes of V1 where they are less than the threshold. Number is f's.
#define BOUND(f, number) \
	FSUB(29, 0, 0); \
	VMOV V26.B16, V1.B16; \
	FMLA(25, 0, 1); \
	VSHL $16, f.S4, V0.S4; \
	VAND V31.B16, f.B16, f.B16; \
	FADD(27, number, number); \
	FMLA(1, 0, number); \
	FCMGT(number, 28, 1)

// EIGHT does the same for the eight slots whose sums are in the register sums and whose factors in f and g, and sets
// the half words of pass.
#define EIGHT(sums, f, fnumber, g, gnumber, pass) \
	VZIP1 V30.H8, sums.H8, V0.H8; \
	BOUND(f, fnumber); \
	VMOV V1.B16, V2.B16; \
	VZIP2 V30.H8, sums.H8, V0.H8; \
	BOUND(g, gnumber); \
	VUZP1 V1.H8, V2.H8, pass.H8

// The bit of each of 16 slots in their byte of two.
DATA scanBits<>+0x00(SB)/8, $0x8040201008040201
DATA scanBits<>+0x08(SB)/8, $0x8040201008040201
GLOBL scanBits<>(SB), RODATA|NOPTR, $16

// func scan(table *byte, m int, blocks *byte, count int, p *ScanParams, bounds *float32, slots *uint32) int
TEXT ·scan(SB), NOSPLIT, $0-64
	MOVD  table+0(FP), R0
	MOVD  m+8(FP), R1
	MOVD  blocks+16(FP), R2
	MOVD  count+24(FP), R3
	MOVD  p+32(FP), R4
	MOVD  bounds+40(FP), R5
	MOVD  slots+48(FP), R6
	LSR   $2, R1
	FMOVS ScanParams_Unit(R4), F25
	FMOVS ScanParams_Shift(R4), F26
	FMOVS ScanParams_Base(R4), F27
	FMOVS ScanParams_Threshold(R4), F28
	VDUP  V25.S[0], V25.S4
	VDUP  V26.S[0], V26.S4
	VDUP  V27.S[0], V27.S4
	VDUP  V28.S[0], V28.S4
	MOVWU ScanParams_First(R4), R7
	MOVD  ScanParams_Ahead(R4), R8
	CMP   $0, R8
	CSEL  EQ, R2, R8, R8                 // with none, request what is read anyway
	MOVD  $scanBits<>(SB), R12
	VLD1  (R12), [V20.B16]
	VMOVI $15, V24.B16
	MOVD  $0x4B000000, R12
	VDUP  R12, V29.S4
	LSR   $16, R12
	VDUP  R12, V30.H8
	MOVD  $0xFFFF0000, R12
	VDUP  R12, V31.S4

block:
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
	MOVD R0, R9
	MOVD R1, R11

four:
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	VLD1.P 64(R9), [V12.B16, V13.B16, V14.B16, V15.B16]
	PRFM   (R8), PLDL1KEEP
	ADD    $64, R8
	LOOKUP(V8, V12, V16, V17, V0, V1, V2, V3)
	LOOKUP(V9, V13, V18, V19, V4, V5, V6, V7)
	LOOKUP(V10, V14, V16, V17, V0, V1, V2, V3)
	LOOKUP(V11, V15, V18, V19, V4, V5, V6, V7)
	SUB    $1, R11
	CBNZ   R11, four

	// The sums of slots 0-7, 8-15, 16-23 and 24-31, into V4-V7.
	VADD  V4.H8, V0.H8, V0.H8
	VADD  V5.H8, V1.H8, V1.H8
	VADD  V6.H8, V2.H8, V2.H8
	VADD  V7.H8, V3.H8, V3.H8
	VUZP1 V1.H8, V0.H8, V4.H8
	VUZP2 V1.H8, V0.H8, V5.H8
	VUZP1 V3.H8, V2.H8, V6.H8
	VUZP2 V3.H8, V2.H8, V7.H8

	VLD1.P 64(R2), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(R2), [V12.S4, V13.S4, V14.S4, V15.S4]
	PRFM   (R8), PLDL1KEEP
	PRFM   64(R8), PLDL1KEEP
	ADD    $128, R8
	EIGHT(V4, V8, 8, V9, 9, V16)
	EIGHT(V5, V10, 10, V11, 11, V17)
	EIGHT(V6, V12, 12, V13, 13, V18)
	EIGHT(V7, V14, 14, V15, 15, V19)

	// A bit for each slot.
	VUZP1 V17.B16, V16.B16, V16.B16
	VUZP1 V19.B16, V18.B16, V18.B16
	VAND  V20.B16, V16.B16, V16.B16
	VAND  V20.B16, V18.B16, V18.B16
	VADDP V18.B16, V16.B16, V16.B16
	VADDP V16.B16, V16.B16, V16.B16
	VADDP V16.B16, V16.B16, V16.B16
	FMOVS F16, R15
	CBZW  R15, next

	// All bounds go to where the first that passes belongs, which leaves each of them behind or at its place: so far no
	// more passed than slots went by, and there is room for all.
	VST1   [V8.S4, V9.S4, V10.S4, V11.S4], (R5)
	ADD    $64, R5, R12
	VST1   [V12.S4, V13.S4, V14.S4, V15.S4], (R12)
	MOVD   R5, R12

pass:
	RBITW   R15, R13
	CLZW    R13, R13
	MOVWU   (R12)(R13<<2), R14
	MOVW.P  R14, 4(R5)
	ADDW    R7, R13, R14
	MOVW.P  R14, 4(R6)
	SUBW    $1, R15, R13
	ANDW    R13, R15
	CBNZW   R15, pass

next:
	ADDW $32, R7
	SUB  $1, R3
	CBNZ R3, block
	MOVD bounds+40(FP), R12
	SUB  R12, R5
	LSR  $2, R5
	MOVD R5, ret+56(FP)
	RET
