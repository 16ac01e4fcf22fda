package annoy

import (
	"math"
	"runtime"
)

// BuilderOptions configure NewBuilder. The zero value builds in memory.
type BuilderOptions struct {
	// OnDisk is the path of the index being built: items go to a temporary file beside it as they are added. Its name
	// says which kind Build makes: a canopy if it ends in .canopy, else a forest. For a forest Build turns the temporary
	// file into the index, which the builder keeps open for its items until Close or the next Add, whoever takes the
	// name (on Windows nobody can). For a canopy the items stay where they are until Close. The builder then
	// holds a few MiB, for a canopy 8 bytes an item more unless ids are 0, 1, 2, …, and its keys; and, while building,
	// what BuildFile documents, which is more where there is no mmap. "": in memory.
	OnDisk string
	// Items is how many items are expected, ids counted from 0: in memory, room for so many is made at once
	// instead of doubling as they come. More or fewer may follow, and other ids. Default (0): not known.
	Items int
	// DotDialect is the layout of a dot index. Default: DotReleased, which every Annoy loads.
	DotDialect DotDialect
	// LongVectors takes vectors of euclidean and manhattan indexes that are ErrOverflow otherwise, for a forest: distances
	// that float32 cannot hold are then +Inf, as in Annoy, and equal. Building a canopy, or another metric, is ErrOption.
	LongVectors bool
	// Warn is told of what is legal and probably not meant, such as an id that costs gigabytes of holes; and with
	// OnDisk, during Build, of what Index.Warnings tells after Save. Default: nobody is told.
	Warn func(message string)
}

// Validate reports what is wrong with the options as ErrOption.
func (o *BuilderOptions) Validate() error {
	switch {
	case o.Items < 0 || int64(o.Items) > math.MaxInt32:
		return optionError("Items %d, want 0 (not known) to %d", o.Items, math.MaxInt32)
	case o.DotDialect > DotMain:
		return optionError("DotDialect %d does not exist", o.DotDialect)
	}
	return nil
}

// BuildOptions configure Build and BuildFile.
type BuildOptions struct {
	// Kind of index. Default: Canopy.
	Kind Kind

	// Trees is how many trees a forest gets: more trees, better recall at equal
	// SearchK and a larger file. Default (0 or −1) Annoy's rule: trees are added until
	// the index has twice as many nodes as items, holes counted; but no more than the ids that fit a leaf (dim + 2
	// or so), which bounds indexes of few items with large ids and which others do not reach.
	Trees int

	// Shape of a canopy's codes. Default: ShapeAuto.
	Shape Shape
	// Rows is the type of the components that a canopy keeps. Default: RowsAuto, the narrowest that loses nothing. Another
	// that cannot hold them exactly rounds them: distances, and what Vector returns, are then of the rounded ones.
	Rows Rows
	// Calibrate is how many vectors, drawn from the items, a canopy is calibrated by: searched for, each left out of its
	// own answer, with all sorts of effort, and compared with exact search, so that SearchOptions.Recall can be asked
	// for. Fewer is a faster build and a rougher table. Default (0): 1000, or CalibrationQueries. −1: the canopy is not calibrated.
	Calibrate int
	// CalibrationQueries are vectors to calibrate by instead, of Dim components. Where queries are unlike the items (text that
	// looks for images, questions that look for answers), recalls are promised too high without: give some hundred at least.
	CalibrationQueries [][]float32
	// MaxMemory is how many bytes building a canopy on disk may take, of memory that is not a mapped file, which the
	// system takes back when it needs it. Less is slower: the vectors are read once for each part of the index that fits. It is
	// no less than 8 MiB, and what a build takes in any case comes on top: see BuildFile. Default (0): a tenth of the index,
	// 64 MiB at least.
	MaxMemory int64
	// Metadata is kept in a canopy's file for Index.Metadata; the library does not read it. At most 1 GiB.
	Metadata []byte

	// Seed of the random numbers. Default (0): Annoy's, 1234567890987654321. The same items, options and seed give
	// the same bytes for any number of workers, on one kernel path.
	Seed uint64
	// Workers is how many goroutines build. Default (0): one a processor. More than 64, or than four a processor, count
	// as so many.
	Workers int
	// Progress, when set, is told how far the build is, from one goroutine at a time, at most some hundred times.
	Progress func(Progress)
	// DotDialect is for the forest of BuildFile what BuilderOptions.DotDialect is for a Builder, which has its own.
	DotDialect DotDialect
	// Warn is for BuildFile what BuilderOptions.Warn is for a Builder.
	Warn func(message string)
}

// maxTrees keeps roots and node numbers within 31 bits.
const maxTrees = 1 << 20

// Validate reports what is wrong with the options as ErrOption.
func (o *BuildOptions) Validate() error {
	switch {
	case o.Kind > Forest:
		return optionError("Kind %d does not exist", o.Kind)
	case o.Trees < -1 || o.Trees > maxTrees:
		return optionError("Trees %d, want -1 (Annoy's rule) or 1 to %d", o.Trees, maxTrees)
	case o.Workers < 0:
		return optionError("Workers %d, want 0 (all processors) or more", o.Workers)
	case o.DotDialect > DotMain:
		return optionError("DotDialect %d does not exist", o.DotDialect)
	case o.Shape > Two8:
		return optionError("Shape %d does not exist", o.Shape)
	case o.Rows > RowsUint8:
		return optionError("Rows %d does not exist", o.Rows)
	case o.Calibrate < -1:
		return optionError("Calibrate %d, want -1 (not at all), 0 (by 1000 items) or more", o.Calibrate)
	case o.Calibrate != 0 && len(o.CalibrationQueries) > 0:
		return optionError("Calibrate %d and %d CalibrationQueries exclude each other", o.Calibrate, len(o.CalibrationQueries))
	case o.MaxMemory < 0:
		return optionError("MaxMemory %d, want 0 (a tenth of the index) or more", o.MaxMemory)
	case len(o.Metadata) > maxMetadata:
		return optionError("Metadata of %d bytes, want at most %d", len(o.Metadata), maxMetadata)
	}
	return o.validateKind()
}

const maxMetadata = 1 << 30

// validateKind refuses the options that the kind asked for does not have.
func (o *BuildOptions) validateKind() error {
	for _, option := range []struct {
		of   Kind
		name string
		set  bool
	}{
		{Forest, "Trees", o.Trees > 0},
		{Forest, "DotDialect", o.DotDialect != DotReleased},
		{Canopy, "Shape", o.Shape != ShapeAuto},
		{Canopy, "Rows", o.Rows != RowsAuto},
		{Canopy, "Calibrate", o.Calibrate != 0},
		{Canopy, "CalibrationQueries", len(o.CalibrationQueries) > 0},
		{Canopy, "MaxMemory", o.MaxMemory != 0},
		{Canopy, "Metadata", len(o.Metadata) > 0},
	} {
		if option.set && option.of != o.Kind {
			return optionError("%s is for a %v, and Kind is %v", option.name, option.of, o.Kind)
		}
	}
	return nil
}

// workers is how many goroutines an option asks for. Each has memory of its own, and beyond some a processor none has work.
func workers(asked int) int {
	processors := runtime.GOMAXPROCS(0)
	if asked == 0 {
		return processors
	}
	return min(asked, max(4*processors, 64))
}

// Progress tells how far a build or a check is.
type Progress struct {
	Stage       string // "read" (BuildFile); "build" (a forest); "partition", "code" and others (a canopy); "verify", "checksum" (VerifyWith)
	Done, Total int64  // read: vectors; build: item-steps, one an item and tree; verify: steps, perhaps fewer than Total; checksum: bytes. Total −1: not known
	Tree, Trees int    // build: trees finished, trees in all (−1: not known)
}

// OpenOptions configure Open and Load.
type OpenOptions struct {
	// Dim and Metric describe an .ann file, which does not describe itself. They
	// are needed where it has no sidecar; where it has one, and for a canopy, they may be left out, and contradicting it
	// is ErrMismatch.
	// Cosine and Angular do not contradict each other: they are two views of one file.
	Dim    int
	Metric Metric
	// Access is how the file is read. Default: AccessMapped. For Load only that.
	Access Access
	// Prefault reads the whole file into the page cache before Open returns. Default: pages come as they are touched.
	Prefault bool
	// Advice for the mapping. Default AdviceNormal.
	Advice Advice
	// IgnoreSidecar opens an .ann file by Dim and Metric alone, whatever lies beside it.
	IgnoreSidecar bool
}

// Validate reports what is wrong with the options as ErrOption.
func (o *OpenOptions) Validate() error {
	switch {
	case o.Dim < 0:
		return optionError("Dim %d, want 1 or more", o.Dim)
	case o.Metric != 0 && !o.Metric.valid():
		return optionError("Metric %d does not exist", o.Metric)
	case o.Advice > AdviceWillNeed:
		return optionError("Advice %d does not exist", o.Advice)
	case o.Access > AccessCold:
		return optionError("Access %d does not exist", o.Access)
	case o.Access == AccessCold && o.Prefault:
		return optionError("Prefault reads all of a file, and Access cold is for files larger than memory")
	}
	return nil
}
