//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// NEON kernels that assign points to centroids, written by hand.
//
// The tile of products is done in four quarters of 4 points and 24 centroids. Registers:
//	R0 panel at the quarter's first centroid, R1 components, R2 array of points at the quarter's first, R3 out at the
//	quarter's first sum, R4 quarters left, R5 cursor in the panel, R6 cursor in out, R8-R11 cursors in the points,
//	R12 fours of components left, R13 components left behind them, R14 bytes from the end of a line's 24 to the next,
//	V0-V23 sums, six registers a point; V24-V27 four components of each point, V28-V30 centroids.

// POINT adds the products of component i of a point and of 12 centroids to the three sums from acc on.
#define POINT(point, i, acc) \
	FMLAE(point, i, 28, acc); \
	FMLAE(point, i, 29, acc+1); \
	FMLAE(point, i, 30, acc+2)

// COMPONENT adds the products of component i of the points.
#define COMPONENT(i) \
	VLD1.P 48(R5), [V28.S4, V29.S4, V30.S4]; \
	POINT(24, i, 0); \
	POINT(25, i, 6); \
	POINT(26, i, 12); \
	POINT(27, i, 18); \
	VLD1.P 48(R5), [V28.S4, V29.S4, V30.S4]; \
	POINT(24, i, 3); \
	POINT(25, i, 9); \
	POINT(26, i, 15); \
	POINT(27, i, 21); \
	ADD R14, R5

#define ZERO(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16; \
	VEOR c.B16, c.B16, c.B16; \
	VEOR d.B16, d.B16, d.B16

// LINE writes the sums of a point.
#define LINE(a, b, c, d, e, f) \
	VST1.P [a.S4, b.S4, c.S4], 48(R6); \
	VST1.P [d.S4, e.S4, f.S4], 48(R6); \
	ADD R14, R6

// func productTile(points **float32, panel *float32, dim int, out *float32)
TEXT ·productTile(SB), NOSPLIT, $0-32
	MOVD points+0(FP), R2
	MOVD panel+8(FP), R0
	MOVD dim+16(FP), R1
	MOVD out+24(FP), R3
	MOVD $4, R4
	MOVD $96, R14

quarter:
	ZERO(V0, V1, V2, V3)
	ZERO(V4, V5, V6, V7)
	ZERO(V8, V9, V10, V11)
	ZERO(V12, V13, V14, V15)
	ZERO(V16, V17, V18, V19)
	ZERO(V20, V21, V22, V23)
	MOVD R0, R5
	LDP  (R2), (R8, R9)
	LDP  16(R2), (R10, R11)
	AND  $3, R1, R13
	LSR  $2, R1, R12
	CBZ  R12, rest

four:
	VLD1.P 16(R8), [V24.S4]
	VLD1.P 16(R9), [V25.S4]
	VLD1.P 16(R10), [V26.S4]
	VLD1.P 16(R11), [V27.S4]
	COMPONENT(0)
	COMPONENT(1)
	COMPONENT(2)
	COMPONENT(3)
	SUB    $1, R12
	CBNZ   R12, four

rest:
	CBZ R13, store

one:
	FMOVS.P 4(R8), F24
	FMOVS.P 4(R9), F25
	FMOVS.P 4(R10), F26
	FMOVS.P 4(R11), F27
	COMPONENT(0)
	SUB     $1, R13
	CBNZ    R13, one

store:
	MOVD R3, R6
	LINE(V0, V1, V2, V3, V4, V5)
	LINE(V6, V7, V8, V9, V10, V11)
	LINE(V12, V13, V14, V15, V16, V17)
	LINE(V18, V19, V20, V21, V22, V23)
	SUB  $1, R4
	CBZ  R4, end
	TBZ  $0, R4, second

	// The other centroids of the same points.
	ADD $96, R0
	ADD $96, R3
	B   quarter

second:
	// The other points, from the first centroid on.
	SUB $96, R0
	ADD $32, R2
	ADD $(768-96), R3
	B   quarter

end:
	RET

// ArgMin goes through the values by 16, each lane keeping its smallest value and where that was. The last 16 overlap
// those before: what is seen twice has the same place both times. Registers:
//	R0 cursor in the values, R1 how many, R2 cursor in the addends, R3 sixteens left,
//	V0-V3 smallest of each lane, V4-V7 its index, V16-V19 indexes, V20-V23 addends and sums, V24-V27 values and
//	comparisons, V28 the lanes of V16 counted from 0, V29 4, V30 16, V31 mul.

// LEAST takes the sum of the value in register v and the addend in s into the smallest values, least, and their places,
// at, where it is smaller; place is its own. V, S and L are the registers v, s and least.
#define LEAST(v, s, least, V, S, L, at, place) \
	FMLA(31, v, s); \
	FCMGT(s, least, v); \
	VBIT V.B16, S.B16, L.B16; \
	VBIT V.B16, place.B16, at.B16

#define SIXTEEN \
	VLD1.P 64(R0), [V24.S4, V25.S4, V26.S4, V27.S4]; \
	VLD1.P 64(R2), [V20.S4, V21.S4, V22.S4, V23.S4]; \
	LEAST(24, 20, 0, V24, V20, V0, V4, V16); \
	LEAST(25, 21, 1, V25, V21, V1, V5, V17); \
	LEAST(26, 22, 2, V26, V22, V2, V6, V18); \
	LEAST(27, 23, 3, V27, V23, V3, V7, V19)

// PLACES sets V17-V19 to the indexes that follow those of V16.
#define PLACES \
	VADD V29.S4, V16.S4, V17.S4; \
	VADD V29.S4, V17.S4, V18.S4; \
	VADD V29.S4, V18.S4, V19.S4

// PLACE turns the places, at, of the lanes whose smallest value, least, is not that of all, V20, into the greatest
// number there is.
#define PLACE(least, at) \
	FCMEQ(20, least, 24); \
	ORN(24, at, at)

DATA argMinLanes<>+0x00(SB)/8, $0x0000000100000000
DATA argMinLanes<>+0x08(SB)/8, $0x0000000300000002
GLOBL argMinLanes<>(SB), RODATA|NOPTR, $16

// func argMin(v, add *float32, mul float32, n int) (at int, least float32)
TEXT ·argMin(SB), NOSPLIT, $0-44
	MOVD  v+0(FP), R0
	MOVD  add+8(FP), R2
	FMOVS mul+16(FP), F31
	MOVD  n+24(FP), R1
	VDUP  V31.S[0], V31.S4
	MOVD  $argMinLanes<>(SB), R4
	VLD1  (R4), [V28.S4]
	VMOV  V28.B16, V16.B16
	MOVD  $4, R4
	VDUP  R4, V29.S4
	MOVD  $16, R4
	VDUP  R4, V30.S4
	MOVD  $0x7f800000, R4 // +Inf
	VDUP  R4, V0.S4
	VMOV  V0.B16, V1.B16
	VMOV  V0.B16, V2.B16
	VMOV  V0.B16, V3.B16
	ZERO(V4, V5, V6, V7)
	PLACES
	LSR   $4, R1, R3

values:
	SIXTEEN
	VADD V30.S4, V16.S4, V16.S4
	PLACES
	SUB  $1, R3
	CBNZ R3, values
	ANDS $15, R1, R3
	BEQ  fold

	// The last 16, of which some are done.
	SUB  $16, R3
	ADD  R3<<2, R0
	ADD  R3<<2, R2
	SUB  $16, R1
	VDUP R1, V16.S4
	VADD V28.S4, V16.S4, V16.S4
	PLACES
	SIXTEEN

fold:
	// No smallest value of a lane is NaN.
	FMINNM(1, 0, 20)
	FMINNM(3, 2, 21)
	FMINNM(21, 20, 20)
	FMINV(20, 20)
	FMOVS F20, least+40(FP)
	VDUP  V20.S[0], V20.S4
	PLACE(0, 4)
	PLACE(1, 5)
	PLACE(2, 6)
	PLACE(3, 7)
	UMIN(5, 4, 4)
	UMIN(7, 6, 6)
	UMIN(6, 4, 4)
	UMINV(4, 4)
	FMOVS F4, R4
	MOVWU R4, R4
	MOVD  R4, at+32(FP)
	RET
