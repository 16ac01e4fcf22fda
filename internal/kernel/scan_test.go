package kernel

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestNibbleAt asks that the nibbles of a block fill its code bytes, each half of a byte once.
func TestNibbleAt(t *testing.T) {
	for _, m := range []int{4, 8, 12, 256} {
		taken := make([]byte, 16*m)
		for j := range m {
			for s := range BlockSlots {
				offset, shift := NibbleAt(j, s)
				if offset < 0 || offset >= len(taken) || shift != 0 && shift != 4 || taken[offset]>>shift&15 != 0 {
					t.Fatalf("m %d: nibble of sub-space %d, slot %d at byte %d, bit %d is not a place of its own", m, j, s, offset, shift)
				}
				taken[offset] |= 15 << shift
			}
		}
		if BlockBytes(m) != len(taken)+4*BlockSlots {
			t.Errorf("BlockBytes(%d) is %d", m, BlockBytes(m))
		}
	}
}

// TestBFloat16 looks at every bfloat16 and at what lies around the middle to the next.
func TestBFloat16(t *testing.T) {
	for b := range 1 << 16 {
		x := FromBFloat16(uint16(b))
		if x != x {
			if y := FromBFloat16(BFloat16(x)); y == y {
				t.Fatalf("NaN %#x became %v", b, y)
			}
			continue
		}
		if got := BFloat16(x); got != uint16(b) {
			t.Fatalf("BFloat16(%v) is %#x, want %#x", x, got, b)
		}
		if math.IsInf(float64(x), 0) {
			continue
		}
		up := uint16(b + 1) // of greater magnitude
		even := uint16(b + b&1)
		middle := math.Float32bits(x) | 0x8000
		for _, c := range []struct {
			bits uint32
			want uint16
		}{{middle - 1, uint16(b)}, {middle, even}, {middle + 1, up}} {
			if got := BFloat16(math.Float32frombits(c.bits)); got != c.want {
				t.Fatalf("BFloat16 of bits %#x is %#x, want %#x", c.bits, got, c.want)
			}
		}
	}
	if y := FromBFloat16(BFloat16(math.Float32frombits(0x7f800001))); y == y {
		t.Errorf("a NaN whose upper half is that of infinity became %v", y)
	}
}

// leaf is a leaf's blocks with all that Scan should make of them, computed without regard to the order of the bytes.
type leaf struct {
	m      int
	table  []byte
	blocks []byte
	sums   []int
	fadd   []float32
	fresc  []float32
}

// newLeaf makes count blocks of m sub-spaces, whose last vectors are padding. Factors are 0 and 1 if plain, so that
// a bound is a sum.
func newLeaf(r *rand.Rand, m, count int, plain bool) *leaf {
	l := &leaf{
		m:      m,
		table:  make([]byte, 16*m),
		blocks: make([]byte, count*BlockBytes(m)),
		sums:   make([]int, BlockSlots*count),
		fadd:   make([]float32, BlockSlots*count),
		fresc:  make([]float32, BlockSlots*count),
	}
	most := min(255, 65535/m)
	for i := range l.table {
		if l.table[i] = byte(r.IntN(most + 1)); i%16 == 3 {
			l.table[i] = byte(most)
		}
	}
	codes := make([]int, m)
	for slot := range l.sums {
		b, s := slot/BlockSlots, slot%BlockSlots
		block := l.blocks[b*BlockBytes(m):][:BlockBytes(m)]
		for j := range codes {
			codes[j] = r.IntN(16)
			if slot == 5 {
				codes[j] = 3 // the largest sum there is
			}
			l.sums[slot] += int(l.table[16*j+codes[j]])
			offset, shift := NibbleAt(j, s)
			block[offset] |= byte(codes[j] << shift)
		}
		l.fadd[slot], l.fresc[slot] = 0, 1
		if !plain {
			l.fadd[slot] = FromBFloat16(BFloat16(float32(r.NormFloat64())))
			l.fresc[slot] = FromBFloat16(BFloat16(float32(r.NormFloat64())))
		}
		if slot >= len(l.sums)-3 {
			l.fadd[slot], l.fresc[slot] = infinity, 0
		}
		factors := uint32(BFloat16(l.fadd[slot]))<<16 | uint32(BFloat16(l.fresc[slot]))
		binary.LittleEndian.PutUint32(block[16*m+4*s:], factors)
	}
	return l
}

const (
	scanGuardV = -12345
	scanGuardI = 0xdeadbeef
)

// scan runs Scan over the first count blocks, from memory that ends with them, and looks that nothing is written
// behind the scratch.
func (l *leaf) scan(t *testing.T, p *ScanParams, count int) (bounds []float32, slots []uint32) {
	t.Helper()
	n := BlockSlots*count + 16
	bounds, slots = make([]float32, n+16), make([]uint32, n+16)
	for i := range bounds {
		bounds[i], slots[i] = scanGuardV, scanGuardI
	}
	k := Scan(l.table, l.m, l.blocks[:count*BlockBytes(l.m)], p, bounds[:n:n], slots[:n:n])
	if k < 0 || k > BlockSlots*count {
		t.Fatalf("Scan of %d blocks of %d nibbles returned %d", count, l.m, k)
	}
	for i := n; i < len(bounds); i++ {
		if bounds[i] != scanGuardV || slots[i] != scanGuardI {
			t.Fatalf("Scan of %d blocks of %d nibbles wrote behind its room of %d, at %d", count, l.m, n, i)
		}
	}
	return bounds[:k], slots[:k]
}

// TestScanSums asks for the exact sums of every slot, at every number of nibbles up to 512 and of blocks up to 20.
func TestScanSums(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	for m := 4; m <= 512; m += 4 {
		l := newLeaf(r, m, 20, true)
		for _, path := range Paths() {
			restore := Force(path)
			for count := range 21 {
				if m > 40 && m%64 != 0 && count > 2 && count < 20 {
					continue
				}
				p := &ScanParams{Unit: 1, Threshold: infinity, First: 1000}
				bounds, slots := l.scan(t, p, count)
				i := 0
				for slot, sum := range l.sums[:BlockSlots*count] {
					if l.fresc[slot] == 0 {
						continue // padding
					}
					if i == len(bounds) || bounds[i] != float32(sum) || slots[i] != uint32(1000+slot) {
						t.Fatalf("%v, %d blocks of %d nibbles: result %d of %d, want sum %d of slot %d", path, count, m, i, len(bounds), sum, slot)
					}
					i++
				}
				if i != len(bounds) {
					t.Fatalf("%v, %d blocks of %d nibbles: %d results, want %d", path, count, m, len(bounds), i)
				}
			}
			restore()
		}
	}
}

// TestScanThreshold takes sums themselves as thresholds, which must not pass, and thresholds that nothing passes.
func TestScanThreshold(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 1))
	l := newLeaf(r, 32, 9, true)
	onPaths(t, func(t *testing.T) {
		thresholds := []float32{infinity, -infinity, float32(math.NaN()), 0, math.MaxFloat32}
		for _, sum := range l.sums[:60] {
			thresholds = append(thresholds, float32(sum), float32(sum)+0.5)
		}
		for _, threshold := range thresholds {
			_, slots := l.scan(t, &ScanParams{Unit: 1, Threshold: threshold}, 9)
			i := 0
			for slot, sum := range l.sums {
				if l.fresc[slot] != 0 && float32(sum) < threshold {
					if i == len(slots) || slots[i] != uint32(slot) {
						t.Fatalf("threshold %v: slot %d of sum %d is missing", threshold, slot, sum)
					}
					i++
				}
			}
			if i != len(slots) {
				t.Fatalf("threshold %v: %d slots, want %d", threshold, len(slots), i)
			}
		}
		// Parameters that make every bound NaN or infinite.
		for _, p := range []ScanParams{
			{Unit: float32(math.NaN()), Threshold: infinity},
			{Unit: 1, Shift: infinity, Threshold: infinity},
			{Unit: 1, Base: infinity, Threshold: infinity},
			{Unit: 1, Base: float32(math.NaN()), Threshold: infinity},
		} {
			if bounds, _ := l.scan(t, &p, 9); len(bounds) != 0 {
				t.Errorf("%+v: %d slots passed, the first with %v", p, len(bounds), bounds[0])
			}
		}
	})
}

// TestScanBounds compares bounds with float64. A slot may be missing or there when its bound is the threshold but for
// rounding.
func TestScanBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 1))
	for _, m := range []int{4, 32, 36, 96, 260} {
		l := newLeaf(r, m, 7, false)
		ahead := make([]byte, 100)
		onPaths(t, func(t *testing.T) {
			for range 20 {
				p := ScanParams{
					Unit: r.Float32() / float32(m), Shift: -64 * r.Float32(), Base: 10 * r.Float32(), First: 1 << 31,
					Threshold: 10 * float32(r.NormFloat64()), Ahead: uintptr(unsafe.Pointer(&ahead[0])),
				}
				bounds, slots := l.scan(t, &p, 7)
				i, passed := 0, 0
				for slot, sum := range l.sums {
					v := float64(sum)*float64(p.Unit) + float64(p.Shift)
					want := float64(l.fadd[slot]) + float64(p.Base) + float64(l.fresc[slot])*v
					fuzz := 1e-5 * (math.Abs(float64(l.fadd[slot])) + math.Abs(float64(p.Base)) +
						math.Abs(float64(l.fresc[slot]))*(float64(sum)*float64(p.Unit)+math.Abs(float64(p.Shift))))
					if i < len(slots) && slots[i] == p.First+uint32(slot) {
						if got := float64(bounds[i]); !(math.Abs(got-want) <= fuzz) || !(bounds[i] < p.Threshold) {
							t.Fatalf("%d nibbles, slot %d: bound %v, want %v, threshold %v", m, slot, got, want, p.Threshold)
						}
						i++
						passed++
					} else if want+fuzz < float64(p.Threshold) {
						t.Fatalf("%d nibbles: slot %d of bound %v did not pass %v", m, slot, want, p.Threshold)
					}
				}
				if i != len(slots) {
					t.Fatalf("%d nibbles: %d slots, of which only %d are in order", m, len(slots), passed)
				}
			}
		})
	}
}

// TestScanRefuses asks for a panic where a slice is too short, not for a write beyond it.
func TestScanRefuses(t *testing.T) {
	l := newLeaf(rand.New(rand.NewPCG(24, 1)), 8, 2, true)
	p := &ScanParams{Threshold: infinity}
	v, i := make([]float32, 80), make([]uint32, 80)
	onPaths(t, func(t *testing.T) {
		for name, f := range map[string]func(){
			"table":   func() { Scan(l.table[:127:127], 8, l.blocks, p, v, i) },
			"nibbles": func() { Scan(l.table, 6, l.blocks, p, v, i) },
			"bounds":  func() { Scan(l.table, 8, l.blocks, p, v[:79:79], i) },
			"slots":   func() { Scan(l.table, 8, l.blocks, p, v, i[:79:79]) },
		} {
			mustPanic(t, name, f)
		}
		if n := Scan(l.table, 8, l.blocks, p, v, i); n != 61 {
			t.Errorf("with enough room %d slots pass, want 61", n)
		}
	})
}

func mustPanic(t *testing.T, name string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", name)
		}
	}()
	f()
}
