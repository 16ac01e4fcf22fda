package canopy

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy/internal/format"
	"github.com/annoy-go/annoy/internal/kernel"
)

// changed is a file whose header says something else, with a checksum that fits.
func changed(t testing.TB, data []byte, do func(h *header)) []byte {
	t.Helper()
	ix := mustOpen(t, data)
	h := ix.head
	do(&h)
	return rewritten(t, ix, h, slices.Clone(ix.table), nil)
}

// put is a file with a byte changed in its header, and a checksum that fits.
func put(data []byte, at int, b byte) []byte {
	data = atMultipleOf8(data)
	data[at] = b
	reseal(data)
	return data
}

// with is a file with a section more.
func with(t testing.TB, data []byte, e entry, size int) []byte {
	t.Helper()
	ix := mustOpen(t, data)
	return rewritten(t, ix, ix.head, append(slices.Clone(ix.table), e), func(k kind, b []byte) []byte {
		if k == e.kind && len(b) == 0 {
			return make([]byte, size)
		}
		return b
	})
}

// What the format states about values, broken one statement at a time: the file does not open, or Verify refuses it. All checksums
// are right.
func TestVerifyNamesEveryValue(t *testing.T) {
	of := func(f fixture) []byte { return assemble(t, f.assembly(t)) }
	two, hamming, dot := of(fixtures[0]), of(fixtures[4]), of(fixtures[3])
	axes := of(fixture{metric: Euclidean, n: 300, dim: 64, fold: 4, shape: Two8, id: count})
	rounded := func() []byte {
		a := fixtures[0].assembly(t)
		a.Element, a.RowScale, a.About.RowsWhy = kernel.Int8, 0.05, Rounded
		return assemble(t, a)
	}()
	if err := mustOpen(t, changed(t, two, func(*header) {})).Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"hamming": hamming, "dot": dot, "axes": axes, "rounded": rounded} {
		if err := mustOpen(t, data).Verify(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for what, data := range map[string][]byte{
		"reserved after fold":          put(two, 123, 1),
		"the last reserved of these":   put(two, 127, 1),
		"reserved after the trials":    put(two, 152, 1),
		"last reserved":                put(two, headerBytes-1, 0x80),
		"reserved of a section":        put(two, headerBytes+entryBytes-1, 1),
		"flags of a section":           put(two, headerBytes+4, 3),
		"reason of the shape":          put(two, 120, 3),
		"reason of the rows":           put(two, 121, 1),
		"rounded float32":              put(two, 121, uint8(Rounded)),
		"cost":                         changed(t, two, func(h *header) { h.cost[1] = math.NaN() }),
		"negative cost":                changed(t, two, func(h *header) { h.cost[2] = -1 }),
		"scale of float32":             changed(t, two, func(h *header) { h.rowScale = 2 }),
		"scale of exact rows":          changed(t, rounded, func(h *header) { h.rowsWhy = uint8(Exact) }),
		"scale of rows too large":      changed(t, rounded, func(h *header) { h.rowScale = 3e38 }),
		"largest norm of euclidean":    changed(t, two, func(h *header) { h.limit = 1 }),
		"largest norm 0":               changed(t, dot, func(h *header) { h.limit = 0 }),
		"largest norm too small":       changed(t, dot, func(h *header) { h.limit *= 0.99 }),
		"largest norm too large":       changed(t, dot, func(h *header) { h.limit *= 1.01 }),
		"step of centroids":            changed(t, two, func(h *header) { h.scale *= 2 }),
		"row of squares too long":      damage(two, kindRows, func(x []float32) { x[5] = 3e19 }).data,
		"component of hamming":         damage(hamming, kindRows, func(x []float32) { x[5] = 250 }).data,
		"half a bit":                   damage(hamming, kindRows, func(x []float32) { x[1] = 0.5 }).data,
		"top norm too small":           damage(two, kindTopNorms, func(x []float32) { x[0] *= 0.5 }).data,
		"leaf norm too large":          damage(two, kindLeafNorms, func(x []float32) { x[0] *= 4 }).data,
		"leaf norm of dot":             damage(dot, kindLeafNorms, func(x []float32) { x[0] *= 2 }).data,
		"center":                       damage(axes, kindCenter, func(x []float32) { x[0] = float32(math.Inf(1)) }).data,
		"axis bias":                    damage(axes, kindAxisBias, func(x []int32) { x[0]++ }).data,
		"axis component":               damage(axes, kindAxes, func(x []int8) { x[0]++ }).data,
		"axis scale of nothing":        damage(axes, kindAxisScale, func(x []float32) { x[1] = 0 }).data,
		"axis scale too large":         damage(axes, kindAxisScale, func(x []float32) { x[1] *= 2 }).data,
		"axis twice":                   sameAxes(axes),
		"slots' rows of one":           with(t, of(fixtures[1]), entry{kind: kindSlotRows}, 64),
		"center without axes":          with(t, two, entry{kind: kindCenter}, 36),
		"unknown section, twice":       with(t, with(t, two, entry{kind: 999}, 8), entry{kind: 999}, 8),
		"calibration of more than 800": with(t, of(fixtures[1]), entry{kind: kindCalibration}, 1<<20),
	} {
		ix, err := Open(data)
		if err == nil {
			walk(t, ix)
			_, calibration := ix.Calibration()
			err = errors.Join(ix.VerifyWith(t.Context(), nil), calibration)
		}
		if !errors.Is(err, format.ErrCorrupt) || strings.Contains(err.Error(), "checksum") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// sameAxes makes the second axis of a file the first one.
func sameAxes(data []byte) []byte {
	data = damage(data, kindAxes, func(x []int8) {
		const dim4 = 64
		for d := range dim4 {
			at := d/4*4*group + d%4
			x[at+4] = x[at]
		}
	}).data
	data = damage(data, kindAxisBias, func(x []int32) { x[1] = x[0] }).data
	return damage(data, kindAxisScale, func(x []float32) { x[1] = x[0] }).data
}
