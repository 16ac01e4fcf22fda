package command

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
)

// cancelRows is how many rows a loop takes between two looks at its context.
const cancelRows = 1024

type buildFlags struct {
	out     string
	metric  metricFlag
	dialect *choice[annoy.DotDialect]
	trees   int
	ids     string
	seed    uint64
	workers int
	onDisk  bool
	vectors vectorFlags
}

// buildResult is what build prints with --json.
type buildResult struct {
	Path    string  `json:"path"`
	Metric  string  `json:"metric"`
	Dim     int     `json:"dim"`
	Items   int     `json:"items"`
	Holes   int     `json:"holes"`
	Trees   int     `json:"trees"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

func newBuild(e *env) *cobra.Command {
	f := &buildFlags{dialect: dialectChoice()}
	cmd := &cobra.Command{
		Use:   "build VECTORS -o INDEX",
		Short: "Build an index from a vector file",
		Long: `Build an index from the vectors of a file: npy, fvecs, bvecs, ivecs, fbin,
u8bin, jsonl, csv, hdf5 or parquet, told by its extension or by --format. The
file "-" is standard input.

A row's id is its number, from 0, unless the file has ids of its own (JSON
lines {"id": 7, "vector": […]}) or --ids or --id-column gives them. Ids should
be dense: the index takes room for every number up to the largest. Beside INDEX,
INDEX.meta keeps what the format cannot say (dimension, metric, …); keep them
together.

More trees answer better and take more room and time. The same vectors,
options and seed give the same bytes, whatever the number of workers.

Without --on-disk the vectors are held in memory; with it, vectors and trees
go straight to the file.`,
		Example: `  annoy build vectors.npy -o vectors.ann --metric angular --trees 50
  annoy build base.fvecs -o base.ann --metric euclidean --trees 20 --on-disk
  annoy build part.csv -o part.ann --ids part-ids.txt --metric dot
  zcat vectors.csv.gz | annoy build - --format csv -o vectors.ann`,
		Args:              exactArgs("VECTORS"),
		ValidArgsFunction: completeVectors,
		RunE:              func(cmd *cobra.Command, args []string) error { return runBuild(cmd, e, f, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.out, "output", "o", "", "the index to write (required)")
	f.metric.register(cmd)
	fl.IntVar(&f.trees, "trees", -1, "number of trees; -1: as many as there are until nodes outnumber items two to one")
	fl.StringVar(&f.ids, "ids", "", "file with the id of each row, one a line")
	fl.Uint64Var(&f.seed, "seed", 0, "seed of the random choices; 0: Annoy's default")
	fl.IntVar(&f.workers, "workers", 0, "goroutines that build; 0: one for each core")
	fl.BoolVar(&f.onDisk, "on-disk", false, "build in the file, for vectors that do not fit in memory")
	f.vectors.register(cmd, "VECTORS", true)
	f.dialect.register(cmd, "dot-dialect", "which Annoy reads a dot index, 1.x releases (the default) or its main branch")
	return cmd
}

func (f *buildFlags) validate(vectors string) error {
	switch ext := strings.ToLower(filepath.Ext(f.out)); {
	case f.out == "":
		return usagef("missing -o INDEX, the file to write")
	case ext == ".canopy":
		return usagef("%s: the index kind canopy is not available yet; choose another extension, such as .ann", f.out)
	case isVectorFile(f.out):
		return usagef("%s is the name of a vector file; call the index %s.ann, say",
			f.out, strings.TrimSuffix(f.out, filepath.Ext(f.out)))
	case f.trees < -1:
		return usagef("--trees must be -1 or more, not %d", f.trees)
	case f.workers < 0:
		return usagef("--workers must be 0 or more, not %d", f.workers)
	case f.dialect.set && f.metric.value != annoy.Dot:
		return usagef("--dot-dialect is for --metric dot, not %v", f.metric.value)
	}
	return checkIndexOutput(f.out, vectors, f.ids)
}

func runBuild(cmd *cobra.Command, e *env, f *buildFlags, path string) error {
	start := time.Now()
	var tellMetric []string
	if format, err := f.vectors.formatOf(path); err == nil && format == hdf5Format && path != stdinPath {
		tellMetric = append(tellMetric, path)
	}
	if err := f.metric.settle(e, tellMetric...); err != nil {
		return err
	}
	if err := f.validate(path); err != nil {
		return err
	}
	src, err := f.vectors.open(path, f.ids)
	if err != nil {
		return err
	}
	defer src.close()

	bar := e.newProgress()
	defer bar.stop()
	o := &annoy.BuildOptions{
		Kind: annoy.Forest, Trees: f.trees, Seed: f.seed, Workers: f.workers,
		Progress: bar.report, DotDialect: f.dialect.value, Warn: e.warn,
	}
	var stats annoy.Stats
	if f.onDisk {
		stats, err = annoy.BuildFile(cmd.Context(), src, f.metric.value, f.out, o)
		if err != nil && !strings.Contains(err.Error(), f.out) {
			err = inFile(path, err)
		}
	} else {
		stats, err = buildInMemory(cmd.Context(), e, src, f, o, bar)
	}
	bar.stop()
	if err != nil {
		return err
	}

	r := buildResult{
		Path: f.out, Metric: f.metric.value.String(), Dim: stats.Dim,
		Items: stats.Items - stats.Holes, Holes: stats.Holes, Trees: stats.Trees, Bytes: stats.Bytes,
		Seconds: time.Since(start).Seconds(),
	}
	holes := ""
	if r.Holes > 0 {
		holes = fmt.Sprintf(" (and %s)", count(r.Holes, "unused id"))
	}
	return e.result(r, "%s: %s%s of dimension %d, %s, %s, %s, built in %.2f s\n",
		r.Path, count(r.Items, "item"), holes, r.Dim, r.Metric, count(r.Trees, "tree"), byteSize(r.Bytes), r.Seconds)
}

// buildInMemory reads all of src, builds and saves. The file is written in
// one step at the end, so that whatever fails before leaves nothing.
func buildInMemory(
	ctx context.Context, e *env, src *vectorFile, f *buildFlags, o *annoy.BuildOptions, bar *progress,
) (annoy.Stats, error) {
	b, err := annoy.NewBuilder(src.Dim(), f.metric.value, &annoy.BuilderOptions{
		DotDialect: f.dialect.value, Items: max(0, src.Len()), Warn: e.warn,
	})
	if err != nil {
		return annoy.Stats{}, err
	}
	defer b.Close()
	v := make([]float32, src.Dim())
	for row := int64(0); ; row++ {
		if row%cancelRows == 0 {
			if err := ctx.Err(); err != nil {
				return annoy.Stats{}, err
			}
			bar.update("read", row, int64(src.Len()))
		}
		id, err := src.Next(v)
		if err == io.EOF {
			break
		}
		if err != nil {
			return annoy.Stats{}, err
		}
		if id > math.MaxInt32 {
			err = fmt.Errorf("id %d: %w", id, stripPrefix{annoy.ErrTooLarge})
		} else {
			err = b.Add(int(id), v)
		}
		if err != nil {
			return annoy.Stats{}, fmt.Errorf("annoy: %s: row %d: %w", src.path, row, stripPrefix{err})
		}
	}
	ix, err := b.Build(ctx, o)
	if err != nil {
		return annoy.Stats{}, err
	}
	defer ix.Close()
	if err := ctx.Err(); err != nil {
		return annoy.Stats{}, err
	}
	bar.stop()
	if err := ix.Save(f.out); err != nil {
		return annoy.Stats{}, err
	}
	return ix.Stats()
}
