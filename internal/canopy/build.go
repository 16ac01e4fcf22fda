package canopy

import (
	"context"
	"runtime"

	"github.com/annoy-go/annoy/internal/calibrate"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Params say what to build.
type Params struct {
	Metric  Metric
	Shape   Shape          // ShapeAuto: the build chooses
	Auto    bool           // rows are of the narrowest element type that holds every component exactly; else of Element
	Element kernel.Element //
	Seed    uint64
	Workers int // ≥ 1

	Keys      func(i int) string // Assembly.Keys
	Metadata  []byte             // nil: none
	Calibrate int                // vectors to calibrate by; 0: none
	Queries   [][]float32        // to calibrate by instead

	// Memory is how many bytes the build may hold beyond the vectors, the output where that is in memory, the centroids and some
	// 20 bytes a vector. 0: as is convenient in memory, and for a file a tenth of it, but at least 64 MiB.
	Memory   int64
	Guard    func(func() error) error              // runs what reads vectors, in every goroutine; nil: nothing to guard against
	Progress func(stage string, done, total int64) // nil, or called from one goroutine at a time
	// Searched is told, before the calibration searches what open gave, where its rows begin: from then on they are read in no
	// order, and what is before them again and again. nil: nobody cares.
	Searched func(rowsAt int64)
	// Ahead asks for bytes of what open gave that will be read soon; nil where that is in memory.
	Ahead func(part []byte)
}

// leastMemory is what a build to a file may hold, whatever its size, unless Params.Memory says otherwise.
const leastMemory = 64 << 20

// Build builds an index of the vectors and writes its file: the element type of the rows is found, then the shape, then
// the tree, the codewords and the codes, and last the calibration, for which open reads back the output's bytes. The same vectors,
// parameters and kernel path give the same bytes for any number of workers. Errors: a RowsError, those of Assembly.Write, Guard's
// and ctx's.
func Build(ctx context.Context, vs Vectors, p *Params, out Output, open func() ([]byte, error)) error {
	b := &builder{Params: p, ctx: ctx, vs: vs, space: newSpace(p.Metric, vs.Dim()), about: About{Seed: p.Seed, ShapeWhy: Asked, RowsWhy: Asked}}
	if err := b.survey(); err != nil {
		return err
	}
	b.memory = p.Memory
	if _, isMemory := out.(*Memory); !isMemory && b.memory == 0 {
		b.memory = max(leastMemory, b.fileSize()/10)
	}
	if err := b.turn(); err != nil {
		return err
	}
	if err := b.chooseShape(); err != nil {
		return err
	}
	b.collect()
	if err := b.grow(); err != nil {
		return err
	}
	b.collect()
	a := b.assembly()
	a.Keys, a.Metadata, a.Memory, a.Progress = p.Keys, p.Metadata, b.memory/2, b.tell("code")
	if p.Calibrate > 0 || len(p.Queries) > 0 {
		a.Calibration, a.Moments = calibrate.MaxBytes, true
	}
	built, err := a.Write(ctx, out)
	if err != nil || a.Calibration == 0 {
		return err
	}
	b.part, b.book, b.coded = nil, nil, nil
	b.collect()
	return b.calibrate(built, open)
}

// builder is one run of Build, or of one of its trials.
type builder struct {
	*Params
	ctx      context.Context
	vs       Vectors
	space    space
	about    About
	element  kernel.Element
	rowScale float32
	memory   int64 // 0: no limit
	shape    Shape
	part     *Partition
	book     *Codebook
	coded    *Index  // of the same, with other particulars in its header; nil where no trial has made it
	sample   *Sample // for the calibration, once there is one
}

// collect frees what the last stage has left where memory is limited: the next one's buffers are as large, and the collector by
// itself would let both lie side by side.
func (b *builder) collect() {
	if b.memory > 0 {
		runtime.GC()
	}
}

// tell is the progress of a stage.
func (b *builder) tell(stage string) func(done, total int64) {
	if b.Progress == nil {
		return nil
	}
	return func(done, total int64) { b.Progress(stage, done, total) }
}

// fileSize is about what the output takes, of the largest shape.
func (b *builder) fileSize() int64 {
	perVector := b.space.dim*b.element.Size() + Two8.Assignments()*Two8.subspaces(b.space.dim, 1)/2 + 32
	return int64(b.vs.Len()) * int64(perVector)
}

// scansNothing tells whether there are so few vectors that no search will scan codes.
func (b *builder) scansNothing() bool { return (&Index{N: b.vs.Len()}).measuresAll(trialAnswers) }

// turnedBytes is how much of the vectors' coordinates may be held where memory is not limited.
const turnedBytes = 1 << 30

// turn finds the axes, and holds the vectors' coordinates along them where there is room.
func (b *builder) turn() error {
	if b.scansNothing() {
		return nil
	}
	if err := b.findAxes(); err != nil || b.space.axes == nil {
		return err
	}
	return b.hold()
}

// hold reads the vectors into memory in the coded space, where it has room for them.
func (b *builder) hold() error {
	room := int64(turnedBytes)
	if b.memory > 0 {
		room = b.memory / 4
	}
	if b.space.axes == nil || int64(b.vs.Len())*int64(4*b.space.axes.n+4) > room {
		return nil
	}
	held, err := turnAll(newPool(b.ctx, b.Workers, b.Guard), b.vs, b.space)
	b.vs = held
	return err
}

// grow makes the tree and the codewords, where no trial has made them.
func (b *builder) grow() (err error) {
	if b.part == nil {
		if b.part, err = b.partition(b.shape, b.tell("partition")); err != nil {
			return err
		}
	}
	if b.book == nil {
		b.book, err = b.train(b.shape, b.part)
	}
	return err
}

func (b *builder) partition(shape Shape, progress func(done, total int64)) (*Partition, error) {
	return NewPartition(b.ctx, b.vs, b.space, PartitionParams{
		Leaf: shape.LeafTarget(), Spill: shape.Assignments() > 1, Seed: b.Seed, Workers: b.Workers, Memory: min(b.memory/2, defaultSampleBytes),
		Guard: b.Guard, Progress: progress,
	})
}

func (b *builder) train(shape Shape, part *Partition) (*Codebook, error) {
	return TrainCodebook(b.ctx, b.vs, b.space, part, shape, CodebookParams{Seed: b.Seed, Workers: b.Workers, Memory: b.memory / 2, Guard: b.Guard})
}

// assembly is what has been made.
func (b *builder) assembly() *Assembly {
	b.about.Leaf = b.shape.LeafTarget()
	return &Assembly{Vectors: b.vs, Space: b.space, Shape: b.shape, Partition: b.part, Codebook: b.book, Element: b.element,
		RowScale: b.rowScale, About: b.about, Coded: b.coded, Workers: b.Workers, Guard: b.Guard}
}

// calibrate measures which efforts reach which recall, and adds that to the file.
func (b *builder) calibrate(built *Built, open func() ([]byte, error)) error {
	data, err := open()
	if err != nil {
		return err
	}
	ix, err := Open(data)
	if err != nil {
		return err
	}
	if b.sample == nil {
		if b.sample, err = b.newSample(ix, b.Calibrate); err != nil {
			return err
		}
	}
	if b.Searched != nil {
		b.Searched(ix.RowsAt())
	}
	b.collect()
	if ix.Moments, err = ix.measureMoments(newPool(b.ctx, b.Workers, b.Guard)); err != nil {
		return err
	}
	if err := built.set(kindMoments, bytesOf(ix.Moments)); err != nil {
		return err
	}
	t, err := ix.Calibrate(b.ctx, b.sample, b.Workers, b.Guard, b.Ahead, b.memory/2)
	if err != nil {
		return err
	}
	bytes, err := t.MarshalBinary()
	if err != nil {
		return err
	}
	return built.SetCalibration(bytes)
}

// newSample is the caller's queries, or n of the vectors of an index of all of them, with their exact answers.
func (b *builder) newSample(ix *Index, n int) (*Sample, error) {
	memory := b.memory / 2
	if memory > 0 {
		memory = max(memory, leastSampleBytes)
	}
	if len(b.Queries) > 0 {
		return SampleFor(b.ctx, b.Metric, ix.Stored(), b.Queries, b.Workers, memory, b.Guard)
	}
	return SampleOf(b.ctx, b.Metric, ix.Stored(), n, b.Workers, memory, b.Guard)
}
