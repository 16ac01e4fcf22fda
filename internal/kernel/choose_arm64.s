//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// NEON kernels of Threshold and Below, written by hand.

// Registers of count and span:
//	R0 cursor in the values, R1 how many, R2 sixteens, fours and single values left,
//	V0-V3 how many values of each lane are less than t, V4-V7 the least of them, V16-V19 the greatest,
//	V20-V23 values, V24-V27 comparisons, V30 NaN, V31 t.

// COUNT takes the values in register v, one of each lane, m being the register of the comparisons, M too, and N that of
// how many are less.
#define COUNT(v, m, N, M, least, greatest) \
	FCMGT(v, 31, m); \
	VSUB M.S4, N.S4, N.S4

// SPAN does so too. What is not less than t becomes NaN, which is neither the least nor the greatest.
#define SPAN(v, m, N, M, least, greatest) \
	FCMGT(v, 31, m); \
	VSUB M.S4, N.S4, N.S4; \
	ORN(m, v, m); \
	FMINNM(m, least, least); \
	FMAXNM(m, greatest, greatest)

#define VALUES(TAKE) \
	LSR $4, R1, R2; \
	CBZ R2, fours; \
sixteen: \
	VLD1.P 64(R0), [V20.S4, V21.S4, V22.S4, V23.S4]; \
	TAKE(20, 24, V0, V24, 4, 16); \
	TAKE(21, 25, V1, V25, 5, 17); \
	TAKE(22, 26, V2, V26, 6, 18); \
	TAKE(23, 27, V3, V27, 7, 19); \
	SUB $1, R2; \
	CBNZ R2, sixteen; \
fours: \
	UBFX $2, R1, $2, R2; \
	CBZ R2, rest; \
four: \
	VLD1.P 16(R0), [V20.S4]; \
	TAKE(20, 24, V0, V24, 4, 16); \
	SUB $1, R2; \
	CBNZ R2, four; \
rest: \
	AND $3, R1, R2; \
	CBZ R2, end; \
	VEOR V30.B16, V30.B16, V30.B16; \
	FCMEQ(30, 30, 30); \
one: \
	VMOV V30.B16, V20.B16; \
	VLD1.P 4(R0), V20.S[0]; \
	TAKE(20, 24, V0, V24, 4, 16); \
	SUB $1, R2; \
	CBNZ R2, one; \
end: \
	VADD V1.S4, V0.S4, V0.S4; \
	VADD V3.S4, V2.S4, V2.S4; \
	VADD V2.S4, V0.S4, V0.S4; \
	VADDV V0.S4, V0; \
	FMOVS F0, R2; \
	MOVWU R2, R2

#define PARAMETERS \
	MOVD v+0(FP), R0; \
	MOVD n+8(FP), R1; \
	FMOVS t+16(FP), F31; \
	VDUP V31.S[0], V31.S4; \
	VEOR V0.B16, V0.B16, V0.B16; \
	VEOR V1.B16, V1.B16, V1.B16; \
	VEOR V2.B16, V2.B16, V2.B16; \
	VEOR V3.B16, V3.B16, V3.B16

// func countOf(v *float32, n int, t float32) int
TEXT ·countOf(SB), NOSPLIT, $0-32
	PARAMETERS
	VALUES(COUNT)
	MOVD R2, ret+24(FP)
	RET

// func spanOf(v *float32, n int, t float32) (least, greatest float32, count int)
TEXT ·spanOf(SB), NOSPLIT, $0-40
	PARAMETERS
	MOVD $0x7f800000, R3 // +Inf
	VDUP R3, V4.S4
	VMOV V4.B16, V5.B16
	VMOV V4.B16, V6.B16
	VMOV V4.B16, V7.B16
	MOVD $0xff800000, R3 // -Inf
	VDUP R3, V16.S4
	VMOV V16.B16, V17.B16
	VMOV V16.B16, V18.B16
	VMOV V16.B16, V19.B16
	VALUES(SPAN)
	FMINNM(5, 4, 4)
	FMINNM(7, 6, 6)
	FMINNM(6, 4, 4)
	FMINV(4, 4)
	FMAXNM(17, 16, 16)
	FMAXNM(19, 18, 18)
	FMAXNM(18, 16, 16)
	FMAXV(16, 16)
	FMOVS F4, least+24(FP)
	FMOVS F16, greatest+28(FP)
	MOVD  R2, count+32(FP)
	RET

// Registers of belowOf:
//	R0 cursor in the values, R1 cursor in the ids or 0, R2 values left, R3 end of the room, R4 and R5 the next value and
//	id to be written, R6 shuffles, R7 offsets in them of each of four fours, R8 bytes that each of these chooses,
//	R9-R11 scratch,
//	V0-V3 values, V4-V7 comparisons, V16-V19 ids, V20 shuffle, V21 and V22 scratch, V26 16, V27 4, V28 the place of the
//	next value in lane 0, and those behind it, V29 what marks the lanes of a four in an offset, V31 t.

// CHOSEN turns the comparisons of 16 values in the bytes of V4 into R7 and R8.
#define CHOSEN \
	VAND V29.B16, V4.B16, V4.B16; \
	VADDP V4.B16, V4.B16, V4.B16; \
	VADDP V4.B16, V4.B16, V4.B16; \
	VCNT V4.B16, V5.B16; \
	VSHL $2, V5.B16, V5.B16; \
	FMOVS F4, R7; \
	FMOVS F5, R8

// PACK writes the chosen of four i, whose values and ids are in v and id. It writes all four lanes, the chosen first.
#define PACK(i, v, id) \
	UBFX $(8*i), R7, $8, R9; \
	UBFX $(8*i), R8, $8, R10; \
	ADD R6, R9; \
	VLD1 (R9), [V20.B16]; \
	VTBL V20.B16, [v.B16], V21.B16; \
	VTBL V20.B16, [id.B16], V22.B16; \
	VST1 [V21.S4], (R4); \
	VST1 [V22.S4], (R5); \
	ADD R10, R4; \
	ADD R10, R5

// ROOM jumps to full where there is no room for so many bytes.
#define ROOM(bytes) \
	ADD $bytes, R4, R9; \
	CMP R3, R9; \
	BHI full

DATA belowLanes<>+0x00(SB)/8, $0x0000000100000000
DATA belowLanes<>+0x08(SB)/8, $0x0000000300000002
GLOBL belowLanes<>(SB), RODATA|NOPTR, $16

// Shuffle s moves those lanes of a four to the front whose bits are set in s.
DATA belowShuffles<>+0x00(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0x08(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0x10(SB)/8, $0xffffffff03020100
DATA belowShuffles<>+0x18(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0x20(SB)/8, $0xffffffff07060504
DATA belowShuffles<>+0x28(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0x30(SB)/8, $0x0706050403020100
DATA belowShuffles<>+0x38(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0x40(SB)/8, $0xffffffff0b0a0908
DATA belowShuffles<>+0x48(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0x50(SB)/8, $0x0b0a090803020100
DATA belowShuffles<>+0x58(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0x60(SB)/8, $0x0b0a090807060504
DATA belowShuffles<>+0x68(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0x70(SB)/8, $0x0706050403020100
DATA belowShuffles<>+0x78(SB)/8, $0xffffffff0b0a0908
DATA belowShuffles<>+0x80(SB)/8, $0xffffffff0f0e0d0c
DATA belowShuffles<>+0x88(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0x90(SB)/8, $0x0f0e0d0c03020100
DATA belowShuffles<>+0x98(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0xa0(SB)/8, $0x0f0e0d0c07060504
DATA belowShuffles<>+0xa8(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0xb0(SB)/8, $0x0706050403020100
DATA belowShuffles<>+0xb8(SB)/8, $0xffffffff0f0e0d0c
DATA belowShuffles<>+0xc0(SB)/8, $0x0f0e0d0c0b0a0908
DATA belowShuffles<>+0xc8(SB)/8, $0xffffffffffffffff
DATA belowShuffles<>+0xd0(SB)/8, $0x0b0a090803020100
DATA belowShuffles<>+0xd8(SB)/8, $0xffffffff0f0e0d0c
DATA belowShuffles<>+0xe0(SB)/8, $0x0b0a090807060504
DATA belowShuffles<>+0xe8(SB)/8, $0xffffffff0f0e0d0c
DATA belowShuffles<>+0xf0(SB)/8, $0x0706050403020100
DATA belowShuffles<>+0xf8(SB)/8, $0x0f0e0d0c0b0a0908
GLOBL belowShuffles<>(SB), RODATA|NOPTR, $256

// Sixteen values at a time are loaded, ids too, before any of them is written. What is written begins no later than
// they do, so that the outputs may begin where the inputs do, and ends no later than 16 values behind the chosen ones.
//
// func belowOf(v *float32, id *uint32, n int, t float32, outV *float32, outI *uint32, room int) int
TEXT ·belowOf(SB), NOSPLIT, $0-64
	MOVD  v+0(FP), R0
	MOVD  id+8(FP), R1
	MOVD  n+16(FP), R2
	FMOVS t+24(FP), F31
	MOVD  outV+32(FP), R4
	MOVD  outI+40(FP), R5
	MOVD  room+48(FP), R3
	ADD   R3<<2, R4, R3
	MOVD  $belowShuffles<>(SB), R6
	MOVD  $belowLanes<>(SB), R9
	VLD1  (R9), [V28.S4]
	MOVD  $0x80402010, R9
	VDUP  R9, V29.S4
	MOVD  $4, R9
	VDUP  R9, V27.S4
	MOVD  $16, R9
	VDUP  R9, V26.S4
	VDUP  V31.S[0], V31.S4
	SUBS  $16, R2
	BLT   fours

sixteen:
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	FCMGT(0, 31, 4)
	FCMGT(1, 31, 5)
	FCMGT(2, 31, 6)
	FCMGT(3, 31, 7)
	VUZP1  V5.H8, V4.H8, V4.H8
	VUZP1  V7.H8, V6.H8, V6.H8
	VUZP1  V6.B16, V4.B16, V4.B16
	CHOSEN
	CBZW   R7, none
	ROOM(64)
	CBZ    R1, places
	VLD1   (R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	B      pack

places:
	VMOV V28.B16, V16.B16
	VADD V27.S4, V16.S4, V17.S4
	VADD V27.S4, V17.S4, V18.S4
	VADD V27.S4, V18.S4, V19.S4

pack:
	PACK(0, V0, V16)
	PACK(1, V1, V17)
	PACK(2, V2, V18)
	PACK(3, V3, V19)

none:
	VADD V26.S4, V28.S4, V28.S4
	CBZ  R1, counted
	ADD  $64, R1

counted:
	SUBS $16, R2
	BGE  sixteen

fours:
	ADDS $12, R2
	BLT  rest

four:
	VLD1.P 16(R0), [V0.S4]
	FCMGT(0, 31, 4)
	VUZP1  V4.H8, V4.H8, V4.H8
	VUZP1  V4.B16, V4.B16, V4.B16
	CHOSEN
	VMOV   V28.B16, V16.B16
	VADD   V27.S4, V28.S4, V28.S4
	CBZ    R1, chosen
	VLD1.P 16(R1), [V16.S4]

chosen:
	CBZW R7, noneOfFour
	ROOM(16)
	PACK(0, V0, V16)

noneOfFour:
	SUBS $4, R2
	BGE  four

rest:
	ADDS $4, R2
	BEQ  end
	VMOV V28.S[0], R11

one:
	FMOVS.P 4(R0), F0
	MOVW    R11, R10
	ADD     $1, R11
	CBZ     R1, compare
	MOVWU.P 4(R1), R10

compare:
	FCMPS   F31, F0
	BPL     next             // not less, or not comparable
	ROOM(4)
	FMOVS.P F0, 4(R4)
	MOVW.P  R10, 4(R5)

next:
	SUBS $1, R2
	BNE  one

end:
	MOVD outV+32(FP), R9
	SUB  R9, R4
	LSR  $2, R4
	MOVD R4, ret+56(FP)
	RET

full:
	MOVD $-1, R4
	MOVD R4, ret+56(FP)
	RET
