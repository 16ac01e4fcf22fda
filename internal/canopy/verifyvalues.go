package canopy

import (
	"math"
	"unsafe"

	"github.com/annoy-go/annoy/internal/kernel"
)

// header proves what opening does not look at: reserved bytes, flags, and what is for people.
func (v *verifier) header() error {
	h := &v.head
	reserved := [][2]uint64{{123, 128}, {152, headerBytes}}
	seen := map[kind]bool{}
	for i := range v.table {
		e, at := &v.table[i], uint64(headerBytes+i*entryBytes)
		reserved = append(reserved, [2]uint64{at + entryBytes - 4, at + entryBytes})
		if seen[e.kind] || e.kind > 0 && e.kind < kinds && e.flags&^flagRequired != 0 {
			return corruptAt(int64(at), "%v: a second time, or with the flags %#x", e.kind, e.flags)
		}
		seen[e.kind] = true
	}
	for _, part := range reserved {
		if err := v.zeros(part[0], part[1]); err != nil {
			return err
		}
	}
	rounded, why := Reason(h.rowsWhy) == Rounded, Reason(h.shapeWhy)
	whole := v.Element == kernel.Int8 || v.Element == kernel.Uint8
	switch {
	case why > TooFew || !rounded && Reason(h.rowsWhy) != Asked && Reason(h.rowsWhy) != Exact:
		return corruptAt(0, "the header's reasons cannot be %d and %d", h.shapeWhy, h.rowsWhy)
	case rounded && (v.Element == kernel.Float32 || v.Metric == Hamming):
		return corruptAt(0, "rows of %v, said to be rounded", v.Element)
	case h.rowScale != 1 && !(rounded && whole):
		return corruptAt(0, "rows of %v that are exact, of scale %v", v.Element, h.rowScale)
	}
	for _, c := range h.cost {
		if !(c >= 0 && finite(c)) {
			return corruptAt(0, "a trial build's queries touched %v bytes", c)
		}
	}
	return nil
}

// rows proves that each row is a vector that a build takes: no longer than its distances can be, and for Hamming zeros and ones.
// For Dot the longest is as long as the header says.
func (v *verifier) rows() error {
	x := make([]float32, v.Dim)
	scale, longest := float64(v.RowScale), 0.0
	for row := range uint32(v.N) {
		kernel.Widen(v.Element, v.Row(row), x)
		squares, sum := 0.0, 0.0
		for d, c := range x {
			if !finite32(c) || v.Metric == Hamming && c != 0 && c != 1 {
				return corruptAt(v.offset(v.Row(row))+int64(d*v.Element.Size()), "row %d: component %d is %v", row, d, c)
			}
			c := scale * float64(c)
			squares += c * c
			sum += math.Abs(c)
		}
		size := squares
		if v.Metric == Manhattan {
			size = sum
		}
		if !(size <= math.MaxFloat32) {
			return corruptAt(v.offset(v.Row(row)), "row %d: its components, or their squares, add up to %.3g, float32 ends at %.3g", row, size, math.MaxFloat32)
		}
		longest = max(longest, squares)
		if err := v.step(1); err != nil {
			return err
		}
	}
	if got, want := math.Sqrt(v.MaxNorm2), math.Sqrt(longest); v.Metric == Dot && !(math.Abs(got-want) <= v.lengthError(want)) {
		return corruptAt(0, "the header's largest squared norm is %v, that of the rows %v", v.MaxNorm2, longest)
	}
	return nil
}

// lengthError is how much the length of a row may differ from that of the vector that it was made of.
func (v *verifier) lengthError(length float64) float64 {
	slack, root := 1e-6*length, math.Sqrt(float64(v.Dim))
	switch {
	case Reason(v.head.rowsWhy) != Rounded:
		return slack
	case v.Element == kernel.Float16:
		return slack + 0x1p-11*length + 0x1p-25*root
	}
	return slack + 0.5*float64(v.RowScale)*root
}

// norm tells whether the norm of a centroid's place is that of its components, which are rounded to half a step.
func (v *verifier) norm(groups []int8, norm float32, place int) bool {
	if norm == math.MaxFloat32 { // or more
		return true
	}
	dim4 := (v.Coded + 3) &^ 3
	of := groups[place/group*group*dim4:][:group*dim4]
	step, squares, product, mean2, mean1 := float64(v.Scale), 0.0, 0.0, 0.0, 0.0
	for d, m := range v.Mean {
		x, m := step*float64(of[d/4*4*group+place%group*4+d%4]), float64(m)
		squares += x * x
		product += x * m
		mean2 += m * m
		mean1 += math.Abs(m)
	}
	if v.Metric == Dot {
		want := max(0, v.MaxNorm2-mean2-2*product)
		return math.Abs(float64(norm)-want) <= 1.001*step*mean1+1e-5*(v.MaxNorm2+mean2)
	}
	got, want := math.Sqrt(float64(norm)), math.Sqrt(squares)
	return math.Abs(got-want) <= 0.501*step*math.Sqrt(float64(v.Coded))+1e-5*want
}

// axes proves that the axes are orthonormal, but for the rounding of their components, and that the biases are theirs.
func (v *verifier) axes() error {
	if v.Axes == nil {
		return nil
	}
	const seed = 0x9e3779b97f4a7c15
	dim4 := (v.Dim + 3) &^ 3
	// Of orthonormal rows A·Aᵀ·r is r. Any r shows it that is not made for the file: here, signs.
	sign := func(i int) float64 { return float64(int(uint64(i+1)*seed>>40&2) - 1) }
	component := func(i, d int) float64 {
		return float64(v.AxisScale[i]) * float64(v.Axes[i/group*group*dim4+d/4*4*group+i%group*4+d%4])
	}
	sum, most := make([]float64, v.Dim), 0.0
	for i, bias := range v.AxisBias {
		total, _, err := v.place(v.Axes, v.Dim, i)
		if err != nil {
			return err
		}
		if bias != 128*total {
			return corruptAt(v.offset(unsafe.Pointer(&v.AxisBias[i])), "an axis of bias %d, whose components sum to %d", bias, total)
		}
		length := 0.0
		for d := range sum {
			c := component(i, d)
			length += c * c
			sum[d] += sign(i) * c
		}
		rounding := 0.5 * float64(v.AxisScale[i]) * math.Sqrt(float64(v.Dim))
		most = max(most, rounding)
		if scale := v.AxisScale[i]; !(scale > 0) || !(math.Abs(math.Sqrt(length)-1) <= rounding+1e-3) {
			return corruptAt(v.offset(unsafe.Pointer(&v.AxisScale[i])), "axis %d, in steps of %v, has the length %v", i, scale, math.Sqrt(length))
		}
	}
	off := 0.0
	for i := range v.Coded {
		product := -sign(i)
		for d, c := range sum {
			product += component(i, d) * c
		}
		off += product * product
	}
	if off = math.Sqrt(off / float64(v.Coded)); !(off <= 4*most*(1+most)+1e-2) {
		return corruptAt(v.offset(unsafe.Pointer(&v.Axes[0])), "the axes are not orthogonal: by %.3g, of which rounding makes less than %.3g", off, 4*most*(1+most))
	}
	return nil
}
