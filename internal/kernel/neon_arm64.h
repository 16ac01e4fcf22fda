// The vector instructions that the assembler lacks, encoded here. Registers are given by number: d = n op m, four
// lanes each.
#define FMLA(m, n, d) WORD $(0x4E20CC00 | (m)<<16 | (n)<<5 | (d))  // d += n*m
#define FADD(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))  // d = n + m
#define FSUB(m, n, d) WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d))  // d = n - m
#define FABD(m, n, d) WORD $(0x6EA0D400 | (m)<<16 | (n)<<5 | (d))  // d = |n - m|
#define FMUL(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))  // d = n*m
#define FADDP(m, n, d) WORD $(0x6E20D400 | (m)<<16 | (n)<<5 | (d)) // d = n0+n1, n2+n3, m0+m1, m2+m3
#define FCMGT(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d)) // d = n > m, all bits or none; none where one is NaN
#define FCMEQ(m, n, d) WORD $(0x4E20E400 | (m)<<16 | (n)<<5 | (d)) // d = n == m, likewise
#define BIC(m, n, d) WORD $(0x4E601C00 | (m)<<16 | (n)<<5 | (d))   // d = n &^ m
#define ORN(m, n, d) WORD $(0x4EE01C00 | (m)<<16 | (n)<<5 | (d))   // d = n | ^m
#define UMIN(m, n, d) WORD $(0x6EA06C00 | (m)<<16 | (n)<<5 | (d))  // d = the smaller, as uint32
#define UMINV(n, d) WORD $(0x6EB1A800 | (n)<<5 | (d))              // d0 = the smallest of n, as uint32

// FMLAE adds to each lane of d the product of n's and of lane i of m.
#define FMLAE(m, i, n, d) WORD $(0x4F801000 | ((i)&1)<<21 | (m)<<16 | ((i)>>1)<<11 | (n)<<5 | (d))
// FMLSE takes it from d.
#define FMLSE(m, i, n, d) WORD $(0x4F805000 | ((i)&1)<<21 | (m)<<16 | ((i)>>1)<<11 | (n)<<5 | (d))

#define FMAXNM(m, n, d) WORD $(0x4E20C400 | (m)<<16 | (n)<<5 | (d))  // d = the greater; the other one where one is NaN
#define FMINNM(m, n, d) WORD $(0x4EA0C400 | (m)<<16 | (n)<<5 | (d))  // d = the smaller; the other one where one is NaN
#define FMAXV(n, d) WORD $(0x6E30F800 | (n)<<5 | (d))                // d0 = the greatest of n
#define FMINV(n, d) WORD $(0x6EB0F800 | (n)<<5 | (d))                // d0 = the smallest of n

// Conversions between float32 and other types, from n to d; ties to even, what is out of range to the nearest in range.
#define SCVTF(n, d) WORD $(0x4E21D800 | (n)<<5 | (d))   // int32 to float32
#define FCVTNS(n, d) WORD $(0x4E21A800 | (n)<<5 | (d))  // float32 to int32
#define FCVTNU(n, d) WORD $(0x6E21A800 | (n)<<5 | (d))  // float32 to uint32
#define FCVTL(n, d) WORD $(0x0E217800 | (n)<<5 | (d))   // float16, the first four, to float32
#define FCVTL2(n, d) WORD $(0x4E217800 | (n)<<5 | (d))  // float16, the last four
#define SQXTNH(n, d) WORD $(0x0E614800 | (n)<<5 | (d))  // int32 to int16, the first half of d; clears the other
#define SQXTNH2(n, d) WORD $(0x4E614800 | (n)<<5 | (d)) // the last half of d
#define SQXTNB(n, d) WORD $(0x0E214800 | (n)<<5 | (d))  // int16 to int8
#define SQXTNB2(n, d) WORD $(0x4E214800 | (n)<<5 | (d))
#define UQXTNH(n, d) WORD $(0x2E614800 | (n)<<5 | (d))  // uint32 to uint16
#define UQXTNH2(n, d) WORD $(0x6E614800 | (n)<<5 | (d))
#define UQXTNB(n, d) WORD $(0x2E214800 | (n)<<5 | (d))  // uint16 to uint8
#define UQXTNB2(n, d) WORD $(0x6E214800 | (n)<<5 | (d))

// Products of int8.
#define SMULL(m, n, d) WORD $(0x0E20C000 | (m)<<16 | (n)<<5 | (d))  // int16 d = n*m of the first halves
#define SMULL2(m, n, d) WORD $(0x4E20C000 | (m)<<16 | (n)<<5 | (d)) // of the last halves
#define SMLAL(m, n, d) WORD $(0x0E208000 | (m)<<16 | (n)<<5 | (d))  // int16 d += n*m of the first halves
#define SMLAL2(m, n, d) WORD $(0x4E208000 | (m)<<16 | (n)<<5 | (d)) // of the last halves
#define SADALP(n, d) WORD $(0x4E606800 | (n)<<5 | (d))              // int32 d += the sums of two int16 of n that are neighbours

// SDOT adds to each int32 of d the four products of its bytes of n and those of word i of m. Only processors with
// ASIMDDP have it.
#define SDOT(m, i, n, d) WORD $(0x4F80E000 | ((i)&1)<<21 | (m)<<16 | ((i)>>1)<<11 | (n)<<5 | (d))
