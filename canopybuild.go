package annoy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/internal/canopy"
	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/mmap"
)

// nodeVectors is the items of a store as canopy reads them.
type nodeVectors struct {
	layout annfile.Layout
	nodes  []byte    // by place
	list   *arrivals // the ids; nil where they are the places
	rows   []uint32  // places of the items, in order; nil: all
}

func (v *nodeVectors) Len() int {
	if v.rows != nil {
		return len(v.rows)
	}
	return len(v.nodes) / int(v.layout.Size)
}

func (v *nodeVectors) Dim() int { return v.layout.Dim }

func (v *nodeVectors) place(i int) int {
	if v.rows != nil {
		return int(v.rows[i])
	}
	return i
}

func (v *nodeVectors) ID(i int) int64 {
	place := v.place(i)
	if v.list != nil {
		return v.list.id(place)
	}
	return int64(place)
}

func (v *nodeVectors) Row(i int, buf []float32) []float32 {
	p := unsafe.Pointer(&v.nodes[v.place(i)*int(v.layout.Size)])
	if v.layout.Metric == annfile.Hamming {
		return annfile.UnpackBits(buf[:0], v.layout.Bits(p), v.layout.Dim)
	}
	return v.layout.Floats(p)
}

// canopyJob is one Build of a canopy: its options with the defaults filled in.
type canopyJob struct {
	metric Metric
	opts   BuildOptions
	keys   *keyTable
}

// defaultCalibrate is how many items a canopy is calibrated by unless the options say otherwise.
const defaultCalibrate = 1000

func newCanopyJob(b *Builder, o *BuildOptions) *canopyJob {
	job := &canopyJob{metric: b.metric, opts: *o, keys: b.keys}
	if job.opts.Seed == 0 {
		job.opts.Seed = defaultSeed
	}
	if job.opts.Calibrate == 0 && len(o.CalibrationQueries) == 0 {
		job.opts.Calibrate = defaultCalibrate
	}
	job.opts.Workers = workers(job.opts.Workers)
	return job
}

// checkQueries checks the vectors to calibrate by.
func (b *Builder) checkQueries(o *BuildOptions) error {
	for i, q := range o.CalibrationQueries {
		if err := checkVector(q, b.layout.Dim, b.metric, fmt.Sprintf("calibration query %d", i)); err != nil {
			return err
		}
	}
	return nil
}

// params is what the build needs to know, but for the vectors. guard runs what reads bytes that may fault.
func (job *canopyJob) params(vs *nodeVectors, guard func(func() error) error) *canopy.Params {
	o := &job.opts
	p := &canopy.Params{
		Metric: canopy.Metric(job.metric), Shape: canopy.Shape(o.Shape), Auto: o.Rows == RowsAuto, Element: o.Rows.element(),
		Seed: o.Seed, Workers: o.Workers, Metadata: o.Metadata, Calibrate: max(0, o.Calibrate), Queries: o.CalibrationQueries,
		Memory: o.MaxMemory, Guard: guard,
	}
	if job.keys != nil {
		p.Keys = func(i int) string { return string(job.keys.key(int(vs.ID(i)))) }
	}
	if o.Progress != nil {
		stages := map[string]*reporter{}
		p.Progress = func(stage string, done, total int64) {
			if stages[stage] == nil {
				for _, r := range stages { // those before are over
					r.end()
				}
				stages[stage] = &reporter{to: o.Progress}
			}
			stages[stage].tell(Progress{Stage: stage, Done: done, Total: total, Trees: -1})
		}
	}
	return p
}

// element is the type of components in canopy's terms.
func (r Rows) element() kernel.Element {
	switch r {
	case RowsFloat16:
		return kernel.Float16
	case RowsInt8:
		return kernel.Int8
	case RowsUint8:
		return kernel.Uint8
	}
	return kernel.Float32
}

// runInMemory builds an index that is in memory.
func (job *canopyJob) runInMemory(ctx context.Context, vs *nodeVectors) (*Index, error) {
	var out canopy.Memory
	err := canopy.Build(ctx, vs, job.params(vs, nil), &out, func() ([]byte, error) { return out.Bytes(), nil })
	if err != nil {
		return nil, buildError(err)
	}
	c, err := openCanopy(out.Bytes(), &OpenOptions{})
	if err != nil {
		return nil, err
	}
	return newIndex(c, c.metric), nil
}

// runToFile builds into a file that has no name yet.
func (job *canopyJob) runToFile(ctx context.Context, vs *nodeVectors, source []byte, out *atomicfile.File) error {
	written := &mmap.Map{} // of out, once all but the calibration is
	guard := func(do func() error) error {
		return guarded(source, func() error { return guarded(written.Bytes(), do) })
	}
	p := job.params(vs, guard)
	p.Searched = func(rowsAt int64) { adviseSearches(written, rowsAt) }
	p.Ahead = func(part []byte) {
		if written.Mapped() {
			mmap.ReadAhead(part)
		}
	}
	err := canopy.Build(ctx, vs, p, canopy.Disk{File: out}, func() (_ []byte, err error) {
		m, err := mmap.OpenFile(out.File, mmap.Options{})
		if err != nil {
			return nil, err
		}
		written = m
		return m.Bytes(), nil
	})
	return buildError(errors.Join(err, written.Close()))
}

// buildError gives what a build cannot do its public name.
func buildError(err error) error {
	if memory := canopy.ErrMemory(0); errors.As(err, &memory) {
		return fail(ErrMemory, "the index takes %d bytes", int64(memory))
	}
	if rows := new(canopy.RowsError); errors.As(err, &rows) {
		return optionError("Rows %v: a component is %v, which they cannot stand for", rowsOf(rows.Element), rows.Component)
	}
	return err
}

// openBuiltCanopy is Open for a file just built, which need not have its name any more.
func openBuiltCanopy(f *os.File) (*Index, error) {
	file, err := mmap.OpenFile(f, mmap.Options{})
	if err != nil {
		return nil, corruptFault(err)
	}
	var ix *Index
	err = guarded(file.Bytes(), func() (err error) {
		ix, err = openMappedCanopy(file, &OpenOptions{})
		return err
	})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return ix, nil
}
