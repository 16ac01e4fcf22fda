package annoy

import (
	"math"
	"runtime"

	"github.com/annoy-go/annoy/internal/mmap"
)

// BuilderOptions configure NewBuilder. The zero value builds in memory.
type BuilderOptions struct {
	// OnDisk is the path of the index being built: items go to a temporary file
	// beside it as they are added, and Build turns that into the index, which the builder keeps open for its
	// items until Close or the next Add, whoever takes the name (on Windows nobody can). The builder then
	// holds a few MiB plus, while building, what BuildFile documents, which is more where there is no mmap. "": in memory.
	OnDisk string
	// Items is how many items are expected, ids counted from 0: in memory, room for so many is made at once
	// instead of doubling as they come. More or fewer may follow. Default (0): not known.
	Items int
	// DotDialect is the layout of a dot index. Default: DotReleased, which every Annoy loads.
	DotDialect DotDialect
	// Warn is told of what is legal and probably not meant, such as an id that
	// costs gigabytes of holes. Default: nobody is told.
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
	// Kind of index; required.
	Kind Kind
	// Trees is how many trees a forest gets: more trees, better recall at equal
	// SearchK and a larger file. Default (0 or −1) Annoy's rule: trees are added until
	// the index has twice as many nodes as items, holes counted; but no more than the ids that fit a leaf (dim + 2
	// or so), which bounds indexes of few items with large ids and which others do not reach.
	Trees int
	// Seed of the random numbers. Default (0): Annoy's, 1234567890987654321. The same items, options and seed give
	// the same bytes for any number of workers, on one kernel path.
	Seed uint64
	// Workers is how many goroutines build. Default (0): one a processor. More than 64, or than four a processor, count
	// as so many.
	Workers int
	// Progress, when set, is told how far the build is, from one goroutine at a time, at most some hundred times.
	Progress func(Progress)
	// DotDialect is for BuildFile what BuilderOptions.DotDialect is for a Builder, which has its own.
	DotDialect DotDialect
	// Warn is for BuildFile what BuilderOptions.Warn is for a Builder.
	Warn func(message string)
}

// maxTrees keeps roots and node numbers within 31 bits.
const maxTrees = 1 << 20

// Validate reports what is wrong with the options as ErrOption.
func (o *BuildOptions) Validate() error {
	switch {
	case o.Kind != Forest:
		return optionError("Kind %d, want Forest", o.Kind)
	case o.Trees < -1 || o.Trees > maxTrees:
		return optionError("Trees %d, want -1 (Annoy's rule) or 1 to %d", o.Trees, maxTrees)
	case o.Workers < 0:
		return optionError("Workers %d, want 0 (all processors) or more", o.Workers)
	case o.DotDialect > DotMain:
		return optionError("DotDialect %d does not exist", o.DotDialect)
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
	Stage       string // "read" (BuildFile), "build"; "verify", "checksum" (VerifyWith)
	Done, Total int64  // read: vectors; build: item-steps, one an item and tree; verify: steps, perhaps fewer than Total; checksum: bytes. Total −1: not known
	Tree, Trees int    // build: trees finished, trees in all (−1: not known)
}

// Advice tells the system how a mapped file will be read.
type Advice uint8

// The advices; systems without them ignore them.
const (
	AdviceNormal     = Advice(mmap.Normal)     // the system's default read-ahead
	AdviceRandom     = Advice(mmap.Random)     // no read-ahead: for files much larger than memory
	AdviceSequential = Advice(mmap.Sequential) // much read-ahead: for one pass over the items
	AdviceWillNeed   = Advice(mmap.WillNeed)   // start reading all of it in the background
)

// OpenOptions configure Open and Load.
type OpenOptions struct {
	// Dim and Metric describe an .ann file, which does not describe itself. They
	// are needed where it has no sidecar; where it has one, they may be left out, and contradicting it is ErrMismatch.
	// Cosine and Angular do not contradict each other: they are two views of one file.
	Dim    int
	Metric Metric
	// Prefault reads the whole file into the page cache before Open returns. Default: pages come as they are touched.
	Prefault bool
	// Advice for the mapping. Default AdviceNormal.
	Advice Advice
	// IgnoreSidecar opens by Dim and Metric alone, whatever lies beside the file.
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
	}
	return nil
}

// SearchOptions configure a search.
type SearchOptions struct {
	// SearchK is how many candidates to inspect over all trees, counted as Annoy counts
	// them: an item met in several trees counts each time. More is slower and finds
	// more; Len · Trees or more is exact. Default (0 or −1): k · Trees. With a Filter only candidates in it count.
	SearchK int
	// Filter restricts the answers to the ids that it contains: k hits whenever
	// k items match. It is called from one goroutine at a time, except by SearchBatch. Its panic reaches the caller of
	// the search. Default: all items.
	Filter Filter
	// MaxDistance leaves out hits farther than this, in the index's own distance. Default (0): none. Not for Dot.
	MaxDistance float32
	// MinProduct leaves out hits whose product is smaller. For Dot only. Default (0): none.
	MinProduct float32
	// Workers is how many goroutines SearchBatch uses. Default (0): one a processor. More than 64, or than four a
	// processor, count as so many.
	Workers int
}

// Validate reports what is wrong with the options as ErrOption.
func (o *SearchOptions) Validate() error {
	switch {
	case o.SearchK < -1:
		return optionError("SearchK %d, want -1 (k · trees) or more", o.SearchK)
	case o.MaxDistance < 0 || o.MaxDistance != o.MaxDistance:
		return optionError("MaxDistance %v, want 0 (none) or more", o.MaxDistance)
	case math.IsNaN(float64(o.MinProduct)):
		return optionError("MinProduct is NaN")
	case o.Workers < 0:
		return optionError("Workers %d, want 0 (all processors) or more", o.Workers)
	}
	return nil
}

// beyond tells whether a hit at distance d is one that the options leave out; nil options leave out none.
func (o *SearchOptions) beyond(d float32) bool {
	return o != nil && (o.MaxDistance != 0 && d > o.MaxDistance || o.MinProduct != 0 && d < o.MinProduct)
}

func (o *SearchOptions) validateFor(m Metric) error {
	if err := o.Validate(); err != nil {
		return err
	}
	if m == Dot && o.MaxDistance != 0 {
		return optionError("MaxDistance does not apply to dot, where larger is nearer: use MinProduct")
	}
	if m != Dot && o.MinProduct != 0 {
		return optionError("MinProduct applies to dot only: use MaxDistance")
	}
	return nil
}
