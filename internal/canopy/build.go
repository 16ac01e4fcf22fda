package canopy

import (
	"context"
	"fmt"
	"math"

	"github.com/annoy-go/annoy/internal/calibrate"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Params say what to build.
type Params struct {
	Metric  Metric
	Shape   Shape          // ShapeAuto: the build chooses
	Auto    bool           // the narrowest element type that holds every component exactly; else Element
	Element kernel.Element //
	Seed    uint64
	Workers int // ≥ 1

	Keys      func(i int) string // Assembly.Keys
	Metadata  []byte
	Calibrate int         // vectors to calibrate by; 0: none
	Queries   [][]float32 // to calibrate by instead

	Memory   int64
	Guard    func(func() error) error
	Progress func(stage string, done, total int64)
}

// Build builds an index of the vectors and writes its file. Open reads back an output's bytes for the calibration.
func Build(ctx context.Context, vs Vectors, p *Params, out Output, open func() ([]byte, error)) error {
	guard := p.Guard
	if guard == nil {
		guard = func(do func() error) error { return do() }
	}
	tell := func(stage string) func(done, total int64) {
		if p.Progress == nil {
			return nil
		}
		return func(done, total int64) { p.Progress(stage, done, total) }
	}
	about := About{Seed: p.Seed, ShapeWhy: Asked, RowsWhy: Asked}
	element, scale, norm, err := survey(vs, p, guard, &about)
	if err != nil {
		return err
	}
	shape := p.Shape
	if shape == ShapeAuto {
		shape, about.ShapeWhy = Two8, TooFew
	}
	sp := newSpace(p.Metric, vs.Dim())
	if p.Metric == Dot {
		sp = sp.lift(norm)
	}
	about.Leaf = shape.LeafTarget()
	part, err := NewPartition(ctx, vs, sp, PartitionParams{
		Leaf: about.Leaf, Spill: shape.Assignments() == 2, Seed: p.Seed, Workers: p.Workers, Guard: p.Guard, Progress: tell("partition"),
	})
	if err != nil {
		return err
	}
	var book *Codebook
	err = guard(func() (err error) {
		book, err = TrainCodebook(ctx, vs, sp, part, shape, CodebookParams{Seed: p.Seed, Workers: p.Workers, Guard: p.Guard})
		return err
	})
	if err != nil {
		return err
	}
	a := &Assembly{
		Vectors: vs, Space: sp, Shape: shape, Partition: part, Codebook: book, Element: element, RowScale: scale, About: about,
		Keys: p.Keys, Metadata: p.Metadata, Memory: p.Memory, Workers: p.Workers, Guard: p.Guard, Progress: tell("code"),
	}
	if p.Calibrate > 0 || len(p.Queries) > 0 {
		a.Calibration = calibrate.MaxBytes
	}
	built, err := a.Write(ctx, out)
	if err != nil || a.Calibration == 0 {
		return err
	}
	data, err := open()
	if err != nil {
		return err
	}
	ix, err := Open(data)
	if err != nil {
		return err
	}
	var sample *Sample
	err = guard(func() (err error) {
		if len(p.Queries) > 0 {
			sample, err = SampleFor(ctx, p.Metric, ix.Stored(), p.Queries, p.Workers)
		} else {
			sample, err = SampleOf(ctx, p.Metric, ix.Stored(), p.Calibrate, p.Workers)
		}
		return err
	})
	if err != nil {
		return err
	}
	t, err := ix.Calibrate(ctx, sample, p.Workers, p.Guard)
	if err != nil {
		return err
	}
	b, err := t.MarshalBinary()
	if err != nil {
		return err
	}
	return built.SetCalibration(b)
}

// survey finds the element type, and the largest squared norm.
func survey(vs Vectors, p *Params, guard func(func() error) error, about *About) (e kernel.Element, scale float32, norm float64, err error) {
	scale = 1
	mask := uint8(1<<kernel.Float32 | 1<<kernel.Float16 | 1<<kernel.Int8 | 1<<kernel.Uint8)
	var largest, least float32
	err = guard(func() error {
		buf := make([]float32, vs.Dim())
		for i := range vs.Len() {
			v := vs.Row(i, buf)
			mask = kernel.Fits(v, mask)
			norm = max(norm, squares(v))
			for _, x := range v {
				largest, least = max(largest, x, -x), min(least, x)
			}
		}
		return nil
	})
	if p.Auto {
		about.RowsWhy = Exact
		for _, e := range []kernel.Element{kernel.Uint8, kernel.Int8, kernel.Float16} {
			if mask>>e&1 == 1 {
				return e, 1, norm, err
			}
		}
		return kernel.Float32, 1, norm, err
	}
	if mask>>p.Element&1 == 0 {
		about.RowsWhy = Rounded
		switch p.Element {
		case kernel.Float16:
			if largest > 65504 {
				return 0, 0, 0, fmt.Errorf("component %v", largest)
			}
		case kernel.Int8:
			scale = largest / 127
		case kernel.Uint8:
			scale = largest / 255
			if least < 0 {
				return 0, 0, 0, fmt.Errorf("component %v", least)
			}
		}
		if scale == 0 || math.IsInf(float64(scale), 0) {
			scale = 1
		}
	}
	return p.Element, scale, norm, err
}
